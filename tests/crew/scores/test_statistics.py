"""Intervals are those of their sources, and cases of one block count once."""

from datetime import timedelta

import numpy as np
import pytest

from crew.scores.statistics import Case, independent, mean, rate_pct
from tests.crew.scores.histories import BEGAN

HOUR = timedelta(hours=1)


def cases(*values: float, symbol: str = "BTC/USDT", apart: timedelta = HOUR) -> list[Case]:
    return [Case(symbol, BEGAN + number * apart, value) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (29, 29, 88.30, 100.0)],
)
def test_rates_have_the_interval_of_wilson(hits: int, trials: int, low: float, high: float) -> None:
    """Source: the worked examples of Newcombe, Statistics in Medicine 17 (1998), method 3."""
    found = rate_pct(cases(*[1.0] * hits, *[0.0] * (trials - hits)), trials)

    assert (found.low, found.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))


def test_a_mean_of_independent_cases_has_the_usual_error() -> None:
    """With one case a block, clusters change nothing."""
    values = np.random.default_rng(3).normal(2, 5, 50)
    found = mean(some := cases(*values), independent(some, HOUR))

    error = 1.959964 * values.std(ddof=1) / np.sqrt(50)
    assert found.value == pytest.approx(values.mean(), abs=1e-4)
    assert (found.high - found.value) == pytest.approx(error, abs=1e-3)


def test_saying_it_ten_times_makes_nobody_surer() -> None:
    """A desk that runs every three minutes would else be sure of everything within a day."""
    values = np.random.default_rng(3).normal(2, 5, 50)
    once = cases(*values)
    often = [case._replace(at=case.at + n * timedelta(minutes=3)) for case in once
             for n in range(10)]  # fmt: skip

    assert mean(often, independent(often, HOUR)) == mean(once, independent(once, HOUR))


def test_a_block_is_one_market_within_one_horizon() -> None:
    """Whatever the order of the cases, and each market by itself."""
    btc = cases(1, 1, 1, 1, apart=timedelta(minutes=30))
    eth = cases(1, symbol="ETH/USDT")

    assert independent([*btc, *eth], HOUR).tolist() in ([0, 0, 2, 2, 1], [1, 1, 2, 2, 0])
    assert len(set(independent([*reversed(btc)], HOUR).tolist())) == 2
