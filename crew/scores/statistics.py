"""
Estimates with an interval of 95 %, from cases that are not independent.

Two views of one market within one horizon are held against nearly the same move. All cases
count for the estimate, but only one for each block for its interval: a block is whatever was
said on one market within one horizon of the block's first case. Markets move together, so
even that is on the kind side.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from records.base import Record

ENOUGH = 30
"""Independent cases below which no figure is shown: a rate has an interval of 35 points then."""

_Z = 1.959964
"""Of the normal distribution, for 95 %."""


class Estimate(Record):
    """A figure and the interval that holds the true one in 95 of 100 such histories."""

    value: float
    low: float
    high: float


class Case(NamedTuple):
    """One result, of one market, decided at one time."""

    symbol: str
    at: datetime
    value: float


def independent(cases: Sequence[Case], horizon: timedelta) -> NDArray[np.intp]:
    """The number of each case's block, counted from 0."""
    began: dict[str, tuple[datetime, int]] = {}
    numbers = np.zeros(len(cases), dtype=np.intp)
    blocks = 0
    for place in sorted(range(len(cases)), key=lambda i: cases[i].at):
        case = cases[place]
        first = began.get(case.symbol)
        if first is None or case.at - first[0] >= horizon:
            first = began[case.symbol] = case.at, blocks
            blocks += 1
        numbers[place] = first[1]
    return numbers


def rate_pct(cases: Sequence[Case], effective: int) -> Estimate:
    """
    The share of cases whose value is 1, percent, with as many trials as are independent.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).
    """
    share, z2 = float(np.mean([case.value for case in cases])), _Z**2
    middle = (share + z2 / (2 * effective)) / (1 + z2 / effective)
    spread = sqrt(share * (1 - share) / effective + z2 / (4 * effective**2))
    half = _Z / (1 + z2 / effective) * spread
    return _estimate(100 * share, 100 * max(0.0, middle - half), 100 * min(1.0, middle + half), 2)


def mean(cases: Sequence[Case], blocks: NDArray[np.intp]) -> Estimate:
    """
    The mean, with the normal interval of a mean over clusters, here the blocks.

    The error is that of a ratio of block sums to block sizes. Source: Cochran, "Sampling
    Techniques" (1977), 9A.2; at least two blocks.
    """
    values = np.asarray([case.value for case in cases], dtype=np.float64)
    sums, sizes = np.bincount(blocks, values), np.bincount(blocks)
    middle = float(values.mean())
    count = sums.size
    squares = float(((sums - middle * sizes) ** 2).sum())
    error = sqrt(squares * count / (count - 1)) / values.size
    return _estimate(middle, middle - _Z * error, middle + _Z * error, 4)


def _estimate(value: float, low: float, high: float, places: int) -> Estimate:
    return Estimate(value=round(value, places), low=round(low, places), high=round(high, places))


class Counted(Record):
    """How many cases a figure rests on."""

    cases: int
    independent: int = Field(description="One for each horizon and market.")

    @property
    def enough(self) -> bool:
        return self.independent >= ENOUGH
