"""Turns of a line, by hand."""

import numpy as np
import pytest

from tools.indicators.fractals import bottoms, tops


def _bars(flags: object) -> list[int]:
    return np.flatnonzero(np.asarray(flags) == 1).tolist()


def test_a_turn_is_known_two_bars_late() -> None:
    """The top stands at bar 3; nobody knew before bar 5."""
    line = np.array([1.0, 2, 3, 9, 4, 3, 2])
    assert _bars(tops(line)) == [5]
    assert _bars(tops(line[:5])) == []
    assert _bars(bottoms(-line)) == [5]


@pytest.mark.parametrize(
    "line",
    [
        [1, 2, 9, 9, 3, 2],  # a plateau
        [9, 2, 9, 3, 2],  # as high two bars before
        [1, 2, 9, 3, 9],  # as high two bars after
        [1, 2, 9 + 1e-12, 3, 9],  # higher by rounding alone
    ],
)
def test_equals_are_no_turn(line: list[float]) -> None:
    """The top must stand above all four of its neighbours."""
    assert _bars(tops(np.array(line))) == []


def test_four_neighbours_are_needed() -> None:
    """Missing, not "no turn", where the line is too short or has a hole."""
    line = np.array([1.0, 2, 9, 2, np.nan, 1, 2, 9, 2, 1])
    assert np.flatnonzero(~np.isnan(tops(line))).tolist() == [9]
    assert _bars(tops(line)) == [9]
