"""
Where a chart turned: small swings for levels and lines, larger turns for patterns.

Neither looks ahead. A swing is known two bars late, a turn once the price has come back
far enough; what is known at a bar never changes when later bars are added.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array


class Turn(NamedTuple):
    """A high or low from which the price came back."""

    bar: int
    price: float
    kind: Literal["high", "low"]


def swing_highs(series: CandleSeries) -> list[int]:
    """
    Bars whose high stands above the two bars before and is not passed by the two after.

    Source: Williams, Trading Chaos, 1995 (fractals); of equal highs the first counts,
    since coarse ticks make equal highs common. Known two bars late.
    """
    return peaks(series.high)


def swing_lows(series: CandleSeries) -> list[int]:
    """Bars whose low lies below the two bars before and is not passed by the two after."""
    return peaks(-series.low)


def turns(series: CandleSeries, least: float) -> list[Turn]:
    """
    Highs and lows in turn, each left behind by at least `least`, in the quote currency.

    Known at the bar that has come back so far, never before. A bar that makes a new extreme
    does not end the move it extends: which of its two ends came first is not in a candle.
    """
    return list(_turns(series.high.tolist(), series.low.tolist(), least)) if least > 0 else []


def peaks(values: Array) -> list[int]:
    """Where `values` stand above the two before and are not passed by the two after."""
    if values.size < 5:
        return []
    middle = values[2:-2]
    rises = (middle > values[:-4]) & (middle > values[1:-3])
    holds = (middle >= values[3:-1]) & (middle >= values[4:])
    return [int(bar) + 2 for bar in np.flatnonzero(rises & holds)]


def _turns(high: list[float], low: list[float], least: float) -> Iterator[Turn]:
    rising: bool | None = None  # None: the chart's first bar is its edge, and no turn
    top = bottom = 0
    for bar in range(1, len(high)):
        fell, rose = high[top] - low[bar] >= least, high[bar] - low[bottom] >= least
        if rising is None and fell != rose:
            rising, top, bottom = rose, bar, bar
        elif rising is not False and high[bar] > high[top]:
            top = bar
        elif rising is not True and low[bar] < low[bottom]:
            bottom = bar
        elif rising and fell:
            yield Turn(top, high[top], "high")
            rising, bottom = False, bar
        elif rising is False and rose:
            yield Turn(bottom, low[bottom], "low")
            rising, top = True, bar
