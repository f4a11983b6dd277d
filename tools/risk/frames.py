"""
The candles the breaker may measure on: closed, recent and sound, the finest first.

A frame that is stale, empty or holds what is not a price is left out, never repaired;
figures are taken over digit for digit, so that a limit is compared with what was traded.
"""

from collections.abc import Iterator
from decimal import Context, Decimal

import numpy as np

from records.candles import CandleSeries
from records.interval import interval_ms
from records.market import SymbolMarket

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
EXACT = Context(prec=150)
"""Digits enough for any amount a record can hold."""
_LOWEST, _HIGHEST = 1e-20, 1e20


def fresh_frames(market: SymbolMarket, now_ms: int) -> Iterator[CandleSeries]:
    """Frames whose newest closed candle is at most two intervals old, the finest first."""
    for series in sorted(market.frames.values(), key=lambda one: interval_ms(one.interval)):
        closed = series.closed_by(now_ms)
        if is_fresh(closed, now_ms) and _sound(closed):
            yield closed


def is_fresh(series: CandleSeries, now_ms: int) -> bool:
    """Whether the series has a candle, and its newest one is at most two intervals old."""
    return not series.is_stale(now_ms)


def unbroken(series: CandleSeries) -> bool:
    """Whether no candle is missing between the first and the last."""
    return bool((np.diff(series.open_time_ms) == interval_ms(series.interval)).all())


def exact(value: float) -> Decimal:
    """The number as the venue wrote it."""
    return Decimal(repr(float(value)))


def _sound(series: CandleSeries) -> bool:
    prices = np.concatenate((series.high, series.low, series.close))
    return bool(
        ((prices >= _LOWEST) & (prices <= _HIGHEST)).all()
        and (np.isfinite(series.volume) & (series.volume >= 0)).all()
    )
