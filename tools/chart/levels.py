"""
Support and resistance: the nearest swings on either side of the close, and their touches.

A level is missing when no swing stands on that side; it is not taken from elsewhere.
"""

from typing import NamedTuple

from records.candles import CandleSeries
from tools.chart.swings import swing_highs, swing_lows


class Level(NamedTuple):
    """A price that held; without one, no touches."""

    price: float | None
    touches: int


def support(view: CandleSeries, near: float) -> Level:
    """The nearest swing low below the close; touches are swing lows at most `near` below it."""
    below = [float(view.low[bar]) for bar in swing_lows(view) if view.low[bar] < view.close[-1]]
    if not below:
        return Level(None, 0)
    price = max(below)
    return Level(price, sum(price - one <= near for one in below))


def resistance(view: CandleSeries, near: float) -> Level:
    """The nearest swing high above the close; touches are swing highs at most `near` above it."""
    above = [float(view.high[bar]) for bar in swing_highs(view) if view.high[bar] > view.close[-1]]
    if not above:
        return Level(None, 0)
    price = min(above)
    return Level(price, sum(one - price <= near for one in above))
