"""
Relative strength index: how one-sided the last moves were, 0..100.

Source: Wilder, New Concepts in Technical Trading Systems, 1978, with his own seed
(the mean of the first n changes). A market that has not moved at all has no RSI.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, wilder

LENGTHS = (7, 14)


def compute(series: CandleSeries) -> dict[str, Array]:
    """The index over 7 and 14 bars."""
    return {f"rsi_{length}": strength_index(series.close, length) for length in LENGTHS}


def strength_index(values: Array, length: int) -> Array:
    """The index of any series of numbers; NaN before warm-up and where nothing ever moved."""
    moves = np.diff(values, prepend=np.nan)
    gain = wilder(np.maximum(moves, 0), length)
    loss = wilder(np.maximum(-moves, 0), length)
    total = gain + loss
    share = np.full(values.size, np.nan)
    np.divide(gain, total, out=share, where=total > 0)
    return 100 * share
