"""
What happened at a bar, as numbers: 1.0 it did, 0.0 it did not, NaN it cannot be known yet.

Missing outlives every combination: the product of two flags is "both", their
`numpy.maximum` is "either", and both stay missing where one of the two is.
"""

import numpy as np
from numpy.typing import NDArray

from tools.indicators.smoothing import Array


def flag(hit: NDArray[np.bool_], *needed: Array) -> Array:
    """1.0 where it hit and 0.0 where not, NaN where one of the numbers it needs is missing."""
    missing = np.isnan(needed[0])
    for array in needed[1:]:
        missing |= np.isnan(array)
    values = hit.astype(np.float64)
    values[missing] = np.nan
    return values


def opposite(event: Array) -> Array:
    """1.0 where it did not happen."""
    return 1.0 - event


def crossover(line: Array, other: Array) -> Array:
    """The line goes from at or below the other to above it. Source: Pine `crossover`."""
    gap = line - other
    before = ago(gap, 1)
    return flag((gap > 0) & (before <= 0), gap, before)


def crossunder(line: Array, other: Array) -> Array:
    """The line goes from at or above the other to below it. Source: Pine `crossunder`."""
    return crossover(other, line)


def ago(values: Array, bars: int) -> Array:
    """The value so many bars earlier, Pine's `values[bars]`; NaN where there was none."""
    earlier = np.full(values.size, np.nan)
    if bars < values.size:
        earlier[bars:] = values[: values.size - bars]
    return earlier


def warmed_up(values: Array, bars: int) -> Array:
    """The same numbers without those of the first `bars` bars."""
    kept = values.copy()
    kept[:bars] = np.nan
    return kept
