"""
Markets whose range jumped within one candle: each is left alone for a while, by itself.

Source: domain reference, Circuit breaker: ATR 14, Wilder, as TA-Lib. One candle can raise
it without bound and lower it by a fourteenth at most, so a jump is one very long candle.
Where too few candles stand in a row, or the last one is old, there is no figure and no jump.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal

import numpy as np

from records.breaker import AtrJump, BreakerLimits
from records.candles import CandleSeries
from records.clock import epoch_ms
from records.interval import interval_ms
from records.market import MarketSnapshot
from tools.indicators.atr import true_range
from tools.indicators.smoothing import wilder
from tools.risk.frames import exact, fresh_frames

_LENGTH = 14
FEWEST = _LENGTH + 2
"""Candles in a row that give ATR 14 twice: the first has no range from a close before it."""
_GRID = Decimal("0.000001")
_LARGEST_PCT = 1e9


def atr_jumps(
    snapshot: MarketSnapshot, symbols: Sequence[str], interval: str, limits: BreakerLimits
) -> tuple[AtrJump, ...]:
    """Markets whose ATR 14 changed by more than its limit within the last closed candle."""
    return tuple(_jumps(snapshot, symbols, interval, limits.atr_jump_pct))


def _jumps(
    snapshot: MarketSnapshot, symbols: Sequence[str], interval: str, limit_pct: Decimal
) -> Iterator[AtrJump]:
    for symbol in dict.fromkeys(symbols):
        if (series := _frame(snapshot, symbol, interval)) is not None:
            change_pct = atr_change_pct(series)
            if change_pct is not None and abs(change_pct) > limit_pct:
                yield AtrJump(symbol=symbol, change_pct=change_pct, at=series.closes_at)


def atr_change_pct(series: CandleSeries) -> Decimal | None:
    """Change of ATR 14 by the last candle, cut off at six digits; None when it is not known."""
    steps = np.diff(series.open_time_ms)
    gaps = np.flatnonzero(steps != interval_ms(series.interval))
    in_a_row = len(series) - (int(gaps[-1]) + 1 if gaps.size else 0)
    if in_a_row < FEWEST:
        return None
    before, now = wilder(true_range(series.last(in_a_row)), _LENGTH)[-2:]
    if before <= 0:
        return None
    change_pct = min(float(now / before - 1) * 100, _LARGEST_PCT)
    return exact(change_pct).quantize(_GRID, ROUND_FLOOR)


def _frame(snapshot: MarketSnapshot, symbol: str, interval: str) -> CandleSeries | None:
    market = snapshot.markets.get(symbol)
    if market is None:
        return None
    fresh = fresh_frames(market, epoch_ms(snapshot.as_of))
    return next((series for series in fresh if series.interval == interval), None)
