"""What is odd about frames that can be used: said once, with a count and a place."""

import numpy as np
import pytest

from records.candles import CandleSeries, interval_ms
from records.errors import BadCandles, StaleCandles
from tools.exchange.findings import frame_findings, market_findings, stale_finding

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_735_689_600_000  # Wednesday 2025-01-01 00:00 UTC


def frame(
    count=40, *, interval="1h", start=START, symbol="BTC/USDT", volume=10.0, gaps=(), wide=()
):
    """Candles from 100 to 101; those in `gaps` are missing, those in `wide` reach to 140."""
    times = start + np.arange(count, dtype=np.int64) * interval_ms(interval)
    block = np.tile([100.0, 101.0, 100.0, 100.5, volume], (count, 1))
    block[list(wide), 1] = 140.0
    kept = np.delete(np.arange(count), list(gaps))
    return CandleSeries.checked(symbol, interval, times[kept], block[kept])


def end_ms(series):
    return int(series.open_time_ms[-1]) + interval_ms(series.interval)


def found(series, wanted=None):
    """Right after its last close."""
    return frame_findings(series, len(series) if wanted is None else wanted, end_ms(series))


def with_volume(volumes):
    plain = frame(len(volumes))
    columns = (plain.open, plain.high, plain.low, plain.close, np.array(volumes, dtype=float))
    return CandleSeries.checked("BTC/USDT", "1h", plain.open_time_ms, np.column_stack(columns))


def test_a_sound_frame_says_nothing():
    """Every word costs its reader; silence is the usual answer."""
    assert found(frame()) == []


def test_too_few_candles_are_counted():
    """An indicator that needs 200 candles has no value in a frame of 40."""
    (one,) = found(frame(), wanted=600)
    assert (one.kind, one.count) == ("short", 560)
    assert str(one) == "1h: 40 closed candles, 600 were asked for"


def test_gaps_are_counted_with_the_longest_and_its_place():
    """A move across a gap took longer than its candle says."""
    (one,) = found(frame(gaps=(5, 10, 11, 12)))
    assert (one.kind, one.count) == ("gap", 4)
    assert one.sentence == (
        "4 candles missing in 2 gaps, at most 3 in a row, after 2025-01-01 09:00"
    )


def test_candles_without_trade_are_counted_from_the_first():
    """Their prices are those of the last trade, not of the market."""
    (one,) = found(with_volume([1, 1, 0, 1, 0]))
    assert (one.kind, one.count) == ("no_trade", 2)
    assert one.sentence == "2 candles without trade, the first 2025-01-01 02:00"


def test_a_frame_without_any_volume_is_another_matter():
    """Mark prices have none: an OBV of them is no fact about the market."""
    (one,) = found(with_volume([0] * 5))
    assert (one.kind, one.sentence) == ("no_volume", "no volume, so no figure of it counts")


