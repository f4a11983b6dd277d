"""
Trend lines: a straight line that swing after swing stopped at.

Source: Edwards and Magee, Technical Analysis of Stock Trends, 1948: two points draw a line,
a third one makes it a trend line. A line that fewer swings touched is not there, nor one that
the close is more than five ATR away from.
"""

from collections.abc import Sequence
from itertools import combinations

from pydantic import Field

from records.base import Record
from records.candles import CandleSeries
from tools.chart.swings import swing_highs, swing_lows

FEWEST_TOUCHES = 3
TOUCH_ATR = 0.25
TOUCHES_APART_BARS = 10
SHORTEST_BARS = 30
FARTHEST_ATR = 5.0

Point = tuple[int, float]


class TrendLine(Record):
    """A line through swings, up to the last bar; prices in the quote currency."""

    bars: int = Field(ge=1, description="How many bars before the last one it begins.")
    start: float = Field(description="Price at its first touch.")
    price: float = Field(description="Price at the last bar.")
    touches: int = Field(ge=FEWEST_TOUCHES, description="Swings on it, ten bars apart or more.")
    distance_atr: float = Field(description="The close above it (below: negative), in ATR.")


def low_line(view: CandleSeries, atr: float) -> TrendLine | None:
    """
    The line under the lows that most swing lows touched, from its first touch on not pierced.

    A touch is a swing low within a quarter ATR of the line; of two lines with as many
    touches the one touched last counts. A close below it is told by `distance_atr`.
    """
    return _line([(bar, float(view.low[bar])) for bar in swing_lows(view)], view, atr, side=1)


def high_line(view: CandleSeries, atr: float) -> TrendLine | None:
    """The same over the highs."""
    return _line([(bar, float(view.high[bar])) for bar in swing_highs(view)], view, atr, side=-1)


def _line(
    swings: Sequence[Point], view: CandleSeries, atr: float, *, side: int
) -> TrendLine | None:
    """`side` is 1 for a line that the price stays above, -1 for one that it stays below."""
    found = [
        (touches, last[0], first, last)
        for first, last in combinations(swings, 2)
        if last[0] - first[0] >= SHORTEST_BARS
        and (touches := _touches(swings, first, last, atr, side)) >= FEWEST_TOUCHES
    ]
    if not found:
        return None
    touches, _, first, last = max(found, key=lambda one: one[:2])
    bar = len(view) - 1
    price = _at(first, last, bar)
    distance = (float(view.close[-1]) - price) / atr
    if abs(distance) > FARTHEST_ATR:
        return None
    return TrendLine(
        bars=bar - first[0], start=first[1], price=price, touches=touches, distance_atr=distance
    )


def _touches(swings: Sequence[Point], first: Point, last: Point, atr: float, side: int) -> int:
    """How many swings the line touches; 0 when one of them pierced it."""
    touches, counted = 0, first[0] - TOUCHES_APART_BARS
    for bar, price in swings:
        beyond = side * (price - _at(first, last, bar))
        if bar < first[0]:
            continue
        if beyond < -TOUCH_ATR * atr:
            return 0
        if beyond <= TOUCH_ATR * atr and bar - counted >= TOUCHES_APART_BARS:
            touches, counted = touches + 1, bar
    return touches


def _at(first: Point, last: Point, bar: int) -> float:
    return first[1] + (last[1] - first[1]) * (bar - first[0]) / (last[0] - first[0])
