"""Trend lines on charts whose lines are known."""

import pytest

from tests.tools.chart.drawn import chart, mirrored
from tools.chart.trend_lines import high_line, low_line

RISING = (
    *((0, 106.0), (10, 100.0), (20, 112.0), (30, 104.0), (40, 116.0)),
    *((50, 108.0), (60, 120.0), (70, 112.0), (80, 124.0)),
)
"""Lows at 100, 104, 108 and 112: a line that climbs 0.2 a bar."""


def test_a_line_under_four_lows_is_found_with_slope_and_distance() -> None:
    """It stands at 114 ten bars after its last touch; the close is ten above it."""
    line = low_line(chart(*RISING, wick=0), atr=2.0)
    assert line is not None
    assert (line.touches, line.bars, line.start) == (4, 70, 100)
    assert line.price == pytest.approx(114)
    assert line.distance_atr == pytest.approx(5)


def test_a_line_over_highs_is_the_mirror_image() -> None:
    """The close stands below it, so the distance is negative."""
    line = high_line(chart(*mirrored(RISING), wick=0), atr=2.0)
    assert line is not None
    assert (line.touches, line.price) == (4, pytest.approx(106))
    assert line.distance_atr == pytest.approx(-5)


def test_two_touches_are_no_trend_line() -> None:
    """Edwards and Magee: any two points have a line; the third one makes it a trend line."""
    points = ((0, 110), (10, 100), (25, 116), (45, 107), (60, 120))
    assert low_line(chart(*points, wick=0), atr=4.0) is None


def test_a_low_that_pierced_the_line_ends_it() -> None:
    """A line drawn through prices that fell well below it held nobody."""
    pierced = tuple((bar, 101.0 if bar == 50 else price) for bar, price in RISING)
    line = low_line(chart(*pierced, wick=0), atr=2.0)
    assert line is None or line.touches < 4


def test_a_line_that_the_price_has_left_far_behind_is_none() -> None:
    """It informs nobody when the close is more than five ATR away."""
    assert low_line(chart(*RISING, wick=0), atr=1.5) is None


def test_a_close_below_the_line_is_told_by_its_sign() -> None:
    """The break itself is what a reader looks for, so the broken line is still there."""
    line = low_line(chart(*RISING, (84, 112.0), wick=0), atr=2.0)
    assert line is not None
    assert line.distance_atr == pytest.approx((112 - 114.8) / 2)
