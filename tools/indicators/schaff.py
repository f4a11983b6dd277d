"""
Schaff trend cycle (10, 23, 50, 0.5): a MACD line put twice through a stochastic, 0..100.

Source: Schaff, The Schaff Trend Cycle, 1999, with the lengths of VuManChu Cipher B. Where
a window of ten bars has no range, the place before it stands; a market that has not moved
has none. pandas-ta 0.4.71b0 keeps the place whenever the MACD line is below zero, so half
of its values are wrong and it is no second source here.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, exponential, from_first
from tools.indicators.windows import highest, lowest

CYCLE = 10
FAST = 23
SLOW = 50
FACTOR = 0.5
_ROUNDING = 1e-12
_STANDS_STILL = 1e-9


def compute(series: CandleSeries) -> dict[str, Array]:
    """The cycle of the close, 0..100."""
    line = exponential(series.close, FAST) - exponential(series.close, SLOW)
    smooth = from_first(_place(line, _ROUNDING * series.close), FACTOR)
    return {"schaff": from_first(_place(smooth, _STANDS_STILL), FACTOR)}


def _place(values: Array, nothing: Array | float) -> Array:
    """Where each value stands in the range of its window, in percent; held where there is none."""
    low = lowest(values, CYCLE)
    width = highest(values, CYCLE) - low
    place = np.full(values.size, np.nan)
    ranged = width > nothing
    np.divide(values - low, width, out=place, where=ranged)
    newest = np.maximum.accumulate(np.where(ranged, np.arange(values.size), 0))
    held: Array = 100 * place[newest]
    return held
