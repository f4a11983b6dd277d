"""Intervals are those of their sources, and hold what they say where markets move together."""

from datetime import timedelta

import numpy as np
import pytest

from crew.scores.statistics import Case, independent, mean, rate_pct, wilson
from tests.crew.scores.histories import BEGAN

HOUR = timedelta(hours=1)


def cases(*values: float, apart: timedelta = HOUR) -> list[Case]:
    return [Case(BEGAN + number * apart, value) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (29, 29, 88.30, 100.0)],
)
def test_rates_have_the_interval_of_wilson(hits: int, trials: int, low: float, high: float) -> None:
    """Source: the worked examples of Newcombe, Statistics in Medicine 17 (1998), method 3."""
    found = wilson(hits / trials, trials)

    assert found == (pytest.approx(low / 100, abs=1e-4), pytest.approx(high / 100, abs=1e-4))


def test_a_mean_of_independent_cases_has_the_usual_error() -> None:
    """With one case a block, clusters change nothing."""
    values = np.random.default_rng(3).normal(2, 5, 50)
    found = mean(some := cases(*values), independent(some, HOUR))

    off = values - values.mean()
    squares = (off**2).sum() + 2 * max(0, (off[1:] * off[:-1]).sum())
    error = 2.009575 * np.sqrt(squares / 49 / 50)  # Student's t of 49 degrees of freedom
    assert found.value == pytest.approx(values.mean(), abs=1e-4)
    assert (found.high - found.value) == pytest.approx(error, abs=1e-3)


def test_saying_it_ten_times_makes_nobody_surer() -> None:
    """A desk that runs every three minutes would else be sure of everything within a day."""
    values = np.random.default_rng(3).normal(2, 5, 50)
    once = cases(*values)
    often = [case._replace(at=case.at + n * timedelta(minutes=3)) for case in once
             for n in range(10)]  # fmt: skip

    assert mean(often, independent(often, HOUR)) == mean(once, independent(once, HOUR))


def test_a_block_is_one_horizon_of_all_markets() -> None:
    """Whatever the order of the cases: six markets in one fall are one fall."""
    some = cases(1, 1, 1, 1, apart=timedelta(minutes=30))

    assert independent([*some, *some], HOUR).tolist() == [0, 0, 1, 1] * 2
    assert independent([*reversed(some)], HOUR).tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(("markets", "days", "every_h"), [(10, 30, 24), (10, 30, 6), (1, 60, 6)])
def test_nine_in_ten_intervals_hold_the_truth_where_markets_move_together(
    markets: int, days: int, every_h: int
) -> None:
    """Of an agent that knows nothing: what looks sure after three busy days must not be."""
    chance, day = np.random.default_rng(1), timedelta(hours=24)
    held = []
    for _ in range(150):
        hits, briers = _of_one_who_knows_nothing(chance, markets, days, every_h)
        blocks = independent(hits, day)
        rate, brier = rate_pct(hits, blocks), mean(briers, blocks, most=1.0)
        held.append((rate.low <= 50 <= rate.high, brier.low <= 0.26 <= brier.high))

    assert np.mean([rate for rate, _ in held]) >= 0.9
    assert np.mean([brier for _, brier in held]) >= 0.88


def _of_one_who_knows_nothing(
    chance: np.random.Generator, markets: int, days: int, every_h: int
) -> tuple[list[Case], list[Case]]:
    """Always a rise with probability 0.6, in markets that correlate with 0.7; horizon 24 h."""
    hours = days * 24 + 24
    common = chance.standard_normal(hours)
    hits, briers = list[Case](), list[Case]()
    for _ in range(markets):
        moves = np.sqrt(0.7) * common + np.sqrt(0.3) * chance.standard_normal(hours)
        price = np.concatenate(([0], np.cumsum(moves)))
        for hour in range(0, days * 24, every_h):
            rose = float(price[hour + 24] > price[hour])
            hits.append(Case(BEGAN + hour * HOUR, rose))
            briers.append(Case(BEGAN + hour * HOUR, (0.6 - rose) ** 2))
    return hits, briers


def test_a_bounded_mean_has_a_bounded_interval() -> None:
    """A Brier score below 0 is none."""
    some = cases(*[0.0] * 29, 1.0)
    found = mean(some, independent(some, HOUR), most=1.0)

    assert (found.low, found.value) == (0.0, pytest.approx(1 / 30, abs=1e-4))
