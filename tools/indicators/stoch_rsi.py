"""
Stochastic RSI (14, 14, 3, 3): where RSI stands within its own range of late, 0..100.

Source: Chande and Kroll, The New Technical Trader, 1994; k and d smoothed as in VuManChu
Cipher B, which takes the logarithm of the close. An RSI that stands still has no range
and no value: what is left of it then is rounding, which would pass for any figure.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.rsi import strength_index
from tools.indicators.smoothing import Array
from tools.indicators.windows import highest, lowest, mean

LENGTH = 14
SMOOTH = 3
_STANDS_STILL = 1e-9


def compute(series: CandleSeries) -> dict[str, Array]:
    """The smoothed place k and its average d, of the close, 0..100."""
    k, d = stochastic_rsi(series.close)
    return {"stoch_rsi_k": k, "stoch_rsi_d": d}


def stochastic_rsi(values: Array) -> tuple[Array, Array]:
    """k and d of any series of numbers, 0..100; NaN before bars 30 and 32."""
    index = strength_index(values, LENGTH)
    low = lowest(index, LENGTH)
    width = highest(index, LENGTH) - low
    place = np.full(values.size, np.nan)
    np.divide(index - low, width, out=place, where=width > _STANDS_STILL)
    k = mean(100 * place, SMOOTH)
    return k, mean(k, SMOOTH)
