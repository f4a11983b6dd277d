"""Divergences on hand-drawn lines with known answers."""

import numpy as np
import pytest

from tools.indicators.divergences import Divergences, Limits, divergences
from tools.indicators.smoothing import Array

TURNS = (4, 12)
"""The bars at which both drawings turn; known two bars later."""
LIMITS = Limits(top=45, bottom=-65)


def _drawn(first: float, second: float, *, base: float) -> Array:
    """A line at its base but for two turns, each with a shoulder on both sides."""
    line = base + 0.01 * np.arange(18)
    for bar, height in zip(TURNS, (first, second), strict=True):
        line[bar] = height
        line[[bar - 1, bar + 1]] = (height + base) / 2
    return line


def _named(found: Divergences) -> dict[str, list[int]]:
    return {
        name: bars
        for name in ("bullish", "bearish", "hidden_bullish", "hidden_bearish")
        if (bars := np.flatnonzero(getattr(found, name) == 1).tolist())
    }


def _at_tops(oscillator: tuple[float, float], high: tuple[float, float]) -> dict[str, list[int]]:
    line, price = _drawn(*oscillator, base=0), _drawn(*high, base=100)
    return _named(divergences(line, price, np.full(18, 50.0), LIMITS))


def _at_bottoms(oscillator: tuple[float, float], low: tuple[float, float]) -> dict[str, list[int]]:
    line, price = _drawn(*oscillator, base=0), _drawn(*low, base=100)
    return _named(divergences(line, np.full(18, 150.0), price, LIMITS))


@pytest.mark.parametrize(
    ("oscillator", "high", "found"),
    [
        ((60, 50), (110, 120), {"bearish": [14]}),
        ((50, 60), (120, 110), {"hidden_bearish": [14]}),
        ((50, 60), (110, 120), {}),  # both higher: they agree
        ((60, 50), (120, 110), {}),  # both lower: they agree
        ((60, 60), (110, 120), {}),  # equal tops disagree about nothing
        ((60, 50), (120, 120), {}),
    ],
)
def test_divergences_at_tops(
    oscillator: tuple[float, float], high: tuple[float, float], found: dict[str, list[int]]
) -> None:
    """A higher high on a lower top warns; a lower high on a higher top says the fall goes on."""
    assert _at_tops(oscillator, high) == found


@pytest.mark.parametrize(
    ("oscillator", "low", "found"),
    [
        ((-90, -70), (90, 80), {"bullish": [14]}),
        ((-70, -90), (80, 90), {"hidden_bullish": [14]}),
        ((-70, -90), (90, 80), {}),
        ((-90, -70), (80, 90), {}),
    ],
)
def test_divergences_at_bottoms(
    oscillator: tuple[float, float], low: tuple[float, float], found: dict[str, list[int]]
) -> None:
    """The mirror image, in price lows and oscillator bottoms."""
    assert _at_bottoms(oscillator, low) == found


def test_a_turn_short_of_the_limit_is_overlooked() -> None:
    """The second top is under 45: there is nothing to compare, and nothing to compare with."""
    assert _at_tops((60, 44), (110, 120)) == {}
    assert _at_tops((45, 60), (120, 110)) == {"hidden_bearish": [14]}


def test_without_limits_every_turn_counts() -> None:
    """The same drawing without limits: 44 after 60 under a higher high."""
    line, price = _drawn(60, 44, base=0), _drawn(110, 120, base=100)
    assert _named(divergences(line, price, np.full(18, 50.0)))["bearish"] == [14]


def test_a_first_turn_has_no_answer() -> None:
    """The turn before it may lie before the first candle: missing, not "no divergence"."""
    line, price = _drawn(60, 50, base=0), _drawn(110, 120, base=100)
    found = divergences(line, price, np.full(18, 50.0), LIMITS).bearish
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 1, 2, 3, TURNS[0] + 2]


def test_the_turn_before_is_the_newest_that_counts() -> None:
    """Between two tops that count stands one under the limit: it is not compared with."""
    line = np.array([0.0, 1, 60, 1, 0.5, 1, 30, 2, 1, 2, 50, 3, 2, 1])
    high = 100 + np.array([0.0, 1, 5, 1, 0.5, 1, 20, 2, 1, 2, 10, 3, 2, 1])
    found = divergences(line, high, np.full(14, 50.0), LIMITS)
    assert _named(found) == {"bearish": [12]}
