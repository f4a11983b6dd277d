"""
A copy of the ledger that can be trusted, and putting one back.

A backup is taken while the desk runs, checked before it gets its name, and never
overwrites a file unasked. A restore refuses a ledger in use, checks what it puts back,
and keeps what was there beside it. Neither ever leaves half a file under a final name.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from records.errors import HomeUnwritable, LedgerBusy, LedgerCorrupt, LedgerError
from tools.ledger.engine import BUSY_TIMEOUT_S
from tools.ledger.faults import corrupt, told
from tools.ledger.revision import may_be_database, revision_of


def faults_in(connection: sqlite3.Connection) -> list[str]:
    """What is wrong inside a ledger file, one sentence each; empty when it is sound."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    faults = [fault for fault in found if fault != "ok"]
    for table, row, target, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(20):
        faults.append(f"row {row} of {table} refers to a row of {target} that is not there")
    return faults


def back_up(source: sqlite3.Connection, to: Path, *, overwrite: bool = False) -> Path:
    """Copy the ledger as it is now to one self-contained, checked file."""
    if to.exists() and not overwrite:
        raise LedgerError(f"{str(to)!r} exists already. No backup was made. Name another file.")
    with _temporary(to) as copy:
        _copy(source, copy)
        copy.replace(to)
        _sync_folder(to.parent)
    return to


def restore(backup: Path, ledger: Path, *, at: datetime) -> Path | None:
    """Put a backup in the ledger's place; returns where the old one is kept, if any."""
    if not backup.is_file():
        raise LedgerError(f"There is no backup {str(backup)!r}. Nothing was changed. Name a file.")
    kept = ledger.with_name(f"{ledger.name}.before-restore-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    if kept.exists():
        raise LedgerError(f"{str(kept)!r} exists already. Nothing was changed. Move it away first.")
    with _temporary(ledger) as copy:
        with told(backup), closing(_read_only(backup)) as source:
            if revision_of(source, backup) is None:
                raise corrupt(backup, "it is empty")
            _copy(source, copy)
        _disarm(copy, at)
        old = _keep(ledger, kept)
        copy.replace(ledger)
        _sync_folder(ledger.parent)
    return old


def _disarm(ledger: Path, at: datetime) -> None:
    """A backup brings no permission back: whoever wants to trade real money arms anew."""
    micros = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    with told(ledger), closing(sqlite3.connect(ledger, isolation_level=None)) as target:
        known = target.execute("SELECT 1 FROM sqlite_master WHERE name = 'arming'").fetchone()
        if known is not None:
            target.execute("UPDATE arming SET disarmed_at = ? WHERE disarmed_at IS NULL", (micros,))


def _copy(source: sqlite3.Connection, to: Path) -> None:
    """Copy through SQLite, so that what is still in the write-ahead log comes along; check it."""
    with told(to), closing(sqlite3.connect(to, isolation_level=None)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        if faults := faults_in(target):
            raise LedgerCorrupt(
                f"The copy has faults: {'; '.join(faults[:3])}. It was thrown away and nothing was "
                "changed. Use an older backup."
            )
    with to.open("rb+") as file:
        os.fsync(file.fileno())


def _keep(ledger: Path, kept: Path) -> Path | None:
    """Give the old ledger a second name, with its write-ahead log folded in when it is readable."""
    if not ledger.exists():
        _drop_companions(ledger)
        return None
    try:
        with told(ledger):
            if not may_be_database(ledger):
                raise corrupt(ledger, "it is no SQLite file")
            _fold(ledger)
    except LedgerCorrupt:
        # A log that stayed behind would be replayed into the restored file.
        for suffix in ("-wal", "-journal"):
            log = ledger.with_name(ledger.name + suffix)
            if log.exists():
                log.rename(kept.with_name(kept.name + suffix))
    os.link(ledger, kept)
    _drop_companions(ledger)
    return kept


def _fold(ledger: Path) -> None:
    """Leave the old ledger as one file; fails while another process has it open."""
    with closing(sqlite3.connect(ledger, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as old:
        (mode,) = old.execute("PRAGMA journal_mode=DELETE").fetchone()
    if mode != "delete":
        raise LedgerBusy(
            f"The ledger {str(ledger)!r} is in use. Nothing was changed. "
            "Stop the desk, then restore."
        )


def _drop_companions(ledger: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal"):
        ledger.with_name(ledger.name + suffix).unlink(missing_ok=True)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


@contextmanager
def _temporary(final: Path) -> Iterator[Path]:
    """A name beside the final one, gone afterwards whatever happens."""
    copy = final.with_name(f".{final.name}.{os.getpid()}.part")
    try:
        copy.unlink(missing_ok=True)
        yield copy
    except OSError as error:
        raise HomeUnwritable(
            f"{str(final)!r} cannot be written: {error.strerror or error}. Nothing was changed. "
            "Name a folder that exists, can be written and has room."
        ) from error
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
