"""
What a trader reads off a chart, as numbers: trend, levels, trend lines, range and a pattern.

Levels are floats like the candles they come from; they inform, and no order is priced
by them unchecked. What cannot be seen yet (too few candles, no swing on that side) is
missing. Only the last hundred bars count: older swings are history, not levels.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from records.base import Record, Symbol, UtcTime
from records.candles import CandleSeries
from tools.chart.levels import resistance, support
from tools.chart.patterns import NONE, PatternName, pattern
from tools.chart.trend_lines import TrendLine, high_line, low_line
from tools.indicators import atr
from tools.indicators.registry import last
from tools.indicators.smoothing import Array

Trend = Literal["up", "down", "range"]

BARS = 100
FEWEST_BARS = 30
TREND_TO_NOISE = 4.0
NEAR_ATR = 0.5


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
    low_line: TrendLine | None = Field(description="Trend line under the lows.")
    high_line: TrendLine | None = Field(description="Trend line over the highs.")
    pattern: PatternName
    pattern_level: float | None = Field(description="The price the pattern turns on.")


def geometry(series: CandleSeries) -> ChartGeometry:
    """Read one market's chart; the series holds at least one candle."""
    view = series.last(BARS)
    enough = len(series) >= FEWEST_BARS
    one_atr = last(atr.compute(series)["atr_14"]) or 0.0
    slope, trend = _trend(view.close) if enough else (None, None)
    low, high = _range(series) if enough else (None, None)
    below, above = (side(view, NEAR_ATR * one_atr) for side in (support, resistance))
    moving = enough and one_atr > 0
    found = pattern(series, one_atr) if moving else NONE
    return ChartGeometry(
        symbol=series.symbol,
        interval=series.interval,
        as_of=series.closes_at,
        trend=trend,
        slope_pct_per_bar=slope,
        support=below.price,
        support_touches=below.touches,
        resistance=above.price,
        resistance_touches=above.touches,
        range_low=low,
        range_high=high,
        low_line=low_line(view, one_atr) if moving else None,
        high_line=high_line(view, one_atr) if moving else None,
        pattern=found.name,
        pattern_level=found.level,
    )


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
