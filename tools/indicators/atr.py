"""
Average true range: how far a market travels in one bar, gaps included.

Source: Wilder, New Concepts in Technical Trading Systems, 1978. The first bar has no
previous close and therefore no true range. Numpy, not pandas-ta: protection and
chart levels need it before pandas may be imported.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, wilder


def compute(series: CandleSeries) -> dict[str, Array]:
    """Ranges over 3 and 14 bars in the quote currency, and the latter in percent of close."""
    ranges = true_range(series)
    atr_14 = wilder(ranges, 14)
    return {
        "atr_3": wilder(ranges, 3),
        "atr_14": atr_14,
        "atr_pct_14": 100 * atr_14 / series.close,
    }


def true_range(series: CandleSeries) -> Array:
    """The larger of the bar's own range and its reach from the previous close."""
    ranges = np.full(len(series), np.nan)
    previous = series.close[:-1]
    ranges[1:] = np.maximum(series.high[1:], previous) - np.minimum(series.low[1:], previous)
    return ranges
