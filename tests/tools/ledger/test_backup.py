"""A backup is checked before it has a name; a restore keeps what was there."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from records.errors import HomeUnwritable, LedgerBusy, LedgerCorrupt, LedgerError
from tests.tools.ledger import samples
from tests.tools.ledger.samples import CYCLE
from tools.ledger.ledger import Ledger

AT = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
STAMP = ".before-restore-20250304T050607Z"


@pytest.fixture
def saved(ledger, tmp_path):
    """A backup taken while the ledger is open, with one event in it."""
    ledger.safety.add_event(samples.event(1))
    return ledger.backup(tmp_path / "backup.db")


def names(folder):
    """Everything in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def test_a_backup_of_an_open_ledger_is_one_whole_file(ledger, saved, tmp_path):
    """What is still in the write-ahead log comes along, and no companion file is needed."""
    ledger.safety.add_event(samples.event(2))

    assert names(tmp_path) == ["backup.db", "ledger.db", "ledger.db-shm", "ledger.db-wal"]
    with Ledger(saved) as copy:
        assert copy.safety.events(9) == (samples.event(1),)
        assert copy.integrity() == []


def test_a_backup_overwrites_only_when_told(ledger, saved):
    """The file named by mistake may be the last good one."""
    before = saved.read_bytes()
    ledger.safety.add_event(samples.event(2))
    with pytest.raises(LedgerError, match="exists already"):
        ledger.backup(saved)
    assert saved.read_bytes() == before

    ledger.backup(saved, overwrite=True)

    with Ledger(saved) as copy:
        assert len(copy.safety.events(9)) == 2


def test_a_backup_to_nowhere_is_told(ledger, tmp_path):
    """And leaves nothing behind."""
    with pytest.raises(HomeUnwritable):
        ledger.backup(tmp_path / "missing" / "backup.db")


def test_a_faulty_ledger_gives_no_backup(ledger, tmp_path):
    """A bad copy under a good name is worse than none."""
    with ledger.store.raw() as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("INSERT INTO equity VALUES ('ghost', 0, 'USDT', '1', '1', '{}')")

    with pytest.raises(LedgerCorrupt, match="equity refers to a row of cycles"):
        ledger.backup(tmp_path / "backup.db")

    assert "backup.db" not in names(tmp_path)
    assert not [name for name in names(tmp_path) if name.endswith(".part")]
    assert "equity refers to a row of cycles" in ledger.integrity()[0]


def test_restore_puts_the_backup_back_and_keeps_the_old(ledger, saved, path, tmp_path):
    """Nothing is lost by a restore, not even what it replaced."""
    ledger.safety.add_event(samples.event(2))
    ledger.close()

    kept = Ledger.restore(saved, path, at=AT)

    assert kept == path.with_name(path.name + STAMP)
    assert names(tmp_path) == ["backup.db", "ledger.db", kept.name]
    with Ledger(path) as restored:
        assert restored.safety.events(9) == (samples.event(1),)
    with Ledger(kept) as old:
        assert len(old.safety.events(9)) == 2


def test_restore_brings_no_arming_back(ledger, path, tmp_path):
    """A permission that a person took back must not return with a file."""
    ledger.safety.add_arming(samples.arming())
    ledger.backup(tmp_path / "armed.db")
    ledger.close()

    Ledger.restore(tmp_path / "armed.db", path, at=AT)

    with Ledger(path) as restored:
        assert restored.safety.arming().disarmed_at == AT


def test_restore_of_a_killed_ledger_keeps_what_its_log_held(ledger, saved, path):
    """A log that stayed behind would be replayed into the restored file."""
    ledger.safety.add_event(samples.event(2))
    killed = path.with_name("killed.db")
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        killed.with_name(killed.name + suffix).write_bytes(source.read_bytes())

    kept = Ledger.restore(saved, killed, at=AT)

    with Ledger(killed) as restored, Ledger(kept) as old:
        assert restored.safety.events(9) == (samples.event(1),)
        assert len(old.safety.events(9)) == 2


def test_restore_over_a_corrupt_ledger_keeps_it_as_it_is(saved, tmp_path):
    """Someone may still get something out of it, log included."""
    home = tmp_path / "home"
    home.mkdir()
    path = home / "ledger.db"
    path.write_bytes(b"garbage" * 1000)
    path.with_name("ledger.db-wal").write_bytes(b"log")

    kept = Ledger.restore(saved, path, at=AT)

    assert kept.read_bytes() == b"garbage" * 1000
    assert kept.with_name(kept.name + "-wal").read_bytes() == b"log"
    assert names(home) == ["ledger.db", kept.name, kept.name + "-wal"]
    with Ledger(path) as restored:
        assert restored.safety.events(9) == (samples.event(1),)


def test_restore_where_there_was_nothing_keeps_nothing(saved, tmp_path):
    """A new machine."""
    path = tmp_path / "new.db"

    assert Ledger.restore(saved, path, at=AT) is None

    with Ledger(path) as restored:
        assert [start.cycle_id for start in restored.cycles.unfinished()] == [CYCLE]


def test_a_ledger_in_use_is_not_restored(ledger, saved, path, monkeypatch):
    """The running cycle would go on writing into the file that was moved away."""
    monkeypatch.setattr("tools.ledger.backup.BUSY_TIMEOUT_S", 0.05)
    ledger.safety.add_event(samples.event(2))

    with pytest.raises(LedgerBusy):
        Ledger.restore(saved, path, at=AT)

    assert len(ledger.safety.events(9)) == 2
    assert ledger.integrity() == []


@pytest.mark.parametrize("kind", ["text", "newer", "foreign", "empty", "damaged", "missing"])
def test_what_is_no_sound_ledger_is_not_restored(ledger, saved, path, kind):
    """The old ledger stays in its place, whatever was wrong with the file."""
    ledger.close()
    spoil(saved, kind)
    before = path.read_bytes()

    with pytest.raises(LedgerError):
        Ledger.restore(saved, path, at=AT)

    assert path.read_bytes() == before
    assert not path.with_name(path.name + STAMP).exists()
    assert not [name for name in names(path.parent) if name.endswith(".part")]


def test_two_restores_in_one_second_do_not_overwrite(ledger, saved, path):
    """The name of the kept file is taken: the second is refused."""
    ledger.close()
    Ledger.restore(saved, path, at=AT)

    with pytest.raises(LedgerError, match="exists already"):
        Ledger.restore(saved, path, at=AT)


def spoil(saved, kind):
    """Make the backup unfit in one way."""
    if kind == "missing":
        saved.unlink()
    elif kind == "text":
        saved.write_text("not a ledger " * 100)
    elif kind == "damaged":
        os.truncate(saved, saved.stat().st_size - 3 * 4096)
    elif kind == "newer":
        with closing(sqlite3.connect(saved, isolation_level=None)) as backup:
            backup.execute("UPDATE alembic_version SET version_num = '9999'")
    else:
        saved.unlink()
        with closing(sqlite3.connect(saved)) as backup:
            backup.execute("PRAGMA user_version=1" if kind == "empty" else "CREATE TABLE t (x)")
