"""Later candles, put together from what later cycles saw."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from crew.market_tape import Tape
from crew.what_if.later import CandlesAfter, RecordedCandles, VenueCandles
from records.clock import FixedClock, epoch_ms
from records.ports import MarketRequest
from tools.exchange.demo import DemoMarket

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
BTC = "BTC/USDT"
LOOKS_BACK = 60


def record(home: Path, *moments: datetime) -> None:
    """What cycles at these moments saw of the demo market."""
    for number, at in enumerate(moments, start=1):
        folder = home / "recordings" / f"{at:%Y%m%dT%H%M%SZ}-{number:04}"
        folder.mkdir(parents=True)
        tape = Tape(DemoMarket(7, FixedClock(at)))
        tape.observe(MarketRequest(symbols=(BTC,), intervals=("3m", "1h"), candles=LOOKS_BACK))
        tape.keep(lambda name, content, folder=folder: _write(folder / name, content))


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def minutes(*numbers: int) -> tuple[datetime, ...]:
    return tuple(AT + timedelta(minutes=number) for number in numbers)


def later(home: Path) -> CandlesAfter:
    return RecordedCandles(home, "3m", span=LOOKS_BACK)


def test_later_recordings_tell_what_the_venue_would(tmp_path: Path) -> None:
    """Put together from several snapshots, candle for candle the same."""
    record(tmp_path, *minutes(0, 100, 250, 380))
    until = AT + timedelta(minutes=360)
    venue = VenueCandles(DemoMarket(7, FixedClock(until)), "3m")

    found = later(tmp_path).after(BTC, AT, until)

    assert len(found) == 120
    assert found.digest() == venue.after(BTC, AT, until).digest()


def test_a_gap_between_recordings_ends_what_is_known(tmp_path: Path) -> None:
    """A desk that slept for a day cannot say which way the price went."""
    record(tmp_path, *minutes(0, 100, 1500))
    found = later(tmp_path).after(BTC, AT, AT + timedelta(minutes=1500))

    assert found.closes_at <= AT + timedelta(minutes=100)
    assert np.all(np.diff(found.open_time_ms) == 180_000)


def test_the_last_cycle_knows_nothing_of_later(tmp_path: Path) -> None:
    """Not known yet, and nobody is asked."""
    record(tmp_path, AT)

    assert len(later(tmp_path).after(BTC, AT, AT + timedelta(hours=4))) == 0


def test_a_market_nobody_saw_has_no_later(tmp_path: Path) -> None:
    """Instead of an error in the middle of an answer."""
    record(tmp_path, *minutes(0, 100))

    assert len(later(tmp_path).after("ETH/USDT", AT, AT + timedelta(hours=1))) == 0
    assert len(VenueCandles(DemoMarket(7, FixedClock(AT)), "3m").after("NO/USDT", AT, AT)) == 0


def test_a_recording_that_is_damaged_inside_is_passed_over_too(tmp_path: Path) -> None:
    """A file that is JSON may still not say what was asked."""
    record(tmp_path, *minutes(0, 100))
    (file,) = tmp_path.glob("recordings/*-0002/market.json")
    document = json.loads(file.read_bytes())
    document["observed"][0]["asked"] = {"symbols": 7}
    file.write_text(json.dumps(document))

    assert len(later(tmp_path).after(BTC, AT, AT + timedelta(minutes=60))) == 0


def test_a_recording_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """Another release's, or a broken one; the next knows as much."""
    record(tmp_path, *minutes(0, 60, 100))
    broken = sorted((tmp_path / "recordings").iterdir())[-1] / "market.json"
    broken.write_text("{}")

    found = later(tmp_path).after(BTC, AT, AT + timedelta(minutes=90))

    assert found.closes_at == AT + timedelta(minutes=60)


@pytest.mark.parametrize("seconds", [0, 60, 179])
def test_candles_begin_after_the_decision(tmp_path: Path, seconds: int) -> None:
    """The candle that was forming holds prices of before."""
    record(tmp_path, *minutes(0, 60))
    at = AT + timedelta(seconds=seconds)
    found = later(tmp_path).after(BTC, at, AT + timedelta(minutes=30))

    assert epoch_ms(at) <= int(found.open_time_ms[0]) < epoch_ms(at) + 180_000
