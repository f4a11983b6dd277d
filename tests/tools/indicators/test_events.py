"""Crossings and flags, by hand: what counts as crossing, and what cannot be known."""

import numpy as np

from tools.indicators.events import ago, crossover, crossunder, flag, opposite

NAN = np.nan


def _equal(array: object, expected: list[float]) -> bool:
    return np.array_equal(np.asarray(array), np.array(expected), equal_nan=True)


def test_a_line_crosses_when_it_leaves_the_other_behind() -> None:
    """Touching is no crossing; leaving after a touch is one, at the bar that leaves."""
    line, other = np.array([1.0, 3, 2, 2, 3, 2]), np.full(6, 2.0)
    assert _equal(crossover(line, other), [NAN, 1, 0, 0, 1, 0])
    assert _equal(crossunder(np.array([3.0, 2, 1, 1, 3, 1]), other), [NAN, 0, 1, 0, 0, 1])


def test_a_crossing_needs_both_bars() -> None:
    """Where one of the two bars is missing, nobody can say whether the lines crossed."""
    line, other = np.array([NAN, 1, 3, NAN, 3]), np.full(5, 2.0)
    assert _equal(crossover(line, other), [NAN, NAN, 1, NAN, NAN])


def test_a_flag_is_missing_where_its_numbers_are() -> None:
    """A comparison with NaN is False, which would read as "it did not happen"."""
    numbers = np.array([NAN, 1.0, 3.0])
    assert _equal(flag(numbers > 2, numbers), [NAN, 0, 1])
    assert _equal(opposite(flag(numbers > 2, numbers)), [NAN, 1, 0])


def test_ago_is_missing_before_the_series() -> None:
    """There is no bar before the first; nothing wraps around."""
    assert _equal(ago(np.array([1.0, 2, 3]), 2), [NAN, NAN, 1])
    assert _equal(ago(np.array([1.0]), 3), [NAN])
