"""
Everything a cycle asks beside the market: begun before it, collected after it.

All questions run at the same time and end by themselves, so that together they delay a cycle
no more than the slowest of them may.
"""

from pathlib import Path

from records.clock import Clock
from records.context import Outside
from records.market import MarketSnapshot
from tools.context.dominance import Dominance
from tools.context.fear_greed import FearGreed
from tools.context.open_interest import InterestMemory


class OutsideQuestions:
    """The questions of one cycle. `cache_folder` is where readings are remembered."""

    def __init__(
        self,
        cache_folder: Path,
        clock: Clock,
        *,
        fear_greed_url: str | None,
        dominance_url: str | None,
        allow_private: bool,
    ) -> None:
        """An address that is None is not asked; nothing is asked yet."""
        self._fear_greed = fear_greed_url and FearGreed(
            fear_greed_url, cache_folder, clock, allow_private=allow_private
        )
        self._dominance = dominance_url and Dominance(
            dominance_url, cache_folder, clock, allow_private=allow_private
        )
        self._memory = InterestMemory(cache_folder)

    def start(self) -> None:
        """Ask in the background; returns at once."""
        for question in (self._fear_greed, self._dominance):
            if question:
                question.start()

    def collect(self, snapshot: MarketSnapshot) -> Outside:
        """What came, and what is remembered; the snapshot's own open interest is kept for later."""
        before = self._memory.before(snapshot)
        self._memory.keep(snapshot)
        return Outside(
            fear_greed=self._fear_greed.value() if self._fear_greed else None,
            dominance=self._dominance.value() if self._dominance else None,
            open_interest=before,
        )
