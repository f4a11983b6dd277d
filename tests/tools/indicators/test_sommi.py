"""Sommi flag and diamond on hand-drawn waves, with larger candles of a known colour."""

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import HOUR_MS, START_MS
from tools.indicators.events import crossover, crossunder
from tools.indicators.higher_frames import built
from tools.indicators.registry import Frames
from tools.indicators.smoothing import Array
from tools.indicators.sommi import marks
from tools.indicators.wavetrend import WaveTrend, wave_trend

HOURS = 12 * 260


def _trend(step: float) -> CandleSeries:
    """A slow swing that turns into a run of two days; its last hour closes a half-day."""
    hour = np.arange(HOURS)
    close = 1000 + 5 * np.sin(hour / 80) + step * np.maximum(0, hour - HOURS + 48)
    opened = np.concatenate([[1000.0], close[:-1]])
    block = np.column_stack(
        [opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(HOURS)]
    )
    times = START_MS + HOUR_MS * np.arange(HOURS, dtype=np.int64)
    return CandleSeries.checked("BTC/USDT", "1h", times, block)


def _wave(wt2: float, *, up: bool) -> WaveTrend:
    """Waves that cross at the last hour."""
    second = np.full(HOURS, float(wt2))
    first = second + (-1 if up else 1)
    first[-1] = wt2 + (1 if up else -1)
    return WaveTrend(
        first, second, first - second, crossover(first, second), crossunder(first, second)
    )


def _fired(frames: Frames, wave: WaveTrend, flow: float) -> set[str]:
    found = marks(frames, frames["1h"], wave, np.full(HOURS, flow))
    return {name for name, array in found.items() if name != "wt_fast_12h" and array[-1] == 1}


def _fast(series: CandleSeries) -> Array:
    half_days = built({"1h": series}, "12h")
    assert half_days is not None
    return wave_trend(half_days).fast


@pytest.fixture
def up() -> CandleSeries:
    """A rise whose half-days have the fast wave above zero, and green candles."""
    series = _trend(5)
    assert _fast(series)[-1] > 0
    return series


@pytest.fixture
def down() -> CandleSeries:
    series = _trend(-5)
    assert _fast(series)[-1] < 0
    return series


def test_both_marks_of_a_turn_that_larger_frames_share(
    up: CandleSeries, down: CandleSeries
) -> None:
    """Bought from below zero in a rising market, sold from above zero in a falling one."""
    assert _fired({"1h": up}, _wave(-5, up=True), flow=3) == {"sommi_flag_up", "sommi_diamond_up"}
    assert _fired({"1h": down}, _wave(5, up=False), flow=-3) == {
        *("sommi_flag_down", "sommi_diamond_down")
    }


def test_a_flag_needs_money_flow_and_the_fast_wave(up: CandleSeries, down: CandleSeries) -> None:
    """Without either of them only the diamond is left, or nothing."""
    assert _fired({"1h": up}, _wave(-5, up=True), flow=0) == {"sommi_diamond_up"}
    assert _fired({"1h": down}, _wave(-5, up=True), flow=3) == set()


def test_zero_is_enough_for_a_diamond_and_not_for_a_flag(up: CandleSeries) -> None:
    """wt2 <= 0 there, wt2 < 0 here, as the formulas have it."""
    assert _fired({"1h": up}, _wave(0, up=True), flow=3) == {"sommi_diamond_up"}
    assert _fired({"1h": up}, _wave(5, up=True), flow=3) == set()


def test_nothing_fires_without_a_crossing(up: CandleSeries) -> None:
    """The larger frames only agree with a turn; they do not make one."""
    assert _fired({"1h": up}, _wave(-5, up=False), flow=3) == set()


def test_without_the_hours_the_diamond_is_missing(up: CandleSeries) -> None:
    """Four-hour candles tell half-days but not hours: the flag is known, the diamond is not."""
    four_hours = built({"1h": up}, "4h")
    assert four_hours is not None
    size = len(four_hours)
    wave = WaveTrend(*(array[-size:] for array in _arrays(_wave(-5, up=True))))
    found = marks({"4h": four_hours}, four_hours, wave, np.full(size, 3.0))
    assert np.isnan(found["sommi_diamond_up"]).all()
    assert found["sommi_flag_up"][-1] == 1


def test_without_enough_half_days_the_flag_is_missing(up: CandleSeries) -> None:
    """600 hours are 50 half-days, too few for waves of them."""
    short = up.last(600)
    wave = WaveTrend(*(array[-600:] for array in _arrays(_wave(-5, up=True))))
    found = marks({"1h": short}, short, wave, np.full(600, 3.0))
    assert np.isnan(found["sommi_flag_up"]).all()
    assert found["sommi_diamond_up"][-1] == 1


def _arrays(wave: WaveTrend) -> tuple[Array, ...]:
    return wave.wt1, wave.wt2, wave.fast, wave.cross_up, wave.cross_down
