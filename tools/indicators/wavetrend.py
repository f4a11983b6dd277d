"""
WaveTrend: how far price has run from its own average, in its own usual distances.

Source: VuManChu Cipher B, WaveTrend (9, 12, 3 on hlc3). Pine seeds its averages with
the first value. On real candles a later start of the series still shows by 1e-7 after
140 bars and by less than 1e-9 after 180, so the first 180 are missing. A market that
stands still has no distance, and its oscillator is 0.
"""

from dataclasses import dataclass

import numpy as np

from records.candles import CandleSeries
from tools.indicators.events import crossover, crossunder, warmed_up
from tools.indicators.smoothing import Array, from_first
from tools.indicators.windows import mean

CHANNEL = 9
AVERAGE = 12
SMOOTH = 3
OVERBOUGHT = (53.0, 60.0, 100.0)
OVERSOLD = (-53.0, -60.0, -75.0)
WARM_UP_BARS = 180


@dataclass(frozen=True, slots=True)
class WaveTrend:
    """
    The two waves, their distance (`wtVwap` in the original) and where the first crosses
    the second (`wtCross and wtCrossUp`, `wtCross and wtCrossDown`).
    """

    wt1: Array
    wt2: Array
    fast: Array
    cross_up: Array
    cross_down: Array


def wave_trend(series: CandleSeries, average: int = AVERAGE) -> WaveTrend:
    """The waves of typical price, missing for the first 180 bars."""
    return waves(channel_index(series), average)


def waves(index: Array, average: int = AVERAGE) -> WaveTrend:
    """The waves of a channel index."""
    first = _average(index, average)
    wt1, wt2 = warmed_up(first, WARM_UP_BARS), warmed_up(mean(first, SMOOTH), WARM_UP_BARS)
    return WaveTrend(wt1, wt2, wt1 - wt2, crossover(wt1, wt2), crossunder(wt1, wt2))


def channel_index(series: CandleSeries) -> Array:
    """How far typical price is from its average, in 0.015 of the usual distance (`ci`)."""
    price = (series.high + series.low + series.close) / 3
    away = price - _average(price, CHANNEL)
    distance = _average(np.abs(away), CHANNEL)
    index = np.zeros(price.size)
    np.divide(away, 0.015 * distance, out=index, where=distance > 0)
    return index


def marks(wave: WaveTrend) -> dict[str, Array]:
    """
    Both waves and the fast wave (about -100..100), their crossings (1 or 0), and
    `wt_level`: 1, 2, 3 for wt2 at or above 53, 60, 100; -1, -2, -3 for at or below
    -53, -60, -75; else 0.
    """
    return {
        "wt1": wave.wt1,
        "wt2": wave.wt2,
        "wt_fast": wave.fast,
        "wt_cross_up": wave.cross_up,
        "wt_cross_down": wave.cross_down,
        "wt_level": _level(wave.wt2),
    }


def _average(values: Array, length: int) -> Array:
    return from_first(values, 2 / (length + 1))


def _level(wt2: Array) -> Array:
    level = np.where(np.isnan(wt2), np.nan, 0.0)
    for above, below in zip(OVERBOUGHT, OVERSOLD, strict=True):
        level += (wt2 >= above).astype(np.float64) - (wt2 <= below)
    return level
