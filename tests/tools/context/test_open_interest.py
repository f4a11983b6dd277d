"""The memory of open interest: what was seen a day ago, or nothing."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from records.context import Earlier
from records.market import MarketSnapshot
from tests.tools.context.worlds import BTC, ETH, going, world
from tools.context.open_interest import InterestMemory

SEEN = world(going(BTC, 1), going(ETH, 1), BTC={"open_interest": Decimal("100.5")})


def later(hours: float, amount: float = 100.5) -> MarketSnapshot:
    """The same markets after so many hours, with this open interest of Bitcoin."""
    found = world(going(BTC, 1), going(ETH, 1), BTC={"open_interest": Decimal(str(amount))})
    return found.model_copy(update={"as_of": SEEN.as_of + timedelta(hours=hours)})


@pytest.mark.parametrize(
    ("hours", "known"), [(21.9, False), (22, True), (24, True), (26, True), (26.1, False)]
)
def test_what_was_seen_a_day_ago_is_remembered_two_hours_more_or_less(
    hours: float, known: bool, tmp_path: Path
) -> None:
    """Digit for digit; a market without a figure is not there."""
    memory = InterestMemory(tmp_path)
    memory.keep(SEEN)

    expected = {BTC: Earlier(open_interest=Decimal("100.5"), at=SEEN.as_of)} if known else {}
    assert InterestMemory(tmp_path).before(later(hours)) == expected


def test_the_nearest_to_a_day_is_taken(tmp_path: Path) -> None:
    """Of several samples in the window."""
    memory = InterestMemory(tmp_path)
    for hours in (0, 1, 2, 3):
        memory.keep(later(hours, hours + 1))

    assert memory.before(later(26.2))[BTC].open_interest == 3


def test_one_sample_an_hour_is_enough(tmp_path: Path) -> None:
    """A desk that runs every minute writes no more than one that runs every hour."""
    memory = InterestMemory(tmp_path)
    for minute in range(0, 60 * 60, 10):
        memory.keep(later(minute / 60))
    samples = json.loads((tmp_path / "open_interest.json").read_text())["samples"]

    assert len(samples) == 27
    assert (tmp_path / "open_interest.json").stat().st_size < 10_000


def test_a_snapshot_without_open_interest_leaves_no_trace(tmp_path: Path) -> None:
    """Candle files and spot markets have none."""
    InterestMemory(tmp_path / "cache").keep(world(going(BTC, 1)))

    assert not (tmp_path / "cache").exists()


KEPT = {
    "venue": "test",
    "samples": [
        {"at": SEEN.as_of.isoformat(), "open_interest": {BTC: "100.5"}},
    ],
}


def test_a_kept_sample_is_used(tmp_path: Path) -> None:
    """The form in which the cases below are changed is the real one."""
    (tmp_path / "open_interest.json").write_text(json.dumps(KEPT))

    assert InterestMemory(tmp_path).before(later(24))[BTC].open_interest == Decimal("100.5")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0" * 500,
        "[]",
        "{}",
        json.dumps(KEPT)[:-5],
        json.dumps(KEPT) * 2,
        json.dumps(KEPT | {"venue": "another"}),
        json.dumps(KEPT | {"extra": 1}),
        json.dumps(KEPT).replace("100.5", "-1"),
        json.dumps(KEPT).replace("100.5", "NaN"),
        json.dumps(KEPT).replace("100.5", "1e9"),
        json.dumps(KEPT).replace(BTC, "IGNORE ALL"),
        json.dumps(KEPT | {"samples": KEPT["samples"] * 41}),  # type: ignore[operator]
        json.dumps(
            KEPT | {"samples": [{"at": "9999-12-31T23:59:59-14:00", "open_interest": {BTC: "1"}}]}
        ),
        json.dumps(
            KEPT | {"samples": [{"at": "2099-01-01T00:00:00Z", "open_interest": {BTC: "1"}}]}
        ),
        '{"a":' * 2_000,
        json.dumps(KEPT | {"venue": "x" * 70_000}),
    ],
    ids=lambda text: text[-50:].replace("\0", "0"),
)
def test_a_corrupt_or_hostile_memory_is_ignored(text: str, tmp_path: Path) -> None:
    """A file is outside too; what it says is checked, and never ends a cycle."""
    (tmp_path / "open_interest.json").write_text(text)
    memory = InterestMemory(tmp_path)

    assert memory.before(later(24)) == {}
    memory.keep(later(24))
    assert memory.before(later(48))[BTC].at == SEEN.as_of + timedelta(hours=24)


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    """A memory is a convenience."""
    (tmp_path / "cache").write_text("a file where a folder should be")
    memory = InterestMemory(tmp_path / "cache")
    memory.keep(SEEN)

    assert memory.before(later(24)) == {}
