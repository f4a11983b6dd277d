"""Where a chart turned, and when that could be known."""

import pytest

from tests.tools.chart.drawn import chart, walk
from tests.tools.indicators.samples import from_closes
from tools.chart.swings import swing_highs, swing_lows, turns


def test_a_swing_stands_above_its_neighbours_and_is_known_two_bars_late() -> None:
    """Fractals: the last two bars can never be one, or it would look ahead."""
    series = from_closes([1.0, 2.0, 3.0, 2.5, 2.0, 1.0, 2.0, 3.0, 4.0])
    assert swing_highs(series) == [2]
    assert swing_lows(series) == [5]
    assert swing_highs(series.last(4)) == []


def test_equal_highs_count_once() -> None:
    """Coarse ticks make plateaus; the first bar of one is the swing."""
    series = from_closes([1.0, 2.0, 3.0, 3.0, 3.0, 2.0, 1.0])
    assert swing_highs(series) == [2]


def test_turns_alternate_and_small_ones_are_none() -> None:
    """Of a zigzag 100, 110, 104, 112, 90 only the falls of ten count; the rest is one rise."""
    series = chart((0, 100), (10, 110), (15, 104), (25, 112), (40, 90), (52, 101), wick=0)
    assert [(t.bar, t.price, t.kind) for t in turns(series, 5.0)] == [
        (10, 110, "high"),
        (15, 104, "low"),
        (25, 112, "high"),
        (40, 90, "low"),
    ]
    assert [(t.bar, t.kind) for t in turns(series, 10.0)] == [(25, "high"), (40, "low")]


def test_a_turn_that_has_not_come_back_is_not_known() -> None:
    """The highest bar so far is a top only once the price has left it."""
    points = ((0, 100), (20, 120), (24, 116))
    assert turns(chart(*points, wick=0), 5.0) == []
    assert [t.bar for t in turns(chart(*points, (26, 114), wick=0), 5.0)] == [20]


def test_without_a_distance_there_are_no_turns() -> None:
    """A market that never moved has an ATR of zero; every bar would be a turn."""
    assert turns(chart((0, 100), (20, 120), (40, 100)), 0.0) == []


@pytest.mark.parametrize("seed", range(5))
def test_what_was_known_never_changes(seed: int) -> None:
    """No look-ahead: later bars add swings and turns, and take none back."""
    series = walk(400, seed)
    cuts = [series.last(400).closed_by(int(series.open_time_ms[bar])) for bar in range(50, 399, 7)]
    whole = set(swing_highs(series)), set(swing_lows(series)), turns(series, 2.0)
    for cut in cuts:
        known = len(cut) - 2
        assert set(swing_highs(cut)) == {bar for bar in whole[0] if bar < known}
        assert set(swing_lows(cut)) == {bar for bar in whole[1] if bar < known}
        found = turns(cut, 2.0)
        assert found == whole[2][: len(found)]
