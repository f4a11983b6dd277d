"""
Money flow: how much of each bar's range its body took, and which way, over sixty bars.

Source: VuManChu Cipher A and B, Money flow (RSI+MFI area). Cipher B draws it 2.5 lower
than Cipher A. Volume has no part in it, in spite of its name. A bar without range
counts 0.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array
from tools.indicators.windows import mean

LENGTH = 60
FACTOR = 150.0
SHIFT = 2.5


def money_flow(series: CandleSeries, shift: float = SHIFT) -> Array:
    """The mean signed share of body in range, times 150, less the shift; 0 for Cipher A."""
    share = np.zeros(len(series))
    spread = series.high - series.low
    np.divide(series.close - series.open, spread, out=share, where=spread > 0)
    return mean(share * FACTOR, LENGTH) - shift
