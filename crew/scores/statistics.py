"""
Estimates with an interval of 95 %, from cases that are not independent.

Views within one horizon are held against nearly the same move, and markets move together. So
all cases count for the estimate, but for its interval all that was said within one horizon,
of whatever market, is one block; and two blocks that touch are not taken for independent.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from records.base import Record

ENOUGH = 30
"""Blocks below which no figure is shown: a rate has an interval of 35 points then."""

_Z = 1.959964
"""Of the normal distribution, for 95 %."""


class Estimate(Record):
    """A figure and the interval that holds the true one in 95 of 100 such histories."""

    value: float
    low: float
    high: float


class Case(NamedTuple):
    """One result, decided at one time."""

    at: datetime
    value: float


def independent(cases: Sequence[Case], horizon: timedelta) -> NDArray[np.intp]:
    """The number of each case's block, counted from 0."""
    numbers = np.zeros(len(cases), dtype=np.intp)
    began: datetime | None = None
    block = -1
    for place in sorted(range(len(cases)), key=lambda i: cases[i].at):
        if began is None or cases[place].at - began >= horizon:
            began = cases[place].at
            block += 1
        numbers[place] = block
    return numbers


def rate_pct(cases: Sequence[Case], blocks: NDArray[np.intp]) -> Estimate:
    """
    The share of cases whose value is 1, percent, with as many trials as they are worth.

    That is what would give the error of the blocks, at most their number. Source: Korn and
    Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24 (1998).
    """
    values = np.asarray([case.value for case in cases], dtype=np.float64)
    share, error, count = float(values.mean()), _error(values, blocks), int(blocks.max()) + 1
    worth = share * (1 - share) / error**2 if error > 0 else count
    low, high = wilson(share, min(float(count), worth), _t(count - 1))
    return _estimate(100 * share, 100 * low, 100 * high, 2)


def wilson(share: float, trials: float, z: float = _Z) -> tuple[float, float]:
    """
    Wilson's score interval of a share.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).
    """
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    spread = sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    half = z / (1 + z**2 / trials) * spread
    return max(0.0, middle - half), min(1.0, middle + half)


def mean(cases: Sequence[Case], blocks: NDArray[np.intp], most: float = inf) -> Estimate:
    """The mean with Student's interval over the blocks; from 0 to `most` where that is given."""
    values = np.asarray([case.value for case in cases], dtype=np.float64)
    middle, half = float(values.mean()), _t(int(blocks.max())) * _error(values, blocks)
    least = 0.0 if most < inf else -inf
    return _estimate(middle, max(least, middle - half), min(most, middle + half), 4)


def _error(values: NDArray[np.float64], blocks: NDArray[np.intp]) -> float:
    """
    The standard error of the mean: that of a ratio of block sums to block sizes.

    Neighbours add what they have in common, where that makes it larger. Sources: Cochran,
    "Sampling Techniques" (1977), 9A.2, of at least two blocks; Hansen and Hodrick, "Forward
    exchange rates as optimal predictors", Journal of Political Economy 88 (1980).
    """
    sums, sizes = np.bincount(blocks, values), np.bincount(blocks)
    count, off = sums.size, sums - values.mean() * sizes
    common = max(0.0, float((off[1:] * off[:-1]).sum()))
    squares = float((off**2).sum()) + 2 * common
    return sqrt(squares * count / (count - 1)) / values.size


def _t(freedom: int) -> float:
    """
    Student's t for 95 %, to a thousandth from 5 degrees of freedom on.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.5.
    """
    z = _Z
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _estimate(value: float, low: float, high: float, places: int) -> Estimate:
    return Estimate(value=round(value, places), low=round(low, places), high=round(high, places))


class Counted(Record):
    """How many cases a figure rests on."""

    cases: int
    independent: int = Field(description="Blocks of one horizon, of all markets together.")

    @property
    def enough(self) -> bool:
        return self.independent >= ENOUGH
