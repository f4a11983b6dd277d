"""
Bollinger bands (20, 2): where the close stands within its own scatter.

Source: Bollinger on Bollinger Bands, 2001; population deviation (ddof 0). `bb_pct` is
his %b in percent: 0 at the lower band, 100 at the upper, beyond when outside. Bands
without width have no %b.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from records.candles import CandleSeries
from tools.indicators.smoothing import Array

LENGTH = 20
WIDTH = 2.0


def compute(series: CandleSeries) -> dict[str, Array]:
    """The three bands in the quote currency, and the close's place between them in percent."""
    middle = np.full(len(series), np.nan)
    deviation = np.full(len(series), np.nan)
    if len(series) >= LENGTH:
        windows = sliding_window_view(series.close, LENGTH)
        middle[LENGTH - 1 :] = windows.mean(axis=1)
        deviation[LENGTH - 1 :] = np.where(_flat(windows), 0.0, windows.std(axis=1))
    lower, upper = middle - WIDTH * deviation, middle + WIDTH * deviation
    place = np.full(len(series), np.nan)
    np.divide(series.close - lower, upper - lower, out=place, where=deviation > 0)
    return {"bb_upper": upper, "bb_middle": middle, "bb_lower": lower, "bb_pct": 100 * place}


def _flat(windows: Array) -> NDArray[np.bool_]:
    # The mean of equal floats can be off by one bit, which would pass for a deviation.
    flat: NDArray[np.bool_] = windows.max(axis=1) == windows.min(axis=1)
    return flat
