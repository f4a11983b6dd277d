"""Cipher B on hand-drawn waves with known answers."""

import numpy as np
import pytest

from tests.tools.indicators.samples import from_closes
from tools.indicators.cipher_b import Oscillators, gold_buy, marks
from tools.indicators.events import crossover, crossunder
from tools.indicators.smoothing import Array
from tools.indicators.wavetrend import WaveTrend

DEEP, LATER = 4, 12
"""Bars of two lows of the waves; they are known at 6 and 14."""


def _wave(wt1: Array, wt2: Array) -> WaveTrend:
    return WaveTrend(wt1, wt2, wt1 - wt2, crossover(wt1, wt2), crossunder(wt1, wt2))


def _lines(wt2: Array, rsi: Array) -> Oscillators:
    return Oscillators(_wave(wt2 + 1, wt2), rsi, rsi, rsi)


def _two_lows(deep: float, later: float, after: float) -> Array:
    """Waves with a low at bar 4 and a higher one at bar 12; `after` is where bar 14 stands."""
    line = np.linspace(-10, -11, 16)
    line[[DEEP - 1, DEEP, DEEP + 1]] = deep / 2, deep, deep / 2
    line[[LATER - 1, LATER, LATER + 1, LATER + 2]] = after, later, after, after
    return line


def _gold(deep: float = -80, later: float = -72, after: float = -60, rsi: float = 25) -> float:
    wt2 = _two_lows(deep, later, after)
    divergence = np.zeros(wt2.size)
    divergence[LATER + 2] = 1
    strength = np.full(wt2.size, 50.0)
    strength[DEEP] = rsi
    return float(gold_buy(_lines(wt2, strength), divergence)[LATER + 2])


def test_a_gold_buy_is_a_divergence_just_off_an_extreme_low() -> None:
    """A low of -80 with RSI at 25, a divergence at -60: all of it holds."""
    assert _gold() == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"deep": -74.9},  # the low before was not extreme
        {"after": -76.0, "later": -79.0},  # the waves have not left it yet
        {"deep": -78.0, "after": -74.0, "later": -74.5},  # risen by less than 5
        {"rsi": 30.0},  # RSI was not under 30 at that low
    ],
)
def test_a_gold_buy_needs_every_condition(broken: dict[str, float]) -> None:
    """Each of them alone undoes it."""
    assert _gold(**broken) == 0


def test_a_gold_buy_needs_a_divergence_and_a_low() -> None:
    """No divergence: no gold buy, whatever the low. No low yet: it cannot be known."""
    wt2 = _two_lows(-80, -72, -60)
    lines = _lines(wt2, np.full(wt2.size, 25.0))
    assert gold_buy(lines, np.zeros(wt2.size)).tolist() == [0] * wt2.size
    at_the_first = np.zeros(wt2.size)
    at_the_first[DEEP + 2] = 1
    assert np.isnan(gold_buy(lines, at_the_first)[DEEP + 2])


def test_a_low_proved_at_this_bar_is_not_the_previous_one() -> None:
    """At bar 14 the low of bar 12 (-72) is just proved: the gold buy looks at bar 4 (-80)."""
    assert _gold(deep=-80, later=-72) == 1
    assert _gold(deep=-70, later=-78, after=-60) == 0


@pytest.mark.parametrize(
    ("wt2", "up", "mark"),
    [
        *[(-53, True, "b_buy"), (-52.9, True, None), (53, False, "b_sell")],
        *[(52.9, False, None), (-60, False, None), (60, True, None)],
    ],
)
def test_a_turn_counts_where_the_waves_are_stretched(
    wt2: float, up: bool, mark: str | None
) -> None:
    """Bought when wt1 crosses up at or below -53, sold when down at or above 53."""
    series = from_closes([100.0, 100.0])
    sign = 1 if up else -1
    second = np.full(2, float(wt2))
    wave = _wave(second + np.array([-sign, sign]), second)
    found = marks(series, Oscillators(wave, second, second, second))
    assert [name for name in ("b_buy", "b_sell") if found[name][1] == 1] == [mark] * (
        mark is not None
    )
