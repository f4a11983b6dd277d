"""Cipher A on hand-drawn prices and waves with known answers."""

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import HOUR_MS, START_MS, from_closes
from tools.indicators.cipher_a import WARM_UP_BARS, marks
from tools.indicators.events import crossover, crossunder
from tools.indicators.smoothing import Array
from tools.indicators.wavetrend import WaveTrend

BEFORE = WARM_UP_BARS + 5
"""Bars at 100 before the drawing starts: every average of the ribbon is at 100 then."""


def _wave(wt1: list[float], wt2: list[float]) -> WaveTrend:
    first, second = (np.array([line[0]] * BEFORE + line, dtype=np.float64) for line in (wt1, wt2))
    up, down = crossover(first, second), crossunder(first, second)
    return WaveTrend(first, second, first - second, up, down)


def _calm(bars: int) -> WaveTrend:
    return _wave([1.0] * bars, [0.0] * bars)


def _fired(found: dict[str, Array]) -> list[set[str]]:
    """The events at each bar of the drawing."""
    events = set(found) - {"a_wt1", "a_wt2", "a_ribbon_bullish"}
    bars = len(found["a_wt1"])
    return [{n.removeprefix("a_") for n in events if found[n][i] == 1} for i in range(BEFORE, bars)]


def _on(closes: list[float], wave: WaveTrend | None = None, rsi: float = 50) -> dict[str, Array]:
    series = from_closes([100.0] * BEFORE + closes)
    return marks(series, wave or _calm(len(closes)), np.full(len(series), rsi))


def test_a_jump_crosses_the_whole_ribbon_upwards_and_a_fall_downwards() -> None:
    """
    By hand: after 101 the averages of 5, 11, 15 and 34 are at 100.33, 100.17, 100.13 and
    100.06, one above the other; after 90 they are at 96.9, 98.5, 98.9 and 99.5.
    """
    found = _on([101.0, 90.0])
    assert _fired(found) == [
        {"long_ema", "green_cross", "blue_triangle_up"},
        {"short_ema", "red_cross", "blue_triangle_down"},
    ]
    assert found["a_ribbon_bullish"][BEFORE:].tolist() == [1, 0]


def test_diamonds_are_crossings_of_the_waves() -> None:
    """Green up and red down, wherever the waves stand."""
    wave = _wave([-1.0, 1, -1], [0.0, 0, 0])
    assert _fired(_on([100.0, 100, 100], wave)) == [set(), {"green_diamond"}, {"red_diamond"}]


def test_moon_and_dump_need_the_ribbon_at_the_same_bar() -> None:
    """A diamond alone, a cross alone, and both at once."""
    wave = _wave([-1.0, 1, -1], [0.0, 0, 0])
    assert _fired(_on([100.0, 101, 90], wave))[1:] == [
        {"long_ema", "green_cross", "blue_triangle_up", "green_diamond", "moon_diamond"},
        {"short_ema", "red_cross", "blue_triangle_down", "red_diamond", "dump_diamond"},
    ]


@pytest.mark.parametrize(
    ("wt2", "rsi", "yellow"),
    [
        *[(0, 20, True), (44, 29, True), (-79, 16, True)],
        *[(45, 20, False), (-80, 20, False), (0, 15, False), (0, 30, False)],
    ],
)
def test_a_red_diamond_on_an_exhausted_rsi_is_a_yellow_cross_up(
    wt2: float, rsi: float, yellow: bool
) -> None:
    """Waves between -80 and 45, RSI between 15 and 30; bounds do not belong."""
    fired = _fired(_on([100.0, 100], _wave([wt2 + 1, wt2 - 1], [wt2, wt2]), rsi))[1]
    assert ("yellow_cross_up" in fired) is yellow


@pytest.mark.parametrize(
    ("wt2", "rsi", "yellow"), [(56, 69, True), (55, 60, False), (100, 60, False), (60, 70, False)]
)
def test_a_green_diamond_high_up_is_a_yellow_cross_down(
    wt2: float, rsi: float, yellow: bool
) -> None:
    """Waves between 55 and 100, RSI under 70."""
    fired = _fired(_on([100.0, 100], _wave([wt2 - 1, wt2 + 1], [wt2, wt2]), rsi))[1]
    assert ("yellow_cross_down" in fired) is yellow


def test_a_bull_candle_is_the_second_rising_one_above_the_ribbon() -> None:
    """The first opens at 100, on the averages; the third falls."""
    fired = _fired(_on([101.0, 102, 103, 102.5]))
    assert ["bull_candle" in bar for bar in fired] == [False, True, True, False]


def test_a_red_diamond_spoils_a_bull_candle() -> None:
    """The waves turn down while price rises: no green body is painted."""
    wave = _wave([1.0, 1, -1], [0.0, 0, 0])
    assert ["bull_candle" in bar for bar in _fired(_on([101.0, 102, 103], wave))] == [
        *(False, True, False)
    ]


def test_a_bear_candle_is_the_second_falling_one_below_the_ribbon() -> None:
    """The mirror image, without a green diamond; a red cross spoils this one, too."""
    fired = _fired(_on([99.0, 98, 97]))
    assert ["bear_candle" in bar for bar in fired] == [False, True, True]
    wave = _wave([-1.0, -1, 1], [0.0, 0, 0])
    assert "bear_candle" not in _fired(_on([99.0, 98, 97], wave))[2]


def test_a_red_cross_spoils_a_bear_candle() -> None:
    """The original tests the red cross in both; a fall that starts with it is not painted."""
    closes, opens = np.full(BEFORE + 2, 100.0), np.full(BEFORE + 2, 100.0)
    closes[-2:], opens[-2:] = (99.9, 98.0), (99.95, 99.0)
    closes[-3] = 101.0  # lifts the fast average, so that it crosses at the last bar
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    times = START_MS + HOUR_MS * np.arange(closes.size, dtype=np.int64)
    block = np.column_stack([opens, high, low, closes, np.ones(closes.size)])
    series = CandleSeries.checked("BTC/USDT", "1h", times, block)
    found = marks(series, _calm(2), np.full(closes.size, 50.0))
    assert _fired(found)[1] >= {"red_cross"}
    assert "bear_candle" not in _fired(found)[1]


def test_the_ribbon_is_missing_until_its_seed_no_longer_shows() -> None:
    """The slowest average still remembers its first close to 1e-9 at bar 350."""
    found = _on([100.0])
    for name in ("a_ribbon_bullish", "a_bull_candle", "a_moon_diamond"):
        assert np.isnan(found[name][:WARM_UP_BARS]).all(), name
        assert not np.isnan(found[name][WARM_UP_BARS + 1 :]).any(), name
