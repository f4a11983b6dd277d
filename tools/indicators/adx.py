"""
Average directional index: how strong a trend is, whichever way it points.

Source: Wilder, New Concepts in Technical Trading Systems, 1978, with TA-Lib's seed: the
first bar, which has no bar before it, counts as one that did not move. The true range
cancels out of it. Numpy, not pandas-ta: that one seeds from single values and is off by up
to 11 points at first, takes twenty times as long, and its import is 0.8 s of a cold cycle.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, wilder

LENGTH = 14


def compute(series: CandleSeries) -> dict[str, Array]:
    """The index over 14 bars, 0..100; missing where no bar ever went beyond the one before."""
    up, down = (wilder(moves, LENGTH) for moves in _moves(series))
    total = up + down
    spread = np.where(np.isnan(total), np.nan, 0.0)
    np.divide(100 * np.abs(up - down), total, out=spread, where=total > 0)
    spread[:LENGTH] = np.nan
    return {"adx_14": np.where(total > 0, wilder(spread, LENGTH), np.nan)}


def _moves(series: CandleSeries) -> tuple[Array, Array]:
    """How far each bar went above the high, or below the low, of the bar before; one of them."""
    above = np.diff(series.high, prepend=series.high[:1])
    below = -np.diff(series.low, prepend=series.low[:1])
    up = np.where((above > below) & (above > 0), above, 0.0)
    down = np.where((below > above) & (below > 0), below, 0.0)
    return up, down
