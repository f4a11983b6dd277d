"""Which markets deserve the crew this cycle: pure rules over signals and holdings."""

from collections.abc import Collection, Sequence
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


def perpetuals(snapshot: "MarketSnapshot") -> frozenset[str]:
    """The markets that can be sold short."""
    return frozenset(name for name, seen in snapshot.markets.items() if seen.rules.perpetual)


def shortlist(
    signals: Sequence[TradingSignal],
    settings: Settings,
    *,
    held: Sequence[str],
    first: bool,
    shortable: Collection[str],
    locked: Collection[str] = (),
    full: bool = False,
) -> tuple[str, ...]:
    """
    What is held, and the strongest signals; a new desk's first cycle always has some.

    A short signal counts only in a `shortable` market: elsewhere nothing could follow from
    it, and what is held is reviewed anyway. No model is paid to look at a `locked` market, nor
    at any new one while the desk is `full`: the gate would let nothing be opened there.
    """
    if full:
        return tuple(held)

    def rank(signal: TradingSignal) -> tuple[bool, int]:
        """What can be followed before the rest, strong before weak; ties keep the order."""
        return not _can_be_followed(signal, shortable), -signal.strength

    tradable = [signal for signal in signals if signal.symbol in settings.symbols]
    least = settings.screen.min_strength
    strong = [
        signal
        for signal in sorted(tradable, key=rank)
        if first or (_can_be_followed(signal, shortable) and signal.strength >= least)
    ]
    shut = {*held, *locked}
    fresh = [signal.symbol for signal in strong if signal.symbol not in shut]
    return (*held, *fresh[: settings.screen.max_shortlist])


def _can_be_followed(signal: TradingSignal, shortable: Collection[str]) -> bool:
    return signal.direction == "long" or (
        signal.direction == "short" and signal.symbol in shortable
    )
