"""
The Fear & Greed index, a daily figure of 0 to 100 points, for the circuit breaker.

Asked beside the market and at most once an hour. Believed only as one plain JSON object with
a whole number and a date of the last days. A source that is down, slow or lies gives a missing
value and its reason, never an exception. Source: domain reference, Market context.
"""

import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from records.clock import Clock, from_epoch_ms
from records.context import Reading
from tools.context.cache import ReadingCache, Source
from tools.web.address import AddressRefused, checked
from tools.web.limits import WebLimits

URL = "https://api.alternative.me/fng/?limit=1"
DEADLINE_S = 2.0
MAX_BYTES = 65_536
_GRACE_S = 0.1  # so that a question that hits the deadline itself can still say so


class _Day(BaseModel):
    """One day of the index as the source writes it: numbers in strings, seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: Annotated[str, Field(pattern="^(0|[1-9][0-9]?|100)$")]
    timestamp: Annotated[str, Field(pattern="^[1-9][0-9]{0,9}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    data: tuple[_Day]


class FearGreed:
    """The question of one cycle: `start` it, observe the market, then take the `value`."""

    def __init__(
        self,
        url: str,
        folder: Path,
        clock: Clock,
        *,
        allow_private: bool = False,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Nothing is asked or read yet; `folder` is where readings are remembered."""
        self._url = url
        self._clock = clock
        self._limits = WebLimits(
            max_bytes=MAX_BYTES, deadline_s=deadline_s, allow_private=allow_private
        )
        self._cache = ReadingCache(folder, _source(url))
        self._arrived: SimpleQueue[_Answer | str] = SimpleQueue()
        self._deadline: float | None = None
        self._reading: Reading | None = None

    def start(self) -> None:
        """Ask in the background, unless what is remembered will do; returns at once."""
        if self._deadline is not None:
            return
        self._deadline = time.monotonic() + self._limits.deadline_s
        self._reading = self._cache.known(self._clock.now())
        if self._reading is None:
            Thread(target=self._ask, args=(self._deadline,), daemon=True).start()

    def value(self) -> Reading:
        """The reading of this cycle, the same each time; waits no longer than the deadline."""
        self.start()
        if self._reading is None:
            self._reading = self._judged(self._answer())
        return self._reading

    def _ask(self, deadline: float) -> None:
        from tools.web.answer import read_answer
        from tools.web.fetch import Unreadable

        try:
            self._arrived.put(read_answer(_Answer, self._url, self._limits, deadline=deadline))
        except Unreadable as error:
            self._arrived.put(str(error))

    def _answer(self) -> _Answer | str:
        """What came, or why nothing did; a thread that outlives the deadline is left behind."""
        assert self._deadline is not None, "start comes first"
        left = self._deadline + _GRACE_S - time.monotonic()
        try:
            return self._arrived.get(timeout=max(0.0, left))
        except Empty:
            return "it did not answer in time"

    def _judged(self, answer: _Answer | str) -> Reading:
        now = self._clock.now()
        if isinstance(answer, str):
            return self._cache.fail(answer, now)
        (day,) = answer.data
        at = from_epoch_ms(int(day.timestamp) * 1000)
        return self._cache.keep(Decimal(day.value), at, now)


def _source(url: str) -> Source:
    try:
        host = checked(url).authority[:60]
    except AddressRefused:
        host = "the configured address"
    return Source(
        name="fear_greed",
        unit="points",
        host=host,
        plausible=lambda value: 0 <= value <= 100 and value % 1 == 0,
        fresh=timedelta(hours=1),
        oldest=timedelta(days=3),
    )
