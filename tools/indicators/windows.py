"""
What the last n values hold, at every bar: the windows that other indicators look through.

Each window ends with its own bar, and only whole ones count: before bar n, and where a
value in the window is missing, the answer is NaN. A window is joined from neighbours half
as long, which takes a handful of passes over the whole array; every window is its own sum,
so nothing of earlier bars is left in it, and equal values have exactly no deviation.
"""

from collections.abc import Callable

import numpy as np

from tools.indicators.smoothing import Array

Columns = tuple[Array, ...]
Join = Callable[[Columns, Columns, int, int], Columns]
"""Two neighbouring windows, the earlier one first, and how many values each holds."""


def highest(values: Array, length: int) -> Array:
    """The largest of the last `length` values."""
    return _windows((values,), length, lambda a, b, *_: (np.maximum(a[0], b[0]),))[0]


def lowest(values: Array, length: int) -> Array:
    """The smallest of the last `length` values."""
    return _windows((values,), length, lambda a, b, *_: (np.minimum(a[0], b[0]),))[0]


def total(values: Array, length: int) -> Array:
    """The sum of the last `length` values."""
    return _windows((values,), length, lambda a, b, *_: (a[0] + b[0],))[0]


def mean(values: Array, length: int) -> Array:
    """The plain mean of the last `length` values."""
    return _windows((values,), length, _mean)[0]


def deviation(values: Array, length: int, *, ddof: int = 0) -> tuple[Array, Array]:
    """Mean and standard deviation of the last `length` values."""
    middle, squares = _windows((values, np.zeros(values.size)), length, _moments)
    return middle, np.sqrt(squares / (length - ddof))


def before(values: Array) -> Array:
    """At each bar the value of the bar before it."""
    shifted = np.full(values.size, np.nan)
    shifted[1:] = values[:-1]
    return shifted


def _mean(early: Columns, late: Columns, count: int, more: int) -> Columns:
    return (early[0] + (late[0] - early[0]) * (more / (count + more)),)


def _moments(early: Columns, late: Columns, count: int, more: int) -> Columns:
    """Mean and sum of squares about it. Source: Chan, Golub and LeVeque, 1983."""
    step = late[0] - early[0]
    apart = np.square(step) * (count * more / (count + more))
    return early[0] + step * (more / (count + more)), early[1] + late[1] + apart


def _windows(columns: Columns, length: int, join: Join) -> Columns:
    found = tuple(np.full(column.size, np.nan) for column in columns)
    if columns[0].size >= length:
        for whole, column in zip(found, _joined(columns, length, join), strict=True):
            whole[length - 1 :] = column
    return found


def _joined(columns: Columns, length: int, join: Join) -> Columns:
    """Windows of powers of two, doubled; those in the length's binary digits side by side."""
    size = columns[0].size - length + 1
    held, taken, span = columns, 0, 1
    found: Columns | None = None
    while True:
        if length & span:
            part = tuple(column[taken : taken + size] for column in held)
            found = part if found is None else join(found, part, taken, span)
            taken += span
        if taken == length:
            assert found is not None
            return found
        early = tuple(column[:-span] for column in held)
        held = join(early, tuple(column[span:] for column in held), span, span)
        span *= 2
