"""Which markets deserve the crew this cycle: pure rules over signals and holdings."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from crew.settings import Settings
from records.signal import TradingSignal

if TYPE_CHECKING:
    from records.market import MarketSnapshot


def waiting_for_candle(
    snapshot: "MarketSnapshot", interval: str, last_met: datetime | None
) -> bool:
    """Whether no decision candle closed since the crew last met: nothing new to judge."""
    closes = [
        series.closes_at
        for market in snapshot.markets.values()
        if (series := market.frames.get(interval)) is not None and len(series)
    ]
    return last_met is not None and bool(closes) and max(closes) <= last_met


def shortlist(
    signals: Sequence[TradingSignal],
    settings: Settings,
    *,
    held: Sequence[str],
    first: bool,
) -> tuple[str, ...]:
    """
    What is held, and the strongest long signals; a new desk's first cycle always has some.

    Short signals bring nobody to the table: this desk opens long only, and what is held
    is reviewed anyway.
    """
    tradable = [signal for signal in signals if signal.symbol in settings.symbols]
    ranked = sorted(tradable, key=_rank)
    strong = [s for s in ranked if first or _is_long(s, settings.screen.min_strength)]
    fresh = [signal.symbol for signal in strong if signal.symbol not in held]
    return (*held, *fresh[: settings.screen.max_shortlist])


def _is_long(signal: TradingSignal, min_strength: int) -> bool:
    return signal.direction == "long" and signal.strength >= min_strength


def _rank(signal: TradingSignal) -> tuple[bool, int]:
    """Long before the rest, strong before weak; ties keep the settings' order."""
    return signal.direction != "long", -signal.strength
