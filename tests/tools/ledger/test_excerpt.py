"""The ledger as a cycle finds it: what is decided by is whole, what is only read is left out."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew.cycle import run_cycle
from records.clock import FixedClock
from records.errors import LedgerCorrupt
from tests.crew.desks import a_desk
from tools.ledger.excerpt import excerpt, unpack
from tools.ledger.ledger import Ledger

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk that traded and met again."""
    folder, clock = tmp_path_factory.mktemp("home"), FixedClock(AT)
    with a_desk(folder, "model=rulebook/bold", "record=false", at=clock) as desk:
        run_cycle(desk, print)
        clock.advance(minutes=30)
        run_cycle(desk, print)
    return folder


def test_what_a_cycle_decides_by_is_the_same(home: Path, tmp_path: Path) -> None:
    """Positions, books, locks, breaker, lessons, losses, and when the crew last met."""
    unpack(excerpt(home / "ledger.db"), tmp_path / "ledger.db")

    with Ledger(home / "ledger.db") as whole, Ledger(tmp_path / "ledger.db") as part:
        assert part.account.open_positions() == whole.account.open_positions()
        assert part.account.equity_curve(9) == whole.account.equity_curve(9)
        assert part.paper_store().load() == whole.paper_store().load()
        assert part.paper_store().open_orders() == whole.paper_store().open_orders()
        assert part.safety.breaker_state() == whole.safety.breaker_state()
        assert part.lessons.lessons(None) == whole.lessons.lessons(None)
        assert part.cycles.last_deliberated() == whole.cycles.last_deliberated()
        assert part.cycles.next_cycle_sequence() == whole.cycles.next_cycle_sequence() == 3


def test_what_only_people_read_is_left_out(home: Path, tmp_path: Path) -> None:
    """It grows with every cycle, and every recording would hold all of it."""
    unpack(excerpt(home / "ledger.db"), tmp_path / "ledger.db")

    with Ledger(home / "ledger.db") as whole, Ledger(tmp_path / "ledger.db") as part:
        (newest, *_) = whole.cycles.cycles(1)
        assert whole.cycles.reports(newest.cycle_id)
        assert part.cycles.reports(newest.cycle_id) == ()
        assert part.cycles.cycle(newest.cycle_id) is None


def test_it_takes_little_room(home: Path) -> None:
    """A recording is made of every cycle."""
    assert len(excerpt(home / "ledger.db")) < (home / "ledger.db").stat().st_size / 10


@pytest.mark.parametrize("spoiled", [b"", b"no excerpt"])
def test_a_damaged_one_is_refused(spoiled: bytes, tmp_path: Path) -> None:
    """Half a ledger would be another account."""
    with pytest.raises(LedgerCorrupt, match="damaged"):
        unpack(spoiled, tmp_path / "ledger.db")

    assert not (tmp_path / "ledger.db").exists()


def test_one_that_was_cut_is_refused(home: Path, tmp_path: Path) -> None:
    """Also in the middle."""
    with pytest.raises(LedgerCorrupt, match="damaged"):
        unpack(excerpt(home / "ledger.db")[:-20], tmp_path / "ledger.db")
