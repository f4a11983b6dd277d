"""
Volume of the last bar against the twenty bars before it, in standard deviations.

The bar itself is left out of its own yardstick (else one giant bar would hide itself).
Population deviation; twenty bars of equal volume give no yardstick and no value.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array
from tools.indicators.windows import before, deviation

LENGTH = 20


def compute(series: CandleSeries) -> dict[str, Array]:
    """How many deviations the volume lies above the mean of the twenty bars before."""
    middle, scatter = (before(array) for array in deviation(series.volume, LENGTH))
    score = np.full(len(series), np.nan)
    np.divide(series.volume - middle, scatter, out=score, where=scatter > 0)
    return {"volume_z": score}
