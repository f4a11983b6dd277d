"""Larger candles: whole ones only, and none before it closed."""

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import HOUR_MS, START_MS, wandering
from tools.indicators.higher_frames import built, carried, resampled


def _without(series: CandleSeries, *bars: int) -> CandleSeries:
    keep = np.setdiff1d(np.arange(len(series)), bars)
    columns = (series.open, series.high, series.low, series.close, series.volume)
    block = np.column_stack([column[keep] for column in columns])
    return CandleSeries.checked(series.symbol, series.interval, series.open_time_ms[keep], block)


def test_a_larger_candle_is_put_together_from_its_parts() -> None:
    """First open, highest high, lowest low, last close, all the volume."""
    hours = wandering(24)
    made = resampled(hours, "12h")
    assert made.interval == "12h"
    assert made.open_time_ms.tolist() == [START_MS, START_MS + 12 * HOUR_MS]
    assert made.open[1] == hours.open[12]
    assert made.high[1] == hours.high[12:].max()
    assert made.low[1] == hours.low[12:].min()
    assert made.close[1] == hours.close[23]
    assert made.volume[1] == pytest.approx(hours.volume[12:].sum())


def test_larger_candles_are_aligned_to_midnight() -> None:
    """A series that starts at 05:00 has no whole half-day before noon."""
    made = resampled(_without(wandering(40), *range(5)), "12h")
    assert [int(time) % (24 * HOUR_MS) // HOUR_MS for time in made.open_time_ms] == [12, 0]


@pytest.mark.parametrize("hole", [12, 17, 23])
def test_a_gap_anywhere_inside_makes_the_candle_missing(hole: int) -> None:
    """Its high or close may lie in the gap: missing, not made of what is left."""
    made = resampled(_without(wandering(36), hole), "12h")
    assert made.open_time_ms.tolist() == [START_MS, START_MS + 24 * HOUR_MS]


def test_a_candle_that_has_not_closed_is_left_out() -> None:
    """Eleven hours are no half-day."""
    assert len(resampled(wandering(23), "12h")) == 1
    assert len(resampled(wandering(11), "12h")) == 0
    assert len(resampled(wandering(0), "12h")) == 0


def test_candles_off_the_grid_make_no_larger_one() -> None:
    """Twelve hours that begin at half past are not a half-day from midnight."""
    hours = wandering(48)
    columns = (hours.open, hours.high, hours.low, hours.close, hours.volume)
    shifted = CandleSeries.checked(
        "BTC/USDT", "1h", hours.open_time_ms + HOUR_MS // 2, np.column_stack(columns)
    )
    assert len(resampled(shifted, "12h")) == 0


def test_each_candle_knows_the_newest_larger_one_that_closed_by_its_close() -> None:
    """The hour that closes at noon is the first to know the half-day that closes at noon."""
    hours = wandering(36)
    made = resampled(hours, "12h")
    found = carried(np.array([1.0, 2, 3]), made, hours)
    assert np.isnan(found[:11]).all()
    assert found[11:23].tolist() == [1] * 12
    assert found[23:35].tolist() == [2] * 12
    assert found[35] == 3


def test_while_the_newest_larger_candle_is_missing_so_is_its_value() -> None:
    """The half-day before it is old news: it does not stand in for the one with the gap."""
    hours = _without(wandering(48), 17)
    made = resampled(hours, "12h")
    found = carried(np.arange(1.0, 4), made, hours)
    assert found[11] == found[21] == 1  # close at 12:00 and at 23:00, one hour left out
    assert np.isnan(found[22:34]).all()
    assert found[34] == 2


def test_the_largest_series_that_fits_is_taken() -> None:
    """Four-hour candles reach back four times as far as hours do."""
    hours = wandering(48)
    four_hours = resampled(hours, "4h")
    assert built({"1h": hours.last(12), "4h": four_hours}, "12h") is not None
    assert len(built({"1h": hours.last(12), "4h": four_hours}, "12h") or []) == 4
    assert len(built({"1h": hours, "1d": hours}, "12h") or []) == 4


def test_what_no_series_can_tell_is_missing() -> None:
    """Nobody can see the hours inside a four-hour candle."""
    assert built({"4h": resampled(wandering(48), "4h")}, "1h") is None
