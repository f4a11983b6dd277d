"""
Which schema a ledger file has, and bringing it up to this desk's own.

A cycle starts cold every minute, so the usual case is two one-row reads; alembic is
imported only for a new or an older file. A newer file, and a file that is no ledger of
this desk, are refused untouched.
"""

import sqlite3
from pathlib import Path

from records.errors import LedgerError
from tools.ledger.engine import Store
from tools.ledger.faults import corrupt

APPLICATION_ID = 0x5645544F
"""Marks the SQLite file as ours ("VETO")."""

_MAGIC = b"SQLite format 3\0"
"""Source: sqlite.org/fileformat.html, 1.3.1."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every revision this desk can read, oldest first; the last one is its own."""

HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up(store: Store) -> None:
    """Leave the file with this desk's schema, in write-ahead mode."""
    if not may_be_database(store.path):
        raise corrupt(store.path, "it is no SQLite file")
    with store.raw() as connection:
        found = revision_of(connection, store.path)
        (journal,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if journal != "wal":
        raise LedgerError(
            f"The ledger {str(store.path)!r} lies where SQLite cannot share memory. Nothing was "
            "recorded. Set DESK_HOME to a folder on a local disk."
        )
    if found != HEAD:
        _upgrade(store)


def may_be_database(path: Path) -> bool:
    """Whether SQLite may touch this file; opening another one could cost its write-ahead log."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError:
        return True
    return start in (b"", _MAGIC)


def revision_of(connection: sqlite3.Connection, path: Path) -> str | None:
    """The revision of a ledger, None for an empty file; refuses whatever is not ours."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        if application == 0 and not _has_tables(connection):
            return None
        raise corrupt(path, "it is a database of another program")
    versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(versions) != 1:
        raise corrupt(path, f"it names {len(versions)} schema revisions instead of one")
    revision = str(versions[0][0])
    if revision not in REVISIONS:
        raise LedgerError(
            f"The ledger {str(path)!r} was written by a newer Vetodesk (revision "
            f"{revision[:40]!r}; this one knows {HEAD!r}). Nothing in it was changed "
            "and nothing was traded. Update Vetodesk, or restore an older backup."
        )
    return revision


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _upgrade(store: Store) -> None:
    """Run the migrations in one transaction; a second process that waited finds them done."""
    from alembic import command
    from alembic.config import Config

    with store.writing() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
