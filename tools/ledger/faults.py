"""
What SQLite and SQLAlchemy raise, told in the desk's words.

Nothing of SQLAlchemy leaves this package, so that callers catch one tree of errors and
a message always says what was not recorded and what to do about it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc

from records.errors import (
    HomeUnwritable,
    LedgerBusy,
    LedgerConflict,
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    TradingError,
)

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn every database error of the block into a LedgerError about this file."""
    try:
        yield
    except exc.TimeoutError as error:
        raise _busy(path) from error
    except exc.DBAPIError as error:
        raise _told(path, error.orig) from error
    except exc.StatementError as error:
        if isinstance(error.orig, TradingError):
            raise error.orig from None
        raise _told(path, error.orig) from error
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        raise _told(path, error) from error


def corrupt(path: Path, detail: str) -> LedgerCorrupt:
    """The file is no ledger that can be read."""
    return LedgerCorrupt(
        f"The ledger {str(path)!r} is not a readable ledger: {detail}. Nothing in it was changed "
        "and nothing was traded. Restore a backup with `desk restore FILE`."
    )


def _told(path: Path, error: BaseException | None) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _CORRUPT:
        return corrupt(path, str(error))
    if code in _BUSY:
        return _busy(path)
    if code == sqlite3.SQLITE_FULL:
        return LedgerFull(
            f"The disk of the ledger {str(path)!r} is full. Nothing was recorded, so nothing was "
            "traded. Make room, then run again; the ledger itself is intact."
        )
    if code in _UNWRITABLE:
        return HomeUnwritable(
            f"The ledger {str(path)!r} cannot be opened or written: {error}. Nothing was recorded. "
            "Make the file and its folder writable, or set DESK_HOME to another folder."
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return LedgerConflict(
            f"The ledger refused a row: {error}. Nothing of this step was recorded. "
            "What already stands in the ledger was not changed; look with `desk status`."
        )
    return LedgerError(
        f"The ledger {str(path)!r} failed: {error}. Nothing of this step was recorded. "
        "Look with `desk doctor`."
    )


def _busy(path: Path) -> LedgerBusy:
    return LedgerBusy(
        f"The ledger {str(path)!r} is locked by another process. Nothing was recorded. "
        "End the other process, or wait for it, and run again."
    )
