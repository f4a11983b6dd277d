"""What every indicator promises: missing before warm-up, nothing from the future, no guess."""

from pathlib import Path

import numpy as np
import pytest

from tests.tools.indicators.samples import from_closes, wandering
from tools.indicators import registry
from tools.indicators.bollinger import compute as bollinger
from tools.indicators.registry import INDICATORS, indicator, last, latest
from tools.indicators.rsi import strength_index
from tools.indicators.smoothing import exponential, wilder
from tools.indicators.volume_z import compute as volume_z

pytestmark = pytest.mark.usefixtures("pandas_ta_loaded")

FIRST_VALUE = {
    "ema_20": 20,
    "ema_50": 50,
    "ema_200": 200,
    "macd": 26,
    "macd_signal": 34,
    "macd_hist": 34,
    "rsi_7": 8,
    "rsi_14": 15,
    "atr_3": 4,
    "atr_14": 15,
    "atr_pct_14": 15,
    "bb_upper": 20,
    "bb_middle": 20,
    "bb_lower": 20,
    "bb_pct": 20,
    "adx_14": 201,
    "volume_z": 21,
}
BESIDES = {"compute", "__init__", "asked", "registry", "sets", "smoothing", "tool"}


def test_every_indicator_file_is_registered() -> None:
    """A file without its line would be dead; a line without its file would break a cycle."""
    files = {path.stem for path in Path(registry.__file__).parent.glob("*.py")}
    assert files - BESIDES == set(INDICATORS)


@pytest.mark.parametrize("name", sorted(FIRST_VALUE))
def test_a_value_is_missing_until_its_warm_up_is_over(name: str) -> None:
    """One candle short is None, one more is a number: missing, not wrong."""
    series, bars = wandering(260), FIRST_VALUE[name]
    assert latest(series.last(bars - 1))[name] is None
    assert latest(series.last(bars))[name] is not None


@pytest.mark.parametrize("count", [0, 1, 2, 5, 600])
def test_the_names_are_the_same_for_any_number_of_candles(count: int) -> None:
    """Tables have the same columns for a market listed today."""
    series = wandering(600).last(count)
    assert list(latest(series)) == list(FIRST_VALUE)
    arrays = [array for name in INDICATORS for array in indicator(name)(series).values()]
    assert {array.size for array in arrays} == {count}


@pytest.mark.parametrize("name", INDICATORS)
def test_no_indicator_looks_ahead(name: str) -> None:
    """Candles that come later never change a value that was already there."""
    whole = wandering(600)
    part = whole.closed_by(int(whole.open_time_ms[400]))
    later, then = indicator(name)(whole), indicator(name)(part)
    for key, array in then.items():
        assert np.array_equal(array, later[key][: array.size], equal_nan=True), key


def test_a_market_that_never_moved_has_no_oscillators() -> None:
    """No gain and no loss, no band width, no varied volume: there is nothing to divide by."""
    values = latest(from_closes([0.1] * 300))
    missing = {name for name, value in values.items() if value is None}
    assert missing == {"rsi_7", "rsi_14", "bb_pct", "adx_14", "volume_z"}
    assert values["atr_pct_14"] == 0
    assert values["macd"] == pytest.approx(0, abs=1e-15)


def test_rsi_is_100_when_nothing_fell_and_0_when_nothing_rose() -> None:
    """The ends of the scale are reached, not approached."""
    rising = np.linspace(1, 2, 40)
    assert last(strength_index(rising, 14)) == 100
    assert last(strength_index(rising[::-1].copy(), 14)) == 0


def test_bollinger_place_is_percent_of_the_band() -> None:
    """By hand: nineteen closes of 100 and one of 120 have mean 101 and deviation sqrt(19)."""
    values = bollinger(from_closes([100.0] * 19 + [120.0]))
    deviation = 19**0.5
    assert last(values["bb_middle"]) == 101
    assert last(values["bb_upper"]) == pytest.approx(101 + 2 * deviation)
    assert last(values["bb_pct"]) == pytest.approx(100 * (19 + 2 * deviation) / (4 * deviation))


def test_volume_is_measured_against_the_bars_before_it() -> None:
    """By hand: ten bars of 8 and ten of 12 have mean 10 and deviation 2; 16 stands 3 above."""
    series = from_closes([1.0] * 21, volume=[8.0, 12.0] * 10 + [16.0])
    assert last(volume_z(series)["volume_z"]) == pytest.approx(3)


def test_averages_start_from_the_plain_mean() -> None:
    """By hand: mean of 1, 2, 3 is 2; then halfway (2/4), and a third of the way (1/3), to 6."""
    values = np.array([1.0, 2.0, 3.0, 6.0])
    assert exponential(values, 3)[2:].tolist() == pytest.approx([2, 4])
    assert wilder(values, 3)[2:].tolist() == pytest.approx([2, 2 + 4 / 3])


def test_averages_skip_leading_gaps_only() -> None:
    """The MACD signal averages a line that itself starts late."""
    values = np.array([np.nan, np.nan, 1.0, 3.0, 5.0])
    assert np.isnan(exponential(values, 2)[:3]).all()
    assert exponential(values, 2)[3] == 2


def test_an_infinite_value_is_missing() -> None:
    """JSON has no infinity, and a model could make nothing of one."""
    assert last(np.array([1.0, np.inf])) is None
    assert last(np.array([])) is None
