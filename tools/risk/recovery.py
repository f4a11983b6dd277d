"""
What still has to happen before a triggered breaker lets anybody in again.

Source: domain reference, Circuit breaker, Recovery. All conditions hold at once: calm, trade,
and half of Bitcoin's fall regained. What was measured while it was triggered must be
measurable now; losing sight of a market is no recovery.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from records.breaker import BreakerLimits, BreakerState, Fall
from records.market import MarketSnapshot
from tools.risk.drops import drop, lowest_since, newest_price, slide
from tools.risk.triggers import BITCOIN, MAJORS, WINDOWS, shown
from tools.risk.volume import volume_share_pct

WAY_OUT = "(for ever, if its source is gone: `desk breaker reset`, or change its limit)"


def missing(held: BreakerState, snapshot: MarketSnapshot, limits: BreakerLimits) -> Iterator[str]:
    """In words, every condition that does not hold; nothing when it has recovered."""
    if blind := [reading.trigger for reading in held.readings if reading.stale]:
        yield f"cannot be measured: {', '.join(blind)} {WAY_OUT}"
    yield from _calm(held, snapshot, limits)
    yield from _trade(snapshot, limits)
    yield from _regain(held, snapshot, limits)


def falls(stood: BreakerState, snapshot: MarketSnapshot) -> Iterator[Fall]:
    """How far Bitcoin and Ether fell: the deepest fall since it triggered, down to its lowest."""
    known = {fall.symbol: fall for fall in stood.falls}
    for symbol in MAJORS:
        drops = (drop(snapshot, symbol, minutes, stood.reset_at) for _, minutes in WINDOWS)
        candidates = [_deepened(known.get(symbol), snapshot), *drops]
        if found := [fall for fall in candidates if fall is not None]:
            yield max(found, key=lambda fall: fall.pct)


def clock(at: datetime) -> str:
    """A time, as it is shown."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _deepened(fall: Fall | None, snapshot: MarketSnapshot) -> Fall | None:
    if fall is None or (lowest := lowest_since(snapshot, fall.symbol, fall.as_of)) is None:
        return fall
    return fall.model_copy(update={"lowest": min(fall.lowest, lowest), "as_of": snapshot.as_of})


def _calm(held: BreakerState, snapshot: MarketSnapshot, limits: BreakerLimits) -> Iterator[str]:
    """No further drop, by the market and by the clock."""
    calm_until = held.since + timedelta(seconds=limits.calm_s)
    if snapshot.as_of < calm_until:
        yield f"calm is needed until {clock(calm_until)}"
    minutes = -(-limits.calm_s // 60)
    for symbol in MAJORS:
        if any(r.trigger in drops_of(symbol) for r in held.readings):
            fall = slide(snapshot, symbol, minutes)
            if fall is None:
                yield f"{symbol} cannot be followed over {minutes} minutes"
            elif fall.pct >= limits.calm_drop_pct:
                bound = f"(limit {limits.calm_drop_pct:f} %)"
                yield f"not calm: {symbol} fell {shown(fall.pct)} % {bound}"


def drops_of(symbol: str) -> tuple[str, ...]:
    return tuple(f"{symbol} {window} drop" for window, _ in WINDOWS)


def _trade(snapshot: MarketSnapshot, limits: BreakerLimits) -> Iterator[str]:
    """Volume is back; not asked where it never was measured, and named above where it is gone."""
    share = volume_share_pct(snapshot, BITCOIN)
    if share is not None and share <= limits.volume_back_pct:
        yield (
            f"{BITCOIN} trades {shown(share)} % of its 24 h mean, "
            f"more than {limits.volume_back_pct:f} % is needed"
        )


def _regain(held: BreakerState, snapshot: MarketSnapshot, limits: BreakerLimits) -> Iterator[str]:
    """Bitcoin came back; a fall that was none need not be regained."""
    for fall in held.falls:
        if fall.symbol == BITCOIN and fall.pct >= limits.calm_drop_pct:
            regained = _regained_pct(fall, newest_price(snapshot, BITCOIN))
            if regained is None:
                yield f"the price of {BITCOIN} cannot be read"
            elif regained < limits.regain_pct:
                yield (
                    f"{BITCOIN} regained {shown(regained)} % of its fall from "
                    f"{fall.before:f} to {fall.lowest:f}, {limits.regain_pct:f} % is needed"
                )


def _regained_pct(fall: Fall, price: Decimal | None) -> Decimal | None:
    if price is None:
        return None
    return max(Decimal(0), price - fall.lowest) / (fall.before - fall.lowest) * 100
