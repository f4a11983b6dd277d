"""Trend, strength and volatility of a series: hand-made candles with known answers."""

import math

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import from_closes, wandering
from tools.context import bitcoin


def steps(*moves_pct: float, count: int = 60) -> CandleSeries:
    """Closes that repeat these moves; strength is known by counting."""
    moves = np.log1p(np.resize(moves_pct, count - 1) / 100)
    return from_closes(100 * np.exp(np.concatenate([[0], np.cumsum(moves)])))


def zigzag(up: float, down: float) -> CandleSeries:
    """Turns of 10 bars: this logarithmic move up, then down, as often as they fit."""
    moves = np.resize([*[up] * 5, *[-down] * 5], 100) / 100
    return from_closes(100 * np.exp(np.concatenate([[0], np.cumsum(moves)])))


@pytest.mark.parametrize(
    ("description", "series", "strength", "trend"),
    [
        ("a straight rise", steps(1), 1, "up_strong"),
        ("a straight fall", steps(-1), -1, "down_strong"),
        ("nothing moves", steps(0), 0, "sideways"),
        ("up 5, down 3", zigzag(5, 3), 0.25, "up_strong"),
        ("up 3, down 2.4: one ninth", zigzag(3, 2.4), 1 / 9, "up_weak"),
        ("up 3, down 2.6: too little", zigzag(3, 2.6), 1 / 14, "sideways"),
        ("down 5, up 3, seen after the rise", zigzag(3, 5), -0.25, "down_strong"),
    ],
)
def test_strength_is_the_net_way_over_the_whole_way(
    description: str, series: CandleSeries, strength: float, trend: str
) -> None:
    """50 bars hold five whole turns, so the answer can be counted on paper."""
    assert bitcoin.strength(series) == pytest.approx(strength), description
    if not description.startswith("up 5"):  # exactly at the edge, where rounding decides
        assert bitcoin.trend(series) == trend, description


def test_a_turn_that_the_averages_have_not_followed_is_sideways() -> None:
    """The last 50 bars still rose, but the close fell below both averages."""
    rise, fall = np.linspace(100, 160, 80), np.linspace(158, 136, 6)
    series = from_closes(np.concatenate([rise, fall]))

    assert (bitcoin.strength(series) or 0) > bitcoin.SIDEWAYS_BELOW
    assert bitcoin.trend(series) == "sideways"


@pytest.mark.parametrize(("count", "known"), [(50, False), (51, True)])
def test_a_trend_needs_fifty_moves(count: int, known: bool) -> None:
    """Never a value before there is enough to know it."""
    assert (bitcoin.trend(steps(1, count=count)) is not None) is known


@pytest.mark.parametrize(("count", "above"), [(49, None), (50, True)])
def test_the_average_needs_its_fifty_candles(count: int, above: bool | None) -> None:
    """A market with too few candles has no side."""
    assert bitcoin.is_above_average(steps(1, count=count)) is above


def swinging(*sizes_pct: float, bars: int = 60) -> CandleSeries:
    """Alternating moves, for so many bars of each size in turn."""
    moves = np.concatenate([np.resize([size, -size], bars) for size in sizes_pct]) / 100
    return from_closes(100 * np.exp(np.concatenate([[0], np.cumsum(moves)])))


@pytest.mark.parametrize(
    ("sizes", "level"),
    [
        ((1, 1, 1), "medium"),
        ((1, 1, 1, 3), "high"),
        ((3, 3, 3, 1), "low"),
        ((1, 3, 1, 3, 2), "medium"),
    ],
)
def test_the_level_is_the_rank_among_its_own_past(sizes: tuple[float, ...], level: str) -> None:
    """Wild for Bitcoin is what is wild for Bitcoin; a market that never changes is medium."""
    found = bitcoin.wildness(swinging(*sizes))

    assert found is not None
    assert found[0] == level


def test_volatility_is_told_in_percent_a_year() -> None:
    """Thirty moves of 1 % an hour, up and down: their deviation times the root of the hours."""
    found = bitcoin.wildness(swinging(1, 1, 1))

    assert found is not None
    assert found[1] == pytest.approx(math.sqrt(30 / 29) * math.sqrt(365 * 24), rel=1e-9)


@pytest.mark.parametrize(("count", "known"), [(129, False), (130, True)])
def test_a_rank_needs_a_hundred_windows(count: int, known: bool) -> None:
    """Among a few windows, every one is high or low."""
    assert (bitcoin.wildness(wandering(count)) is not None) is known


def test_a_series_that_does_not_move_has_a_volatility_of_zero() -> None:
    """Nothing is divided by it."""
    assert bitcoin.wildness(from_closes([100.0] * 200)) == ("medium", 0.0, 50.0)
