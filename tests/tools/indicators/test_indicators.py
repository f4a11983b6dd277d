"""What every indicator promises: missing before warm-up, nothing from the future, no guess."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import HOUR_MS, START_MS, from_closes, wandering
from tools.indicators import registry
from tools.indicators.bollinger import compute as bollinger
from tools.indicators.obv import compute as obv
from tools.indicators.registry import (
    FRAMED,
    INDICATORS,
    SHOWN,
    SHOWN_LARGER,
    arrays,
    framed_indicator,
    indicator,
    last,
    latest,
)
from tools.indicators.rolling_range import rolling_range
from tools.indicators.rsi import strength_index
from tools.indicators.smoothing import Array, exponential, from_first, wilder
from tools.indicators.volatility import compute as volatility
from tools.indicators.volume_z import compute as volume_z
from tools.indicators.vwap import compute as vwap

FIRST_VALUE = {
    "ema_20": 20,
    "ema_50": 50,
    "ema_200": 200,
    "sma_20": 20,
    "sma_50": 50,
    "sma_200": 200,
    **{f"ema_{length}": length for length in (5, 11, 15, 18, 21, 24, 28, 34)},
    "macd": 26,
    "macd_signal": 34,
    "macd_hist": 34,
    "schaff": 68,
    "rsi_7": 8,
    "rsi_14": 15,
    "stoch_rsi_k": 30,
    "stoch_rsi_d": 32,
    "mfi_14": 15,
    "atr_3": 4,
    "atr_14": 15,
    "atr_pct_14": 15,
    "volatility_pct_30": 31,
    "bb_upper": 20,
    "bb_middle": 20,
    "bb_lower": 20,
    "bb_pct": 20,
    "range_high": 21,
    "range_low": 21,
    "range_height_atr": 21,
    "adx_14": 28,
    "vwap": 1,
    "obv": 1,
    "obv_net_pct_20": 21,
    "volume_z": 21,
    **{f"ha_{part}": 31 for part in ("open", "high", "low", "close", "colour")},
}
"""The bar at which each figure of one series first has a value; those of FRAMED: elsewhere."""


def _first(series: CandleSeries, count: int) -> CandleSeries:
    return series.closed_by(int(series.open_time_ms[0]) + count * HOUR_MS)


def test_every_indicator_file_is_registered() -> None:
    """A file without its line would be dead; a line without its file would break a cycle."""
    folder = Path(registry.__file__).parent
    written = {
        kind: {path.stem for path in folder.glob("*.py") if f"\ndef {kind}(" in path.read_text()}
        for kind in ("compute", "compute_frames")
    }
    assert written == {"compute": set(INDICATORS), "compute_frames": set(FRAMED)}


@pytest.mark.parametrize("name", sorted(FIRST_VALUE))
def test_a_value_is_missing_until_its_warm_up_is_over(name: str) -> None:
    """One candle short is None, one more is a number: missing, not wrong."""
    series, bars = wandering(260, seed=9), FIRST_VALUE[name]
    assert latest(_first(series, bars - 1))[name] is None
    assert latest(_first(series, bars))[name] is not None


def test_nothing_is_missing_again_once_it_is_there() -> None:
    """In a market that moves and trades every bar, a figure has no holes."""
    for name in INDICATORS:
        for key, array in indicator(name)(wandering(600, seed=9)).items():
            assert np.isfinite(array[FIRST_VALUE[key] - 1 :]).all(), key


@pytest.mark.parametrize("count", [0, 1, 2, 5, 600])
def test_the_names_are_the_same_for_any_number_of_candles(count: int) -> None:
    """Tables have the same columns for a market listed today."""
    series = wandering(600).last(count)
    found = arrays({"1h": series}, "1h")
    assert list(found) == list(latest(wandering(600)))
    assert [key for key in found if key in FIRST_VALUE] == list(FIRST_VALUE)
    assert {array.size for array in found.values()} == {count}


def test_what_is_known_of_a_market_is_not_computed_again() -> None:
    """Signals and tables of one market share their indicators; each is computed once."""
    frames = {"1h": wandering(60)}
    mine = {"mine": np.zeros(60)}
    known = {("1h", "ema"): mine}
    found = arrays(frames, "1h", known)
    assert found["mine"] is mine["mine"]
    assert "ema_20" not in found
    assert {name for _, name in known} == {*INDICATORS, *FRAMED}


def test_no_two_indicators_share_a_name() -> None:
    """The second would hide the first."""
    frames = {"1h": wandering(5)}
    names = [key for name in INDICATORS for key in indicator(name)(frames["1h"])]
    names += [key for name in FRAMED for key in framed_indicator(name)(frames, "1h")]
    assert len(names) == len(set(names))


def test_the_page_has_every_name_and_its_first_bar() -> None:
    """A table that people read is wrong as soon as it is not checked."""
    page = Path(registry.__file__).parents[2] / "docs/indicators.md"
    found: dict[str, int] = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and (names := re.findall(r"`(\w+)`", cells[0])):
            found |= zip(names, map(int, cells[-1].split(", ")), strict=True)
    assert found == FIRST_VALUE


def test_what_agents_are_shown_exists_and_larger_intervals_show_less() -> None:
    """A table's columns are a choice from what is computed; a name too many would be empty."""
    assert set(SHOWN) <= set(latest(wandering(5)))
    assert set(SHOWN_LARGER) < set(SHOWN)
    assert len(set(SHOWN)) == len(SHOWN) <= 16


