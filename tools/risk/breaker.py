"""
The circuit breaker: BTC and ETH falling fast stop every entry, before any model is asked.

Source: domain reference, Circuit breaker. A drop is measured from the close before the
window to the lowest low within it, the price of this moment included. A missing input
neither triggers nor clears: a breaker that was triggered stays so until every market it
measured can be measured again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from records.candles import CandleSeries
from records.clock import epoch_ms
from records.interval import interval_ms
from records.market import MarketSnapshot
from records.risk import BreakerLimits, BreakerReading, BreakerState

WATCHED = ("BTC/USDT", "ETH/USDT")
_MINUTE_MS = 60_000


def evaluate(
    snapshot: MarketSnapshot, previous: BreakerState | None, limits: BreakerLimits
) -> BreakerState:
    """The breaker's state after this snapshot."""
    now = snapshot.as_of
    readings = tuple(_readings(snapshot, limits))
    tripped = tuple(_words(r) for r in readings if r.value_pct >= r.limit_pct)
    if tripped:
        return BreakerState(status="TRIGGERED", since=now, reasons=tripped, readings=readings)
    if previous is not None and previous.status == "TRIGGERED":
        newest = _newest(previous.readings, readings)
        if still := _not_recovered(snapshot, previous, limits):
            return previous.model_copy(update={"readings": newest, "reasons": still})
    near = tuple(
        _words(r) for r in readings if r.value_pct >= r.limit_pct * limits.warning_share / 100
    )
    status = "WARNING" if near else "SAFE"
    since = previous.since if previous is not None and previous.status == status else now
    return BreakerState(status=status, since=since, reasons=near, readings=readings)


def _readings(snapshot: MarketSnapshot, limits: BreakerLimits) -> Iterator[BreakerReading]:
    triggers = {
        "BTC/USDT": (limits.btc_drop_5m_pct, limits.btc_drop_1h_pct, limits.btc_drop_4h_pct),
        "ETH/USDT": (limits.eth_drop_5m_pct, limits.eth_drop_1h_pct, limits.eth_drop_4h_pct),
    }
    for symbol, bounds in triggers.items():
        for (words, minutes), bound in zip(_WINDOWS, bounds, strict=True):
            drop = drop_pct(snapshot, symbol, minutes)
            if drop is not None:
                yield BreakerReading(
                    trigger=f"{symbol} {words} drop", value_pct=drop, limit_pct=bound
                )


_WINDOWS = (("5m", 5), ("1h", 60), ("4h", 240))


def drop_pct(snapshot: MarketSnapshot, symbol: str, minutes: int) -> Decimal | None:
    """Fall within the last `minutes`, percent of the close before them; None when unknown."""
    market = snapshot.markets.get(symbol)
    if market is None:
        return None
    series = _fine_enough(market.frames.values(), minutes)
    if series is None:
        return None
    length_ms = interval_ms(series.interval)
    start_ms = epoch_ms(snapshot.as_of) - minutes * _MINUTE_MS
    closes_ms = series.open_time_ms + length_ms
    within = closes_ms > start_ms
    count = int(within.sum())
    if count == 0 or count == len(series):
        return None
    if int(closes_ms[~within][-1]) <= start_ms - length_ms:
        return None  # a gap: an older close would add an older fall to this window
    before = float(series.close[~within][-1])
    lowest = min(float(series.low[within].min()), float(market.ticker.last))
    return Decimal(str(round(max(0.0, (before - lowest) / before * 100), 4)))


def _fine_enough(frames: Iterable[CandleSeries], minutes: int) -> CandleSeries | None:
    """The finest series whose candles are no longer than the window."""
    fitting = [
        series
        for series in frames
        if len(series) and interval_ms(series.interval) <= minutes * _MINUTE_MS
    ]
    return min(fitting, key=lambda series: interval_ms(series.interval), default=None)


def _not_recovered(
    snapshot: MarketSnapshot, previous: BreakerState, limits: BreakerLimits
) -> tuple[str, ...]:
    """What still has to happen before entries are possible again."""
    calm_until = previous.since + timedelta(seconds=limits.calm_s)
    if snapshot.as_of < calm_until:
        return (f"calm is needed until {_clock(calm_until)}",)
    minutes = max(limits.calm_s // 60, 60)
    for symbol in WATCHED:
        drop = drop_pct(snapshot, symbol, minutes)
        if drop is not None and drop >= limits.calm_drop_pct:
            return (f"{symbol} fell {drop} % within {minutes} minutes",)
        if drop is None and any(r.trigger.startswith(symbol) for r in previous.readings):
            return (f"{symbol} cannot be measured",)
    return ()


def _newest(
    known: Iterable[BreakerReading], readings: Iterable[BreakerReading]
) -> tuple[BreakerReading, ...]:
    """The last reading of each trigger; one that is missing now keeps its former figure."""
    return tuple({reading.trigger: reading for reading in (*known, *readings)}.values())


def _words(reading: BreakerReading) -> str:
    return f"{reading.trigger} {reading.value_pct} % (limit {reading.limit_pct} %)"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
