"""Larger candles say exactly what the smaller ones said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.candles import CandleSeries, interval_ms
from records.errors import SettingsError
from tools.exchange.aggregate import aggregate

HOUR = interval_ms("1h")
MONDAY = 1_704_067_200_000  # 2024-01-01, a Monday

rows = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.lists(st.integers(1, 10_000), min_size=4, max_size=4),
        st.integers(0, 1_000),
    ),
    min_size=1,
    max_size=60,
)


def series_of(drawn, start=MONDAY):
    times, block, at = [], [], start
    for step, prices, volume in drawn:
        times.append(at)
        block.append([prices[0], max(prices), min(prices), prices[3], volume])
        at += step * HOUR
    return CandleSeries.checked("BTC/USDT", "1h", np.array(times), np.array(block, dtype=float))


@given(rows)
def test_every_bucket_is_the_exact_sum_of_its_candles(drawn):
    """Checked against the definition, candle by candle, gaps included."""
    small = series_of(drawn)
    large = aggregate(small, "4h")
    for i, opened in enumerate(large.open_time_ms):
        inside = (small.open_time_ms >= opened) & (small.open_time_ms < opened + 4 * HOUR)
        assert inside.any()
        assert large.open[i] == small.open[inside][0]
        assert large.high[i] == small.high[inside].max()
        assert large.low[i] == small.low[inside].min()
        assert large.close[i] == small.close[inside][-1]
        assert large.volume[i] == small.volume[inside].sum()
    assert (large.open_time_ms % (4 * HOUR) == 0).all()
    assert large.volume.sum() == small.volume.sum()


@given(rows)
def test_the_way_does_not_matter(drawn):
    """1h to 2h to 4h is 1h to 4h."""
    small = series_of(drawn)
    assert aggregate(aggregate(small, "2h"), "4h").digest() == aggregate(small, "4h").digest()


def test_a_first_bucket_that_began_before_the_series_is_dropped():
    """Its open and low are unknown."""
    small = series_of([(1, [5, 5, 5, 5], 1)] * 6, start=MONDAY + 3 * HOUR)
    assert list(aggregate(small, "4h").open_time_ms) == [MONDAY + 4 * HOUR, MONDAY + 8 * HOUR]


@given(rows)
def test_whole_buckets_are_those_that_lack_no_candle(drawn):
    """The others alone are left out; what is kept is the same."""
    small = series_of(drawn)
    every, whole = aggregate(small, "4h"), aggregate(small, "4h", whole=True)
    buckets = small.open_time_ms // (4 * HOUR) * 4 * HOUR
    counted = [int((buckets == opened).sum()) for opened in every.open_time_ms]
    kept = [i for i, count in enumerate(counted) if count == 4]
    assert list(whole.open_time_ms) == list(every.open_time_ms[kept])
    assert list(whole.high) == list(every.high[kept])


def test_a_whole_week_begins_on_monday():
    """Six days and a Monday of the next week are no week."""
    small = series_of([(1, [5, 5, 5, 5], 1)] * 24 * 14, start=MONDAY + 24 * HOUR)
    assert list(aggregate(small, "1w", whole=True).open_time_ms) == [MONDAY + 168 * HOUR]


def test_weeks_begin_on_monday():
    """The epoch began on a Thursday; a naive floor would cut weeks there."""
    small = series_of([(1, [5, 5, 5, 5], 1)] * 24 * 14)
    assert list(aggregate(small, "1w").open_time_ms) == [MONDAY, MONDAY + 168 * HOUR]


def test_smaller_or_uneven_intervals_are_refused():
    """Nothing can be invented inside a candle."""
    with pytest.raises(SettingsError, match="multiple of 1h"):
        aggregate(series_of([(1, [5, 5, 5, 5], 1)]), "30m")


def test_an_empty_series_stays_empty():
    """No candle has closed yet: that is a value."""
    empty = series_of([(1, [5, 5, 5, 5], 1)]).last(0)
    assert len(aggregate(empty, "4h")) == 0
