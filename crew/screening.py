"""
Which markets deserve the crew this cycle: pure rules over signals and holdings.

A market comes to the table by one signal, the leading one: of the strategies that may
shortlist, the strongest that counts. The gate takes that one as the desk's own evidence.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from crew.sections import ScreenSettings
from crew.settings import Settings
from records.signal import SignalAction, TradingSignal

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


def leading(
    signals: Sequence[TradingSignal], screen: ScreenSettings, *, shortable: Collection[str]
) -> Mapping[str, TradingSignal]:
    """
    The signal by which each market is judged, of the strategies that may shortlist.

    One that counts and can be followed goes before the rest, then the strongest, then the
    most confident; ties keep the order of the strategies.
    """
    found: dict[str, TradingSignal] = {}
    allowed = [signal for signal in signals if signal.strategy in screen.strategies]
    for signal in sorted(allowed, key=lambda one: _rank(one, screen, shortable)):
        found.setdefault(signal.symbol, signal)
    return found


def counts(signal: TradingSignal, screen: ScreenSettings) -> bool:
    """Whether a signal is strong enough, and not against the larger frame where that matters."""
    return (
        signal.action != "hold"
        and signal.strength >= screen.min_strength
        and (screen.against_larger_frame or signal.confirmed is not False)
    )


def screened(signal: TradingSignal | None, screen: ScreenSettings) -> SignalAction:
    """What a market's leading signal is worth as evidence: its action where it counts."""
    return signal.action if signal is not None and counts(signal, screen) else "hold"


def shortlist(
    leaders: Mapping[str, TradingSignal],
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

    A sale counts only in a `shortable` market: elsewhere nothing could follow from it, and
    what is held is reviewed anyway. No model is paid to look at a `locked` market, nor
    at any new one while the desk is `full`: the gate would let nothing be opened there.
    """
    if full:
        return tuple(held)

    screen, shut = settings.screen, {*held, *locked}
    ranked = sorted(leaders.values(), key=lambda one: _rank(one, screen, shortable))
    fresh = [
        one.symbol
        for one in ranked
        if one.symbol in settings.symbols and (first or _is_worth(one, screen, shortable))
    ]
    return (*held, *[one for one in fresh if one not in shut][: screen.max_shortlist])


def _rank(
    signal: TradingSignal, screen: ScreenSettings, shortable: Collection[str]
) -> tuple[bool, bool, int, float]:
    """What may shortlist, then what can be followed; strong before weak, sure before unsure."""
    return (
        not _is_worth(signal, screen, shortable),
        not _can_be_followed(signal, shortable),
        -signal.strength,
        -signal.confidence,
    )


def _is_worth(signal: TradingSignal, screen: ScreenSettings, shortable: Collection[str]) -> bool:
    return _can_be_followed(signal, shortable) and counts(signal, screen)


def _can_be_followed(signal: TradingSignal, shortable: Collection[str]) -> bool:
    return signal.action == "buy" or (signal.action == "sell" and signal.symbol in shortable)
