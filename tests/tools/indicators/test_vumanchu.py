"""Cipher A and B as a whole: equal to a plain loop, blind to the future, short for agents."""

from functools import cache

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators import vumanchu_loop as loop
from tests.tools.indicators.lookahead import changed_later, some_bars
from tests.tools.indicators.samples import REAL, from_closes, wandering
from tools.indicators import vumanchu
from tools.indicators.smoothing import Array

SIZE = 600
LONG = 4500
NUMBERS = {
    *("wt1", "wt2", "wt_fast", "money_flow", "money_flow_a", "a_wt1", "a_wt2"),
    *("b_stoch_k", "b_stoch_d", "wt_fast_12h"),
}


@cache
def _whole(coin: str, interval: str) -> CandleSeries:
    """Real candles of one market; a generated walk where the shared data is not there."""
    if not REAL.exists():
        return _walk(len(coin), interval)
    import pandas as pd

    frame = pd.read_parquet(REAL / f"{coin}_USDT-{interval}.202409-202506.parquet")
    block = frame[["open", "high", "low", "close", "volume"]].to_numpy(dtype=np.float64)
    times = frame["timestamp"].to_numpy(dtype=np.int64)
    return CandleSeries.checked(f"{coin}/USDT", interval, times, block)


def _walk(seed: int, interval: str) -> CandleSeries:
    from tools.indicators.higher_frames import resampled

    return resampled(wandering(6000, seed=seed), interval)


def _frames(coin: str, at_ms: int, count: int) -> dict[str, CandleSeries]:
    return {i: _whole(coin, i).closed_by(at_ms).last(count) for i in ("1h", "4h")}


def _at(coin: str, bar: int) -> int:
    return int(_whole(coin, "1h").open_time_ms[bar])


@pytest.fixture(scope="module", params=["BTC", "DOGE", "SOL"])
def both(request: pytest.FixtureRequest) -> tuple[dict[str, Array], loop.Marks]:
    """The last 600 candles by the desk, and by the loop, which saw thousands before them."""
    at_ms = _at(request.param, 5700)
    short, long = (_frames(request.param, at_ms, count) for count in (SIZE, LONG))
    hours, four_hours = (loop.Bars.of(long[interval]) for interval in ("1h", "4h"))
    second = {
        **loop.cipher_a(hours),
        **loop.cipher_b(hours),
        **loop.sommi(hours, hours, four_hours),
    }
    return vumanchu.compute_frames(short, "1h"), second


def test_every_figure_agrees_with_a_plain_loop(
    both: tuple[dict[str, Array], loop.Marks],
) -> None:
    """Within 1e-9, though the loop began long before: after warm-up the start does not show."""
    ours, second = both
    assert set(ours) == set(second)
    for name in NUMBERS:
        known = ~np.isnan(ours[name])
        theirs = np.array(second[name][-SIZE:])
        off = np.abs(ours[name][known] - theirs[known])
        assert np.all(off <= 1e-9 * np.maximum(np.abs(theirs[known]), 1)), name
        assert known[400:].all(), name


def test_every_mark_agrees_with_a_plain_loop(
    both: tuple[dict[str, Array], loop.Marks],
) -> None:
    """Bar by bar; a mark that cannot be known from 600 candles is missing, never the reverse."""
    ours, second = both
    for name in set(ours) - NUMBERS:
        known = ~np.isnan(ours[name])
        theirs = np.array(second[name][-SIZE:])
        assert np.array_equal(ours[name][known], theirs[known]), name
        assert known[400:].mean() > 0.97, name


@pytest.mark.skipif(not REAL.exists(), reason="the shared candles are not here")
def test_real_candles_show_every_mark() -> None:
    """Agreement on marks that never appear would prove nothing."""
    seen = {
        name
        for coin in ("BTC", "DOGE", "SOL", "ETH", "XRP")
        for name, array in vumanchu.compute_frames(
            _frames(coin, _at(coin, 5700), 5000), "1h"
        ).items()
        if (array == 1).any()
    }
    assert set(vumanchu.SIGNALS) == seen & set(vumanchu.SIGNALS)


