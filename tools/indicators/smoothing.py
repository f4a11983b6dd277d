"""
The two recursive averages that other indicators are built from.

Both start from the plain mean of the first `length` values (as TA-Lib does), so the
value before that is missing (NaN), not wrong. The recursion runs over Python floats
on purpose: for 600 bars it is as fast as a matrix form, and gives the same bits on
every machine, which a replayed cycle relies on.
"""

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def exponential(values: Array, length: int) -> Array:
    """Exponential average with weight 2 / (length + 1); leading NaN are skipped."""
    return _recursive(values, length, 2 / (length + 1))


def wilder(values: Array, length: int) -> Array:
    """Wilder's average, weight 1 / length. Source: Wilder, New Concepts, 1978."""
    return _recursive(values, length, 1 / length)


def _recursive(values: Array, length: int, weight: float) -> Array:
    smooth = np.full(values.size, np.nan)
    first = int(np.isnan(values).sum())
    seeded = first + length
    if seeded > values.size:
        return smooth
    steps = accumulate(
        values[seeded:].tolist(),
        lambda mean, value: mean + weight * (value - mean),
        initial=float(values[first:seeded].mean()),
    )
    smooth[seeded - 1 :] = np.fromiter(steps, np.float64)
    return smooth
