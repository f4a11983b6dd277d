"""
Volume-weighted average price since midnight UTC: what the day's buyers paid on average.

Each bar counts with its typical price, the mean of high, low and close. The first day is
missing unless the series starts with it. Days of one bar or less have none, nor has a day
in which nothing was traded yet. Bars a venue leaves out held no trades and change nothing.
"""

import numpy as np
from numpy.typing import NDArray

from records.candles import CandleSeries, interval_ms
from tools.indicators.smoothing import Array

_DAY_MS = 86_400_000


def compute(series: CandleSeries) -> dict[str, Array]:
    """The average price of the UTC day so far, in the quote currency."""
    average = np.full(len(series), np.nan)
    if len(series) and interval_ms(series.interval) < _DAY_MS:
        typical = (series.high + series.low + series.close) / 3
        first = _first_of_day(series.open_time_ms)
        paid, traded = _since(first, np.stack([typical * series.volume, series.volume]))
        whole = (first > 0) | (series.open_time_ms[0] % _DAY_MS == 0)
        np.divide(paid, traded, out=average, where=whole & (traded > 0))
    return {"vwap": average}


def _first_of_day(times: NDArray[np.int64]) -> NDArray[np.intp]:
    """For each bar, where its day's first bar stands."""
    starts = np.diff(times // _DAY_MS, prepend=-1) != 0
    return np.maximum.accumulate(np.where(starts, np.arange(times.size), 0))


def _since(first: NDArray[np.intp], values: Array) -> Array:
    """Sums from each bar's first one on, doubled in reach until they cover the longest day."""
    place = np.arange(first.size) - first
    reach, longest = 1, int(place.max())
    while reach <= longest:
        values[:, reach:] += np.where(place[reach:] >= reach, values[:, :-reach], 0)
        reach *= 2
    return values
