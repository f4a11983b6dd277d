"""The last guard of all candles: whatever the source, what passes can be computed with."""

import numpy as np
import pytest

from records.candle_faults import candle_faults
from records.candles import CandleSeries
from records.errors import BadCandles

HOUR = 3_600_000
START = 1_735_689_600_000  # 2025-01-01 00:00 UTC
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)


def spoilt(*changes, hours=range(6)):
    """Six sound candles, with (row, column, value) put in."""
    block = np.tile([100.0, 102.0, 99.0, 101.0, 5.0], (6, 1))
    block += np.arange(6)[:, None] * [1, 1, 1, 1, 0]
    for row, column, value in changes:
        block[row, column] = value
    return START + np.array(hours, dtype=np.int64) * HOUR, block


@pytest.mark.parametrize(
    ("description", "rows", "says"),
    [
        ("NaN", spoilt((3, CLOSE, np.nan)), "a value that is not a number in 1 row, first row 4"),
        ("infinite", spoilt((3, HIGH, np.inf)), "a value that is not a number in 1 row"),
        ("disorder", spoilt(hours=[0, 1, 4, 3, 5, 6]), "earlier than the row before it in 1 row"),
        ("zero", spoilt((2, LOW, 0)), "a price that is not above 0 in 1 row, first row 3"),
        ("negative", spoilt((2, LOW, -1)), "a price that is not above 0"),
        ("vanishing", spoilt((2, LOW, 1e-70)), "a price beyond sense in 1 row, first row 3"),
        ("enormous", spoilt((2, HIGH, 1e13)), "a price beyond sense in 1 row, first row 3"),
        ("endless", spoilt((2, VOLUME, 1e307)), "a volume beyond sense in 1 row, first row 3"),
        ("negative volume", spoilt((2, VOLUME, -1)), "negative volume in 1 row"),
        ("high in body", spoilt((2, HIGH, 102.5)), "its high or low inside its body in 1 row"),
        ("low in body", spoilt((2, LOW, 102.5)), "its high or low inside its body in 1 row"),
        ("high below low", spoilt((2, HIGH, 90)), "its high or low inside its body in 1 row"),
        ("overlap", spoilt(hours=[0, 1, 2, 2.5, 4, 5]), "opens before the 1h candle before it"),
        (
            "two versions",
            spoilt(hours=[0, 1, 2, 2, 4, 5]),
            "the open time of the row before it, with other numbers in 1 row, first row 4",
        ),
    ],
)
def test_what_cannot_be_computed_with_is_refused(description, rows, says):
    """With the place, so that its owner finds it."""
    if description == "overlap":
        rows = (START + (np.array([0, 1, 2, 2.5, 4, 5]) * HOUR).astype(np.int64), rows[1])
    with pytest.raises(BadCandles, match=says):
        CandleSeries.checked("BTC/USDT", "1h", *rows)


def test_the_same_row_twice_is_told_from_two_that_differ():
    """The one is a careless download, the other a question of which to believe."""
    times, block = spoilt(hours=[0, 1, 2, 2, 4, 5])
    block[3] = block[2]
    assert candle_faults(times, block, "1h") == (
        "the same candle twice in 1 row, first row 4 (2025-01-01 02:00)"
    )


def test_every_kind_of_fault_is_told_at_once():
    """A file that is mended fault by fault is read as often as it has kinds of them."""
    times, block = spoilt((0, CLOSE, np.nan), (1, LOW, -1), (4, LOW, -1), (5, VOLUME, -1))
    assert candle_faults(times, block, "1h") == (
        "a value that is not a number in 1 row, first row 1 (2025-01-01 00:00); "
        "a price that is not above 0 in 2 rows, first row 2 (2025-01-01 01:00); "
        "negative volume in 1 row, first row 6 (2025-01-01 05:00)"
    )


def test_gaps_and_empty_series_are_no_faults():
    """An outage is a fact of the market, not of the data."""
    times, block = spoilt(hours=[0, 1, 2, 30, 31, 32])
    assert len(CandleSeries.checked("BTC/USDT", "1h", times, block)) == 6
    assert len(CandleSeries.checked("BTC/USDT", "1h", times[:0], block[:0])) == 0


@pytest.mark.parametrize("stamp", [-(2**62), 2**62])
def test_a_time_out_of_this_world_makes_a_message_not_a_traceback(stamp):
    """Files are hostile; so is their clock."""
    times, block = spoilt((0, LOW, -1))
    times[0] = stamp
    with pytest.raises(BadCandles, match="cannot be used"):
        CandleSeries.checked("BTC/USDT", "1h", times, block)


@pytest.mark.parametrize(
    ("late_ms", "stale"), [(0, False), (2 * HOUR, False), (2 * HOUR + 1, True)]
)
def test_two_intervals_after_its_last_close_a_series_is_stale(late_ms, stale):
    """One rule for every source, the breaker and the findings."""
    series = CandleSeries.checked("BTC/USDT", "1h", *spoilt())
    assert series.is_stale(START + 6 * HOUR + late_ms) == stale
    assert series.last(0).is_stale(START)
