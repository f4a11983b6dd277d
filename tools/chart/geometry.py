"""
What a trader reads off a chart, as numbers: trend, levels, range and a pattern.

Levels are floats like the candles they come from; they inform, and no order is priced
by them unchecked. What cannot be seen yet (too few candles, no swing on that side) is
missing. Only the last hundred bars count: older swings are history, not levels.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from records.base import Record, Symbol, UtcTime
from records.candles import CandleSeries
from tools.indicators import atr
from tools.indicators.registry import last
from tools.indicators.smoothing import Array

Trend = Literal["up", "down", "range"]
Pattern = Literal["breakout", "breakdown", "double_top", "double_bottom", "none"]

BARS = 100
FEWEST_BARS = 30
TREND_TO_NOISE = 4.0
NEAR_ATR = 0.5
DEEP_ATR = 2.0
APART_BARS = 10


class ChartGeometry(Record):
    """The shape of one market's last hundred candles."""

    symbol: Symbol
    interval: str
    as_of: UtcTime = Field(description="Close of the last candle used.")
    trend: Trend | None = Field(description="None: fewer than 30 candles.")
    slope_pct_per_bar: float | None = Field(description="Of the line through log closes.")
    support: float | None = Field(description="Nearest swing low below the close.")
    support_touches: int = Field(ge=0, description="Swing lows within half an ATR of it.")
    resistance: float | None = Field(description="Nearest swing high above the close.")
    resistance_touches: int = Field(ge=0, description="Swing highs within half an ATR of it.")
    range_low: float | None = Field(description="Lowest low of the 100 bars before the last.")
    range_high: float | None = Field(description="Highest high of the 100 bars before the last.")
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class _Level:
    price: float | None
    touches: int


def geometry(series: CandleSeries) -> ChartGeometry:
    """Read one market's chart; the series holds at least one candle."""
    view = series.last(BARS)
    enough = len(series) >= FEWEST_BARS
    near = NEAR_ATR * (last(atr.compute(series)["atr_14"]) or 0.0)
    slope, trend = _trend(view.close) if enough else (None, None)
    low, high = _range(series) if enough else (None, None)
    support = _support(view, near)
    resistance = _resistance(view, near)
    return ChartGeometry(
        symbol=series.symbol,
        interval=series.interval,
        as_of=series.closes_at,
        trend=trend,
        slope_pct_per_bar=slope,
        support=support.price,
        support_touches=support.touches,
        resistance=resistance.price,
        resistance_touches=resistance.touches,
        range_low=low,
        range_high=high,
        pattern=_pattern(view, low, high, near),
    )


def swing_highs(series: CandleSeries) -> list[int]:
    """
    Bars whose high stands above the two bars before and is not passed by the two after.

    Source: Williams, Trading Chaos, 1995 (fractals); of equal highs the first counts,
    since coarse ticks make equal highs common. Known two bars late.
    """
    return _peaks(series.high)


def swing_lows(series: CandleSeries) -> list[int]:
    """Bars whose low lies below the two bars before and is not passed by the two after."""
    return _peaks(-series.low)


def _peaks(values: Array) -> list[int]:
    if values.size < 5:
        return []
    middle = values[2:-2]
    rises = (middle > values[:-4]) & (middle > values[1:-3])
    holds = (middle >= values[3:-1]) & (middle >= values[4:])
    return [int(bar) + 2 for bar in np.flatnonzero(rises & holds)]


def _trend(closes: Array) -> tuple[float, Trend]:
    """
    Least-squares line through log closes: a trend when it climbs well beyond its scatter.

    The climb over the window must be four residual deviations, which is an R squared
    of 0.57: climb 4 s of a line has variance 16 s^2 / 12.
    """
    bars = np.arange(closes.size) - (closes.size - 1) / 2
    logs = np.log(closes / closes[0])
    slope = float((bars * logs).sum() / (bars * bars).sum())
    noise = float((logs - logs.mean() - slope * bars).std())
    climb = slope * closes.size
    trend: Trend = "range"
    if abs(climb) >= TREND_TO_NOISE * noise and climb != 0:
        trend = "up" if climb > 0 else "down"
    return 100 * float(np.expm1(slope)), trend


def _range(series: CandleSeries) -> tuple[float, float]:
    """The extremes before the last bar, so that its close can be seen to leave them."""
    low, high = series.low[-BARS - 1 : -1], series.high[-BARS - 1 : -1]
    return float(low.min()), float(high.max())


def _support(view: CandleSeries, near: float) -> _Level:
    below = [float(view.low[bar]) for bar in swing_lows(view) if view.low[bar] < view.close[-1]]
    if not below:
        return _Level(None, 0)
    price = max(below)
    return _Level(price, sum(price - one <= near for one in below))


def _resistance(view: CandleSeries, near: float) -> _Level:
    above = [float(view.high[bar]) for bar in swing_highs(view) if view.high[bar] > view.close[-1]]
    if not above:
        return _Level(None, 0)
    price = min(above)
    return _Level(price, sum(one - price <= near for one in above))


def _pattern(view: CandleSeries, low: float | None, high: float | None, near: float) -> Pattern:
    if low is None or high is None:
        return "none"
    close = float(view.close[-1])
    if close > high:
        return "breakout"
    if close < low:
        return "breakdown"
    if _double(view.high, view.low, swing_highs(view), close, near):
        return "double_top"
    if _double(-view.low, -view.high, swing_lows(view), -close, near):
        return "double_bottom"
    return "none"


def _double(tops: Array, bottoms: Array, swings: list[int], close: float, near: float) -> bool:
    """
    Two equal highest tops, a deep valley between, and a close below that valley.

    Bottoms are tops upside down. Source: Edwards and Magee, Technical Analysis of Stock
    Trends, 1948: unconfirmed until the valley between the tops is broken.
    """
    if len(swings) < 2:
        return False
    first, second = sorted(sorted(swings, key=lambda bar: float(tops[bar]))[-2:])
    valley = float(bottoms[first : second + 1].min())
    lower = float(min(tops[first], tops[second]))
    equal = abs(float(tops[first] - tops[second])) <= near
    deep = lower - valley >= DEEP_ATR / NEAR_ATR * near > 0
    return second - first >= APART_BARS and equal and deep and close < valley