def test_candles_off_the_grid_are_told():
    """They cannot be put together with those of another frame."""
    (one,) = found(frame(start=START + HOUR // 2))
    assert (one.kind, one.count) == ("off_grid", 40)
    assert one.sentence.endswith("the first 2025-01-01 00:30")


@pytest.mark.parametrize("start", [START + 5 * DAY, START + DAY], ids=["Monday", "Thursday"])
def test_weeks_may_begin_on_any_day(start):
    """Some venues begin them where the epoch did, on a Thursday; that is no fault."""
    assert found(frame(interval="1w", start=start)) == []


def test_a_spike_is_told_with_its_size_and_the_yardstick():
    """A crash or a wrong tick: the reader judges which, and needs the figure for it."""
    (one,) = found(frame(wide=(7, 20)))
    assert (one.kind, one.count) == ("spike", 2)
    assert one.sentence == (
        "2 spikes, the widest 2025-01-01 07:00: range 40 %, 40 times the median"
    )


def flat_tick(price, gaps=()):
    """All four prices of one candle, at hour 20, are this."""
    series = frame()
    block = np.stack((series.open, series.high, series.low, series.close, series.volume), axis=1)
    block[20, :4] = price
    kept = np.delete(np.arange(len(series)), list(gaps))
    return CandleSeries.checked("BTC/USDT", "1h", series.open_time_ms[kept], block[kept])


def test_a_wrong_tick_without_a_range_is_told():
    """Its high is its low; only the close before shows it. The way back is the second spike."""
    (one,) = found(flat_tick(1e-3))
    assert (one.kind, one.count) == ("spike", 2)
    assert "range 1.01e+07 %" in one.sentence


def test_a_move_over_a_gap_is_no_spike():
    """It took longer than its candle says; the gap is told."""
    kinds = [one.kind for one in found(flat_tick(130, gaps=(19, 21)))]
    assert kinds == ["gap"]


def test_an_absurd_range_is_told_in_few_words():
    """Of the smallest price there may be; all its digits would say no more."""
    (one,) = found(flat_tick(1e-15))
    assert one.sentence.endswith("range 1.01e+19 %, 1.01e+19 times the median")


@pytest.mark.parametrize(("count", "kinds"), [(9, []), (10, ["spike"])])
def test_a_handful_of_candles_has_no_median_to_speak_of(count, kinds):
    """Of two candles one is always twice the other."""
    assert [one.kind for one in found(frame(count, wide=(3,)))] == kinds


def test_a_market_that_hardly_moves_has_no_spikes():
    """A median range of zero would make every candle one."""
    flat = np.tile([1.0, 1.0, 1.0, 1.0, 5.0], (40, 1))
    flat[3, 1] = 1.01
    assert found(CandleSeries.checked("USDC/USDT", "1h", frame().open_time_ms, flat)) == []


@pytest.mark.parametrize(
    ("symbol", "volume", "kinds"),
    [("BTC/USDT", 5e8, ["units"]), ("BTC/USDT", 1e8, []), ("BTC/IDR", 5e8, [])],
)
def test_volume_that_cannot_be_in_base_units_is_told(symbol, volume, kinds):
    """No market turns over a trillion dollars a day; of rupiah it may."""
    assert [one.kind for one in found(frame(symbol=symbol, volume=volume))] == kinds


def test_stale_is_more_than_two_intervals_without_a_close():
    """The venue may be late by one candle; at the second it has stopped."""
    series = frame()
    assert stale_finding(series, end_ms(series) + 2 * HOUR) is None
    one = stale_finding(series, end_ms(series) + 2 * HOUR + 1000)
    assert str(one) == "1h: stale, the last candle closed 2:00:01 ago"


def test_a_stale_frame_beside_a_fresh_one_says_so():
    """The higher time frame may confirm nothing that it has not seen."""
    fast, slow = frame(40), frame(3, interval="4h")
    (one,) = [one for one in market_findings((fast, slow), 3, end_ms(fast)) if one.kind == "stale"]
    assert str(one) == "4h: stale, the last candle closed 1 day, 4:00:00 ago"


@pytest.mark.parametrize("order", [1, -1])
def test_a_market_whose_decision_or_finest_frame_is_stale_cannot_be_used(order):
    """An entry would rest on it: the first frame decides, the finest one prices and guards."""
    fresh, stale = frame(12, interval="4h"), frame(40)
    with pytest.raises(StaleCandles, match="1h: stale, the last candle closed 8:00:00 ago"):
        market_findings((fresh, stale)[::order], 10, end_ms(fresh))


def test_a_stale_decision_frame_is_not_saved_by_a_fresh_finer_one():
    """Signals are taken from the first frame that was asked for."""
    with pytest.raises(StaleCandles, match="4h: stale"):
        market_findings((frame(3, interval="4h"), frame(40)), 3, end_ms(frame(40)))


def test_a_market_without_a_closed_candle_cannot_be_used():
    """A fresh listing: nothing can be computed."""
    with pytest.raises(StaleCandles, match="1h: no closed candle yet"):
        market_findings((frame().last(0),), 10, START)


def test_a_frame_with_a_forming_candle_is_refused():
    """It must never reach an indicator, whichever source forgot to cut it off."""
    with pytest.raises(BadCandles, match=r"BTC/USDT 1h .* of 2025-01-02 15:00, has not closed"):
        frame_findings(frame(), 40, end_ms(frame()) - 1)


def test_a_gap_in_the_smaller_frame_is_no_fault_of_the_larger_one():
    """The hour that made the high is missing: the gap is told, the larger candle is not blamed."""
    fast, slow = frame(40, gaps=(9,)), frame(10, interval="4h", wide=(2,))
    kinds = [one.kind for one in market_findings((fast, slow), 10, end_ms(fast))]
    assert (kinds.count("gap"), kinds.count("disagrees")) == (1, 0)


def test_frames_that_tell_different_stories_are_told():
    """History is revised around outages; a wick on one frame only is not to be trusted."""
    fast, slow = frame(40), frame(10, interval="4h", wide=(2,))
    (one,) = [x for x in market_findings((fast, slow), 10, end_ms(fast)) if x.kind == "disagrees"]
    assert str(one) == (
        "4h: 1 candle not as the 1h ones say, by up to 28 %, the first 2025-01-01 08:00"
    )


def test_a_frame_made_of_the_other_tells_the_same_story():
    """Also where the smaller frame begins or ends inside a larger candle, or has a gap."""
    fast = frame(40, start=START + 2 * HOUR, gaps=(9, 10))
    slow = frame(10, interval="4h")
    found = market_findings((fast, slow), 10, end_ms(fast))
    assert "disagrees" not in {one.kind for one in found}
