"""The shape of a chart, on charts whose shape is known."""

import numpy as np
import pytest

from tests.tools.chart.drawn import chart, through, walk
from tests.tools.indicators.samples import from_closes, snapshot, wandering
from tools.chart.geometry import BARS, geometry


@pytest.mark.parametrize(("step", "trend"), [(0.01, "up"), (-0.01, "down")])
def test_a_steady_climb_is_a_trend_with_its_slope(step: float, trend: str) -> None:
    """Closes that grow one percent a bar have exactly that slope."""
    closes = 100 * np.exp(np.arange(150) * step)
    shape = geometry(from_closes(closes))
    assert shape.trend == trend
    assert shape.slope_pct_per_bar == pytest.approx(100 * np.expm1(step))


def test_a_climb_that_drowns_in_noise_is_a_range() -> None:
    """The climb over the window must be four deviations of what the line leaves over."""
    wave = np.sin(np.arange(100) * 2 * np.pi / 10)
    climb = np.arange(100) / 100
    deviation = 0.01 * np.sqrt(0.5)
    below, above = (np.exp(wave * 0.01 + climb * k * deviation) for k in (3.0, 5.0))
    assert geometry(from_closes(below)).trend == "range"
    assert geometry(from_closes(above)).trend == "up"


def test_a_flat_market_is_a_range_without_levels() -> None:
    """Nothing moved: no division by zero, no swing, no pattern."""
    shape = geometry(from_closes([5.0] * 150))
    assert (shape.trend, shape.slope_pct_per_bar) == ("range", 0)
    assert (shape.support, shape.resistance, shape.pattern) == (None, None, "none")
    assert (shape.range_low, shape.range_high) == (5, 5)


def test_levels_are_the_nearest_swings_with_their_touches() -> None:
    """Two lows at 100 and one far below; two highs at 110 and one far above."""
    closes = through(
        (0, 105), (10, 90), (20, 120), (30, 100), (40, 110), (50, 100.1), (60, 109.9), (64, 106)
    )
    shape = geometry(from_closes(closes, wick=0.002))
    assert shape.support == pytest.approx(100.1 * 0.998)
    assert shape.resistance == pytest.approx(109.9 * 1.002)
    assert (shape.support_touches, shape.resistance_touches) == (2, 2)


def test_without_a_swing_on_that_side_there_is_no_level() -> None:
    """At a new high nothing stands above; missing, and no touches."""
    shape = geometry(from_closes(through((0, 100), (20, 90), (60, 150)), wick=0.001))
    assert (shape.resistance, shape.resistance_touches) == (None, 0)
    assert shape.support == pytest.approx(90 * 0.999)


def test_pattern_and_trend_lines_are_part_of_the_shape() -> None:
    """The one record an agent's numbers and its picture are both made of."""
    shape = geometry(chart((0, 100), (30, 120), (45, 110), (60, 120.1), (75, 108)))
    assert (shape.pattern, shape.pattern_level) == ("double_top", pytest.approx(110 * 0.999))
    climbing = geometry(walk(400, seed=3))
    lines = [line for line in (climbing.low_line, climbing.high_line) if line is not None]
    assert all(abs(line.distance_atr) <= 5 and line.touches >= 3 for line in lines)


@pytest.mark.parametrize("count", [1, 4, 29])
def test_few_candles_have_no_trend_range_or_pattern(count: int) -> None:
    """A market listed today: missing, not guessed from a handful of bars."""
    shape = geometry(wandering(600).last(count))
    assert (shape.trend, shape.range_high, shape.pattern) == (None, None, "none")


def test_only_the_last_hundred_bars_count() -> None:
    """What happened before is history: an old crash changes no number of today's chart."""
    recent = wandering(BARS, seed=4).close
    quiet = np.concatenate([np.full(200, recent[0]), recent])
    crash = quiet.copy()
    crash[:60] = recent[0] * 3
    calm, shaken = geometry(from_closes(quiet)), geometry(from_closes(crash))
    for name in ("trend", "slope_pct_per_bar", "range_high", "support", "resistance", "pattern"):
        assert getattr(calm, name) == getattr(shaken, name)


def test_geometry_is_dated_by_its_last_candle() -> None:
    """The record says which candle it speaks of."""
    series = wandering(300)
    shape = geometry(snapshot(series).markets["BTC/USDT"].frames["1h"])
    assert (shape.symbol, shape.interval, shape.as_of) == ("BTC/USDT", "1h", series.closes_at)
