"""
The recursive averages that other indicators are built from.

Two start from the plain mean of the first `length` values (as TA-Lib does), so the
value before that is missing (NaN), not wrong; `from_first` is for the formulas that
start from a single value (as Pine does). The recursion is a doubling scan: ten
steps for 600 bars, each a plain product and sum of whole arrays, so it gives the same bits
on every machine (which a replayed cycle relies on) and whatever bars come later.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SPENT = 1e-30
"""A weight that no longer shows in a sum of 64-bit numbers."""


def exponential(values: Array, length: int) -> Array:
    """Exponential average with weight 2 / (length + 1); leading NaN are skipped."""
    return _recursive(values, length, 2 / (length + 1))


def wilder(values: Array, length: int) -> Array:
    """Wilder's average, weight 1 / length. Source: Wilder, New Concepts, 1978."""
    return _recursive(values, length, 1 / length)


def from_first(values: Array, weight: float) -> Array:
    """Exponential average that starts at the first value itself; leading NaN are skipped."""
    return _recursive(values, 1, weight)


def _recursive(values: Array, length: int, weight: float) -> Array:
    smooth = np.full(values.size, np.nan)
    first = int(np.isnan(values).argmin()) if values.size else 0
    start = first + length - 1
    if start < values.size:
        smooth[start:] = values[start:] - _lag(values[first:], length - 1, 1 - weight)
    return smooth


def _lag(values: Array, start: int, decay: float) -> Array:
    # The distance of value and average, not the average: it is exactly zero in a market that
    # never moved, and dies out in one that stands still, where an average would keep noise.
    lag = values[start:].copy()
    lag[1:] -= values[start:-1]
    lag[1:] *= decay
    lag[0] = (values[start] - values[: start + 1]).sum() / (start + 1)
    reach = 1
    while reach < lag.size and decay > _SPENT:
        lag[reach:] += decay * lag[:-reach]
        decay *= decay
        reach *= 2
    return lag
