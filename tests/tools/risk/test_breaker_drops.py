"""How far a market fell: from the close before a window to its lowest low, or not known."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.tools.risk.breaker_cases import (
    BTC,
    ETH,
    LONG_AGO,
    at,
    listed,
    ms,
    shown,
    spliced,
    spoilt,
    tape,
    world,
)
from tests.tools.risk.cases import candles
from tools.risk.drops import drop, lowest_since, newest_price, slide

CALM = [100.0] * 120


def fell(snapshot, minutes, *, since=None, symbol=BTC):
    """The drop in percent, or None."""
    fall = drop(snapshot, symbol, minutes, since)
    return None if fall is None else fall.pct


def seen(*series, last=100.0):
    return shown(listed(BTC, *series, last=last))


def test_a_drop_counts_from_the_close_before_the_window():
    """A spike that came and went within the window is no fall."""
    up_and_down = candles(BTC, "3m", [100.0] * 118 + [115.0, 100.0])
    assert fell(seen(up_and_down), 5) == 0
    sliding = candles(BTC, "3m", [100.0] * 116 + [104.0, 102.0, 96.0, 94.0])
    assert fell(seen(sliding, last=94), 60) == Decimal(6)


def test_a_low_that_was_bought_back_is_a_fall_all_the_same():
    """A wick of 20 % empties books, whatever the candle closes at."""
    fall = drop(seen(candles(BTC, "3m", CALM, lows={-1: 80.0})), BTC, 5)
    assert (fall.before, fall.lowest, fall.pct, fall.as_of) == (100, 80, 20, at(0))


def test_the_price_of_this_moment_counts():
    """The crash of the last seconds stands in no closed candle yet."""
    assert fell(seen(candles(BTC, "3m", CALM), last=88), 5) == Decimal(12)


def test_an_old_ticker_is_not_this_moment():
    """A price from before the window says nothing of a fall within it."""
    old = listed(BTC, tape(BTC, {LONG_AGO: 100.0}), last=50, minute=-30)
    assert fell(shown(old), 5) == 0
    assert fell(shown(old), 60) == Decimal(50)


def test_a_rise_is_not_a_negative_drop():
    """The figure shown is zero, not a drop of minus five."""
    assert fell(seen(candles(BTC, "3m", [100.0] * 119 + [105.0]), last=105), 5) == 0


def test_prices_are_taken_digit_for_digit():
    """0.3 to 0.255 is 15 % exactly, though not in binary fractions."""
    series = candles(BTC, "3m", [0.3] * 119 + [0.255])
    assert fell(seen(series, last=0.255), 5) == Decimal(15)


def test_the_finest_candles_measure():
    """An hour candle of 11:00 to 12:00 cannot tell what happened in the last five minutes."""
    fine, coarse = candles(BTC, "3m", CALM, lows={-1: 89.0}), candles(BTC, "1h", CALM)
    assert fell(seen(coarse, fine), 5) == Decimal(11)
    assert fell(seen(coarse), 5) is None
    assert fell(seen(coarse), 60) == 0


def test_coarser_candles_step_in_for_a_gap():
    """An hour in which 3m candles are missing can still be measured by the 1h candles."""
    holey = spliced(
        candles(BTC, "3m", CALM, until=at(-90)), candles(BTC, "3m", [90.0] * 10, until=at(0))
    )
    assert fell(seen(holey, last=90), 60) is None
    assert fell(seen(holey, candles(BTC, "1h", CALM), last=90), 60) == Decimal(10)


@pytest.mark.parametrize(
    ("description", "series"),
    [
        ("no candle", candles(BTC, "3m", CALM).last(0)),
        ("only candles older than the window", tape(BTC, {LONG_AGO: 100.0}, -30)),
        ("a stale frame", tape(BTC, {LONG_AGO: 100.0}, -9)),
        ("nothing before the window", candles(BTC, "3m", CALM).last(1)),
        ("only candles of the future", tape(BTC, {LONG_AGO: 100.0}, 2000)),
    ],
)
def test_what_is_missing_is_not_measured(description, series):
    """A figure from other times would be an invention."""
    assert fell(seen(series, last=50), 5) is None, description
    assert slide(seen(series, last=50), BTC, 5) is None, description


def test_a_frame_two_candles_late_still_measures():
    """Venues publish a candle some seconds after it closed."""
    late = tape(BTC, {LONG_AGO: 100.0}, -6)
    assert fell(seen(late, last=90), 60) == Decimal(10)


def test_a_candle_that_is_still_forming_is_left_out():
    """It must never reach a figure: its volume and its low are not there yet."""
    forming = tape(BTC, {LONG_AGO: 100.0, 3: 50.0}, 3)
    assert fell(seen(forming), 5) == 0


@pytest.mark.parametrize("column", ["high", "low", "close", "volume"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_number_that_is_none_spoils_its_frame(column, value):
    """NaN is a fault of the data, and a fault of the data is no crash."""
    bad = spoilt(candles(BTC, "3m", CALM), column, value)
    assert fell(seen(bad, last=50), 5) is None
    assert fell(seen(bad, candles(BTC, "1h", CALM), last=90), 60) == Decimal(10)


def test_a_gap_where_the_window_begins_is_not_a_crash():
    """Six hours without data and a lower price after them is not a fall in five minutes."""
    before = candles(BTC, "3m", [200.0] * 60, until=at(-360))
    after = candles(BTC, "3m", [100.0])
    assert fell(seen(spliced(before, after)), 5) is None
    assert fell(seen(spliced(before, after)), 240) is None


def test_a_gap_within_the_window_hides_no_crash():
    """Venues fail in crashes: both prices are real, and both lie within the hour."""
    before = candles(BTC, "3m", CALM, until=at(-30))
    after = candles(BTC, "3m", [80.0] * 3)
    assert fell(seen(spliced(before, after), last=80), 60) == Decimal(20)


def test_one_candle_missing_where_the_window_begins_is_a_gap():
    """The close before it is a whole candle too old."""
    story = {LONG_AGO: 100.0}
    holey = spliced(tape(BTC, story, -63), tape(BTC, story, 0, count=20))
    assert fell(seen(holey), 60) is None
    assert fell(seen(holey), 63) == 0


def test_the_first_candle_may_begin_the_window():
    """Nothing older is needed than the close before it."""
    assert fell(seen(candles(BTC, "3m", [100.0] * 3), last=90), 5) == 10


def test_a_missing_market_is_not_measured():
    """Nor has it a price."""
    empty = shown()
    assert drop(empty, BTC, 5) is None
    assert slide(empty, BTC, 30) is None
    assert newest_price(empty, BTC) is None
    assert lowest_since(empty, BTC, at(-10)) is None


# after a reset


def test_no_fall_from_before_a_reset_counts():
    """The person who resets has seen that fall."""
    story = {0: 80.0}
    assert fell(world(6, btc=story), 60) == Decimal(20)
    assert fell(world(6, btc=story), 60, since=at(1)) == 0


def test_a_fall_after_a_reset_counts_from_the_first_close_after_it():
    """A second crash must not hide behind the reset of the first."""
    story = {0: 80.0, 7: 60.0}
    assert fell(world(9, btc=story), 60, since=at(1)) == Decimal(25)
    assert fell(world(9, btc=story), 60, since=at(3)) == Decimal(25)


def test_until_a_candle_closed_after_the_reset_nothing_is_measured():
    """The last close may still stand above the fall that was reset."""
    assert fell(world(5, btc={4: 80.0}), 60, since=at(5)) is None
    assert fell(world(6, btc={4: 80.0}), 60, since=at(5)) == 0


def test_a_gap_after_the_reset_is_not_measured_across():
    """The first close after it may be long after it."""
    story = {LONG_AGO: 100.0}
    holey = spliced(tape(BTC, story, -60), tape(BTC, story, 0, count=5))
    assert fell(seen(holey), 240, since=at(-50)) is None


@pytest.mark.parametrize("now", range(6, 70))
def test_no_close_from_before_the_reset_begins_a_window(now):
    """A window that begins just after it would else reach back by a candle, over the fall."""
    story = {4: 80.0}
    for minutes in (5, 60, 240):
        assert fell(world(now, btc=story), minutes, since=at(5)) == 0
    hours = tape(BTC, {LONG_AGO: 100.0} | story, now, interval="1h")
    coarse = shown(listed(BTC, hours, last=80, minute=now), minute=now)
    assert fell(coarse, 60, since=at(5)) == (None if now < 60 else 0)


def test_a_reset_before_the_window_changes_nothing():
    """The window begins later anyway."""
    assert fell(world(6, btc={0: 80.0}), 60, since=at(-600)) == Decimal(20)


# the slide of the calm


def test_a_slide_is_the_deepest_fall_from_any_close_to_a_later_low():
    """Up to 110 and down to 99 is a fall of ten, though nearly where it began."""
    story = {LONG_AGO: 100.0, -20: 110.0, -5: 99.0}
    fall = slide(world(0, btc=story), BTC, 30)
    assert (fall.before, fall.lowest, fall.pct) == (110, 99, 10)


def test_a_slide_does_not_count_a_low_before_the_high():
    """A rise from 90 to 100 is no fall of ten."""
    assert slide(world(0, btc={LONG_AGO: 90.0, -9: 100.0}), BTC, 30).pct == 0


def test_a_slide_ends_at_the_price_of_this_moment():
    """The newest fall matters most."""
    calm = tape(BTC, {LONG_AGO: 100.0})
    assert slide(shown(listed(BTC, calm, last=94)), BTC, 30).pct == Decimal(6)
    assert slide(shown(listed(BTC, calm, last=94, minute=-60)), BTC, 30).pct == 0


def test_a_slide_cannot_be_followed_across_a_gap():
    """What fell in those minutes is not known, so it was not calm."""
    story = {LONG_AGO: 100.0}
    holey = spliced(tape(BTC, story, -15), tape(BTC, story, 0, count=2))
    assert slide(seen(holey), BTC, 30) is None
    assert slide(seen(holey, candles(BTC, "1h", CALM)), BTC, 30).pct == 0


def test_candles_longer_than_the_calm_are_taken_whole():
    """A desk of hour candles cannot look at half an hour of one."""
    hours = candles(BTC, "1h", CALM, lows={-1: 90.0})
    assert slide(seen(hours), BTC, 30).pct == Decimal(10)


def test_nothing_after_the_first_close_is_no_slide():
    """An old ticker and a late frame show no price of the last minutes."""
    late = tape(BTC, {LONG_AGO: 100.0}, -60, interval="1h", count=40)
    stale = listed(BTC, late, last=50, minute=-90)
    assert slide(shown(stale), BTC, 30) is None
    assert fell(shown(stale), 60) is None


# prices


def test_the_lowest_since_counts_what_closed_after_it():
    """The low of the crash itself was booked when it triggered."""
    story = {LONG_AGO: 70.0, -100: 100.0, -30: 80.0, -10: 95.0}
    assert lowest_since(world(0, btc=story), BTC, at(-60)) == 80
    assert lowest_since(world(0, btc=story), BTC, at(-6)) == 95
    assert lowest_since(world(0, btc=story), BTC, at(LONG_AGO)) == 70


def test_no_news_is_no_lowest_price():
    """A ticker from before that time and no candle since: nothing was seen."""
    old = listed(BTC, tape(BTC, {LONG_AGO: 100.0}), last=50, minute=-9)
    assert lowest_since(shown(old), BTC, at(0)) is None


def test_the_newest_price_is_the_newer_of_ticker_and_close():
    """A ticker that stands still must not hold, or let go, a breaker."""
    series = tape(BTC, {LONG_AGO: 100.0})
    assert newest_price(shown(listed(BTC, series, last=97)), BTC) == 97
    assert newest_price(shown(listed(BTC, series, last=97, minute=-9)), BTC) == 100


def test_each_market_is_measured_by_itself():
    """Ether's fall is not Bitcoin's."""
    both = world(0, eth={0: 90.0})
    assert (fell(both, 5), fell(both, 5, symbol=ETH)) == (0, 10)


def test_times_of_candles_are_exact():
    """A window begins at the close that is exactly its length ago."""
    series = tape(BTC, {LONG_AGO: 100.0, -60: 90.0})
    assert ms(-60) in (series.open_time_ms + 180_000)
    assert fell(seen(series, last=90), 60) == 0
    shifted = replace(series, open_time_ms=series.open_time_ms + 1)
    assert fell(seen(shifted, last=90), 60) == Decimal(10)
