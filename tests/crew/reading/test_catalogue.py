"""Which cycles are found: every filter narrows, together they narrow further."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crew.reading.catalogue import Sought, found
from tests.crew.desks import one_cycle
from tests.crew.reading.conftest import ONE_ORDER
from tests.crew.test_costs import BUSY
from tools.ledger import cycles
from tools.ledger.ledger import Ledger

THIRD = datetime(2026, 11, 3, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cycle that traded and refused, then two that were halted."""
    folder = tmp_path_factory.mktemp("home")
    one_cycle(folder, *ONE_ORDER, at=BUSY)
    (folder / "HALT").write_text("the owner sleeps")
    one_cycle(folder, at=THIRD)
    one_cycle(folder, at=THIRD + timedelta(hours=1))
    return folder


@pytest.mark.parametrize(
    ("sought", "numbers"),
    [
        (Sought(), [3, 2, 1]),
        (Sought(symbol="btc/usdt"), [1]),
        (Sought(symbol="XRP/EUR"), []),
        (Sought(outcome="traded"), [1]),
        (Sought(outcome="vetoed"), []),
        (Sought(veto="MAX_ORDERS_PER_CYCLE"), [1]),
        (Sought(veto="no such reason"), []),
        (Sought(since=THIRD), [3, 2]),
        (Sought(until=THIRD), [1]),
        (Sought(since=THIRD, until=THIRD + timedelta(hours=1)), [2]),
        (Sought(since=THIRD, outcome="traded"), []),
    ],
)
def test_a_filter_leaves_what_fits(home: Path, sought: Sought, numbers: list[int]) -> None:
    """Newest first; a market in any case, a reason in any part of its words."""
    assert _numbers(home, sought, 9) == numbers


def test_a_long_history_is_read_in_pages(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cycle is lost or told twice where one page ends and the next begins."""
    for size in (1, 2, 3):
        monkeypatch.setattr(cycles, "_PAGE", size)
        assert _numbers(home, Sought(), 9) == [3, 2, 1]


def test_no_more_are_told_than_were_asked_for(home: Path) -> None:
    """The newest of those that fit."""
    assert _numbers(home, Sought(outcome="halted"), 1) == [3]


def _numbers(home: Path, sought: Sought, limit: int) -> list[int]:
    with Ledger(home / "ledger.db") as ledger:
        return [int(record.cycle_id[-4:]) for record in found(ledger, sought, limit)]
