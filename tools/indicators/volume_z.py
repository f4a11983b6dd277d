"""
Volume of the last bar against the twenty bars before it, in standard deviations.

The bar itself is left out of its own yardstick (else one giant bar would hide itself).
Population deviation; twenty bars of equal volume give no yardstick and no value.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from records.candles import CandleSeries
from tools.indicators.smoothing import Array

LENGTH = 20


def compute(series: CandleSeries) -> dict[str, Array]:
    """How many deviations the volume lies above the mean of the twenty bars before."""
    score = np.full(len(series), np.nan)
    if len(series) > LENGTH:
        before = sliding_window_view(series.volume, LENGTH)[:-1]
        excess = series.volume[LENGTH:] - before.mean(axis=1)
        varied = before.max(axis=1) > before.min(axis=1)
        np.divide(excess, before.std(axis=1), out=score[LENGTH:], where=varied)
    return {"volume_z": score}