def test_no_figure_and_no_mark_looks_ahead() -> None:
    """The registry's proof has few larger candles; here half-days and flags are known, too."""
    frames = _frames("BTC", _at("BTC", 5000), 1600)
    bars = some_bars(500, of=1600, seed=11)
    assert changed_later(vumanchu.compute_frames, frames, "1h", bars) == {}
    assert not np.isnan(vumanchu.compute_frames(frames, "1h")["sommi_flag_up"][-600:]).any()


@pytest.mark.parametrize("count", [0, 1, 4, 59, 179, 600])
def test_the_names_are_the_same_for_any_number_of_candles(count: int) -> None:
    """Tables have the same columns for a market listed today; every array fits the series."""
    found = vumanchu.compute_frames({"1h": wandering(600).last(count)}, "1h")
    assert list(found) == list(vumanchu.compute_frames({"1h": wandering(600)}, "1h"))
    assert {array.size for array in found.values()} == {count}


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *[("money_flow", 60), ("wt1", 181), ("wt2", 181), ("wt_level", 181), ("b_buy", 182)],
        *[("a_ribbon_bullish", 351), ("a_red_cross", 352), ("b_stoch_k", 351)],
        *[("b_wt_bullish_div", 185), ("b_rsi_hidden_bullish_div", 355)],
    ],
)
def test_no_value_before_its_warm_up(name: str, first: int) -> None:
    """Missing, not wrong: the first candles of a series would depend on where it was cut."""
    array = vumanchu.compute_frames({"1h": wandering(600)}, "1h")[name]
    assert int(np.flatnonzero(~np.isnan(array))[0]) + 1 == first


def test_a_market_that_stopped_shows_no_mark() -> None:
    """What is left of old moves is rounding, which must not pass for an extreme."""
    closes = [*wandering(400).close, *[100.0] * 600]
    found = vumanchu.compute_frames({"1h": from_closes(closes)}, "1h")
    assert abs(found["wt1"][-1]) < 1e-9
    fired = {name for name in vumanchu.SIGNALS if (found[name][-300:] == 1).any()}
    assert fired == set()


def test_a_market_that_never_moved_is_at_zero() -> None:
    """Nothing to divide by: the waves rest at 0, and what needs RSI is missing."""
    found = vumanchu.summary(vumanchu.compute_frames({"1h": from_closes([0.1] * 600)}, "1h"))
    assert (found.wt1, found.wt2, found.money_flow, found.fired) == (0, 0, -2.5, ())
    assert "b_rsi_bullish_div" in found.missing


def test_the_summary_names_recent_marks_newest_first() -> None:
    """An agent reads what happened and how long ago, not forty columns of zeros."""
    values = {name: np.zeros(10) for name in vumanchu.SIGNALS}
    values |= {name: np.full(10, 1.25) for name in ("wt1", "wt2", "money_flow")}
    values["a_ribbon_bullish"] = np.ones(10)
    values["b_buy"][[3, 8]] = 1
    values["b_gold_buy"][9] = 1
    values["a_red_cross"][6] = 1
    values["sommi_flag_up"][:] = np.nan
    found = vumanchu.summary(values, bars=3)
    assert [(one.name, one.side, one.age_bars) for one in found.fired] == [
        ("b_gold_buy", "wait", 0),
        ("b_buy", "bullish", 1),
    ]
    assert found.missing == ("sommi_flag_up",)
    assert found.ribbon_bullish is True
    assert found.in_words() == "wt1 1.2, wt2 1.2, money flow 1.2; b_gold_buy now, b_buy 1 bar ago"


def test_an_empty_market_has_a_summary_of_nothing() -> None:
    """A market listed today is described, not refused."""
    found = vumanchu.summary(vumanchu.compute_frames({"1h": wandering(600).last(0)}, "1h"))
    assert (found.wt1, found.ribbon_bullish, found.fired) == (None, None, ())
    assert set(found.missing) == set(vumanchu.SIGNALS)


def test_every_event_has_a_side() -> None:
    """A new mark without a side would never reach an agent."""
    found = vumanchu.compute_frames({"1h": wandering(600)}, "1h")
    states = {"wt_cross_up", "wt_cross_down", "wt_level", "a_ribbon_bullish"}
    assert set(found) - NUMBERS - states == set(vumanchu.SIGNALS)