def test_a_market_that_never_moved_has_no_oscillators() -> None:
    """No gain and no loss, no band width, no varied volume: there is nothing to divide by."""
    values = latest(from_closes([0.1] * 300))
    missing = {name for name in FIRST_VALUE if values[name] is None}
    assert missing == {
        *("rsi_7", "rsi_14", "stoch_rsi_k", "stoch_rsi_d", "mfi_14", "schaff"),
        *("bb_pct", "range_height_atr", "adx_14", "volume_z"),
    }
    assert {values[name] for name in ("atr_pct_14", "volatility_pct_30", "ha_colour")} == {0}
    assert {values[name] for name in ("macd", "macd_hist")} == {0}


def test_a_market_that_stands_still_gets_no_figure_out_of_rounding() -> None:
    """After a move nothing but the last bits change, and they would pass for an oscillator."""
    closes = [*wandering(100).close, *[100.0] * 500]
    values = arrays({"1h": from_closes(closes)}, "1h")
    for name in ("stoch_rsi_k", "bb_pct"):
        assert np.isnan(values[name][-300:]).all(), name
    assert set(values["range_height_atr"][-300:]) == {0}
    assert np.ptp(values["schaff"][-20:]) == 0


def test_a_market_without_trades_has_no_volume_figures() -> None:
    """No volume: nothing to weigh prices with."""
    values = latest(from_closes(wandering(300).close, volume=[0.0] * 300))
    missing = {name for name in FIRST_VALUE if values[name] is None}
    assert missing == {"mfi_14", "vwap", "obv_net_pct_20", "volume_z"}


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


def test_an_average_may_start_from_its_first_value() -> None:
    """By hand: halfway from 2 to 4 is 3, halfway from 3 to 7 is 5; a gap before it is skipped."""
    values = np.array([np.nan, 2.0, 4.0, 7.0])
    assert from_first(values, 0.5)[1:].tolist() == [2, 3, 5]


def test_an_average_of_a_price_that_stands_still_is_that_price() -> None:
    """Two averages of one price must not differ by a bit, which would be a cross."""
    still = np.full(600, 0.1)
    assert {*exponential(still, 20)[19:], *wilder(still, 14)[13:]} == {0.1}


def test_an_average_keeps_its_digits_through_a_crash() -> None:
    """A coin may lose all but a millionth: what came before must not drown what is left."""
    closes = np.concatenate([np.full(100, 1e6), np.full(500, 1.0)])
    expected = 1 + (1e6 - 1) * (1 - 2 / 21) ** np.arange(1, 501)
    assert exponential(closes, 20)[100:] == pytest.approx(expected, rel=1e-11)


def test_the_range_is_that_of_the_bars_before() -> None:
    """A close can leave the range only if the bar itself is not part of it."""
    found = rolling_range(from_closes([10.0, 12.0, 11.0, 30.0, 5.0]), 3)
    assert np.isnan(found.high[:3]).all()
    assert found.high[3:].tolist() == [12, 30]
    assert found.low[3:].tolist() == [10, 10]


def test_the_range_is_measured_in_true_ranges_of_the_bar_before() -> None:
    """By hand: twenty bars that climb 1 each span 20 from the first open, in steps of 1."""
    found = rolling_range(from_closes(np.arange(1.0, 23.0)), 20)
    assert found.height_atr[-1] == pytest.approx(20)


def test_vwap_starts_anew_each_day_and_waits_for_the_first_whole_one() -> None:
    """By hand: 3 lots at 10 and 1 at 14 cost 11 each; the day that was half over has none."""
    flat = from_closes([50.0, 50.0, 10.0, 10.0, 14.0], volume=[9.0, 9.0, 0.0, 3.0, 1.0])
    series = replace(flat, high=flat.close, low=flat.close)
    found = vwap(_at(series, START_MS - 2 * HOUR_MS))["vwap"]
    assert np.isnan(found[:3]).all()
    assert found[3:].tolist() == [10, 11]
    assert vwap(series)["vwap"][1] == 50


def test_a_day_of_one_bar_has_no_vwap() -> None:
    """It would be that bar's own typical price under another name."""
    daily = from_closes([1.0, 2.0, 3.0])
    series = CandleSeries(
        "BTC/USDT", "1d", START_MS + 24 * HOUR_MS * np.arange(3), *_columns(daily)
    )
    assert np.isnan(vwap(series)["vwap"]).all()


def test_a_change_over_a_gap_is_no_change_of_one_bar() -> None:
    """Thirty-three hours of outage would pass for one wild hour."""
    series = wandering(100)
    times = series.open_time_ms + np.where(np.arange(100) >= 50, 33 * HOUR_MS, 0)
    found = volatility(CandleSeries("BTC/USDT", "1h", times, *_columns(series)))
    whole = volatility(series)["volatility_pct_30"]
    assert np.isnan(found["volatility_pct_30"][50:80]).all()
    assert found["volatility_pct_30"][80:].tolist() == whole[80:].tolist()


def test_volume_counts_with_the_close() -> None:
    """By hand: 5, then +3 on a rise, nothing on a standstill, -4 on a fall."""
    values = obv(from_closes([1.0, 2.0, 2.0, 1.0], volume=[5.0, 3.0, 7.0, 4.0]))
    assert values["obv"].tolist() == [5, 8, 8, 4]


def test_the_net_share_of_volume_is_free_of_the_start() -> None:
    """By hand: fifteen rises and five falls of equal volume leave half of it."""
    closes = np.cumsum([100.0, *[1.0] * 15, *[-1.0] * 5])
    assert last(obv(from_closes(closes))["obv_net_pct_20"]) == 50


def _columns(series: CandleSeries) -> tuple[Array, ...]:
    return series.open, series.high, series.low, series.close, series.volume


def _at(series: CandleSeries, start_ms: int) -> CandleSeries:
    times = series.open_time_ms - series.open_time_ms[0] + start_ms
    return CandleSeries(series.symbol, series.interval, times, *_columns(series))
