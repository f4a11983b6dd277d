"""
Patterns with a definition in numbers; one that is not clear is not there.

Source of all but the first: Edwards and Magee, Technical Analysis of Stock Trends, 1948.
Distances are measured in ATR 14 at the last bar. Patterns are judged at the last closed bar
alone, and a stale one is none: docs/charts.md says how often a random walk shows each.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from records.candles import CandleSeries
from tools.chart.swings import Turn, peaks, turns
from tools.indicators.smoothing import Array

PatternName = Literal[
    "breakout",
    "breakdown",
    "breakout_retest",
    "breakdown_retest",
    "double_top",
    "double_bottom",
    "bull_flag",
    "bear_flag",
    "ascending_triangle",
    "descending_triangle",
    "symmetrical_triangle",
    "none",
]

BARS = 100
NEAR_ATR = 0.5

DEEP_ATR = 2.0
APART_BARS = 10
FRESH_BARS = 10

RETEST_BARS = (3, 20)
LEFT_ATR = 1.5
CAME_BACK_BARS = 3

POLE_ATR = 6.0
POLE_BARS = 12
FLAG_BARS = (5, 20)
MOST_RETRACED = 0.5

TURN_ATR = 2.0
TRIANGLE_TURNS = 5
TRIANGLE_BARS = 15
FLAT_ATR = 1.0
TILTED_ATR = 2.0
NARROWER = 0.6


class Pattern(NamedTuple):
    """A pattern and the price it turns on, if it turns on one."""

    name: PatternName
    level: float | None = None


NONE = Pattern("none")


class Shape(NamedTuple):
    """A chart, or the same upside down: its prices with the sign turned."""

    high: Array
    low: Array
    close: Array
    volume: Array
    atr: float

    def mirrored(self) -> "Shape":
        """Tops become bottoms, so that each pattern is written once."""
        return Shape(-self.low, -self.high, -self.close, self.volume, self.atr)


def pattern(series: CandleSeries, atr: float) -> Pattern:
    """The first of these patterns that stands at the last bar; `atr` in the quote currency."""
    upright = Shape(series.high, series.low, series.close, series.volume, atr)
    for look, name, mirrored in _LOOKS:
        if (level := look(upright)) is not None:
            return Pattern(name, level)
        if (level := look(upright.mirrored())) is not None:
            return Pattern(mirrored, -level)
    return _triangle(series.last(BARS), atr)


def _breakout(shape: Shape) -> float | None:
    """The close beyond every high of the 100 bars before it."""
    level = float(shape.high[-BARS - 1 : -1].max())
    return level if shape.close[-1] > level else None


def _retest(shape: Shape) -> float | None:
    """
    A breakout 3 to 20 bars ago, left by 1.5 ATR, come back to, and held (throwback); the
    earliest that is.

    Since the breakout no close fell half an ATR below the level; the price was 1.5 ATR above
    it, one of the last three lows was within half an ATR of it, and the last close is above
    it and above the close before.
    """
    near, (soonest, latest) = NEAR_ATR * shape.atr, RETEST_BARS
    for ago in range(latest, soonest - 1, -1):
        start = shape.close.size - 1 - ago
        if start < BARS // 2:
            continue
        level = float(shape.high[max(0, start - BARS) : start].max())
        broke = shape.close[start] > level >= shape.close[start - 1]
        if broke and _held(shape, start, level, near):
            return level
    return None


def _held(shape: Shape, start: int, level: float, near: float) -> bool:
    left = shape.high[start:].max() >= level + LEFT_ATR * shape.atr
    back = abs(float(shape.low[-CAME_BACK_BARS:].min()) - level) <= near
    above = bool((shape.close[start:] >= level - near).all())
    return bool(left and back and above and shape.close[-1] > max(level, shape.close[-2]))


def _double_top(shape: Shape) -> float | None:
    """
    Two equal highest tops, a deep valley between, and a fresh close below that valley.

    The tops are swings ten bars apart or more and equal within half an ATR, the valley lies
    two ATR below them, and its break is at most ten bars old: before it the pattern is
    unconfirmed, and long after it the pattern is spent.
    """
    high, low, close = shape.high[-BARS:], shape.low[-BARS:], shape.close[-BARS:]
    tops = sorted(peaks(high), key=lambda bar: float(high[bar]))[-2:]
    if len(tops) < 2:
        return None
    first, second = sorted(tops)
    valley = float(low[first : second + 1].min())
    lower = float(min(high[first], high[second]))
    equal = abs(float(high[first] - high[second])) <= NEAR_ATR * shape.atr
    deep = lower - valley >= DEEP_ATR * shape.atr > 0
    if not (second - first >= APART_BARS and equal and deep and close[-1] < valley):
        return None
    broken = second + int(np.argmax(close[second:] < valley))
    return valley if close.size - 1 - broken < FRESH_BARS else None


def _flag(shape: Shape) -> float | None:
    """
    A steep pole of six ATR within twelve bars, then a rest of 5 to 20 bars that leans back.

    The rest gives back at most half of the pole, its closes do not rise, and it trades less
    volume a bar than the pole. The level is the pole's top, whose passing completes it.
    """
    top = shape.high.size - 1 - FLAG_BARS[1] + int(np.argmax(shape.high[-FLAG_BARS[1] - 1 :]))
    resting = shape.high.size - 1 - top
    begin = max(0, top - POLE_BARS)
    base = begin + int(np.argmin(shape.low[begin : top + 1]))
    pole = float(shape.high[top] - shape.low[base])
    if resting < FLAG_BARS[0] or pole < POLE_ATR * shape.atr or base == top:
        return None
    shallow = shape.low[top + 1 :].min() >= shape.high[top] - MOST_RETRACED * pole
    quiet = shape.volume[top + 1 :].mean() < shape.volume[base : top + 1].mean()
    leans = _slope(shape.close[top + 1 :]) <= 0
    return float(shape.high[top]) if shallow and quiet and leans else None


def _triangle(view: CandleSeries, atr: float) -> Pattern:
    """
    Five turns between two lines that come together, over 15 bars or more.

    A turn is left by two ATR; the middle one of the three on one side lies within half an ATR of
    the line through the others. A side that moves at most one ATR from the first turn to the
    last is flat, one that moves two or more leans. At the last bar the lines are at most 60 %
    as far apart as at the first turn, and the close lies between them. The level is the flat
    side, whose break completes it; a symmetrical triangle has none.
    """
    found = turns(view, TURN_ATR * atr)[-TRIANGLE_TURNS:]
    if len(found) < TRIANGLE_TURNS or found[-1].bar - found[0].bar < TRIANGLE_BARS:
        return NONE
    sides = {kind: [turn for turn in found if turn.kind == kind] for kind in ("high", "low")}
    outer = found[0::2]
    on_line = abs(outer[1].price - _at(outer[0], outer[2], outer[1].bar)) <= NEAR_ATR * atr
    upper, lower = (
        (_at(side[0], side[-1], found[0].bar), _at(side[0], side[-1], len(view) - 1))
        for side in (sides["high"], sides["low"])
    )
    narrow = 0 < upper[1] - lower[1] <= NARROWER * (upper[0] - lower[0])
    if not (on_line and narrow and lower[1] <= view.close[-1] <= upper[1]):
        return NONE
    span = found[-1].bar - found[0].bar
    share = span / (len(view) - 1 - found[0].bar)
    moves = [share * (side[1] - side[0]) / atr for side in (upper, lower)]
    return _kind_of_triangle(moves[0], moves[1], upper[1], lower[1])


def _kind_of_triangle(upper: float, lower: float, ceiling: float, floor: float) -> Pattern:
    """By how far each side moved, in ATR."""
    if abs(upper) <= FLAT_ATR and lower >= TILTED_ATR:
        return Pattern("ascending_triangle", ceiling)
    if abs(lower) <= FLAT_ATR and upper <= -TILTED_ATR:
        return Pattern("descending_triangle", floor)
    if upper <= -TILTED_ATR and lower >= TILTED_ATR:
        return Pattern("symmetrical_triangle")
    return NONE


def _at(first: Turn, last: Turn, bar: int) -> float:
    return first.price + (last.price - first.price) * (bar - first.bar) / (last.bar - first.bar)


def _slope(values: Array) -> float:
    """Of the least-squares line, a bar."""
    bars = np.arange(values.size) - (values.size - 1) / 2
    return float((bars * values).sum() / (bars * bars).sum())


_LOOKS: Sequence[tuple[Callable[[Shape], float | None], PatternName, PatternName]] = (
    (_breakout, "breakout", "breakdown"),
    (_retest, "breakout_retest", "breakdown_retest"),
    (_double_top, "double_top", "double_bottom"),
    (_flag, "bull_flag", "bear_flag"),
)
