"""
One file, two ways in: a single writing connection, and reading ones that cannot write.

Every write transaction starts with BEGIN IMMEDIATE: a deferred one that reads first and
writes later fails at once when somebody else wrote in between, whatever the timeout.
Writers of this process queue for the one connection; other processes wait their turn in
SQLite. A transaction that is open in this thread is joined, so several steps can be
recorded together or not at all. Never hold one over a model or network call.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from records.errors import LedgerError
from tools.ledger.faults import told

BUSY_TIMEOUT_S = 5

Redact = Callable[[str], str]
"""Takes secrets out of a text."""


class Store:
    """The ledger's connections."""

    def __init__(self, path: Path, redact: Redact = str) -> None:
        self.path = path
        self.writer = _engine(path, "BEGIN IMMEDIATE", read_only=False)
        self.reader = _engine(path, "BEGIN", read_only=True)
        for engine in (self.writer, self.reader):
            _redact_texts(engine, redact)
        self._mine = local()
        self._closed = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction, or a savepoint of the one this thread has open."""
        joined = self._joined()
        with told(self.path):
            if joined is not None:
                with _step(joined):
                    yield joined
                return
            self._refuse_closed()
            with self.writer.begin() as connection:
                self._mine.connection = connection
                try:
                    yield connection
                    _refuse_lost(connection)
                finally:
                    self._mine.connection = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the ledger; sees what this thread's open transaction wrote."""
        joined = self._joined()
        with told(self.path):
            if joined is not None:
                yield joined
                return
            self._refuse_closed()
            with self.reader.begin() as connection:
                yield connection

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        """The driver's own writing connection, for pragmas that no transaction may hold."""
        with told(self.path):
            self._refuse_closed()
            borrowed = self.writer.raw_connection()
            try:
                driver = borrowed.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                yield driver
            finally:
                borrowed.close()

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the file."""
        self._closed = True
        self.reader.dispose()
        self.writer.dispose()

    def _joined(self) -> Connection | None:
        connection: Connection | None = getattr(self._mine, "connection", None)
        return connection

    def _refuse_closed(self) -> None:
        if self._closed:
            raise LedgerError(
                f"The ledger {str(self.path)!r} is closed. Nothing was recorded. Open it first."
            )


@contextmanager
def _step(connection: Connection) -> Iterator[None]:
    """A savepoint: a step that fails leaves no half of it in the transaction."""
    _refuse_lost(connection)
    connection.exec_driver_sql("SAVEPOINT step")
    try:
        yield
    except BaseException:
        if _in_transaction(connection):
            connection.exec_driver_sql("ROLLBACK TO step")
            connection.exec_driver_sql("RELEASE step")
        raise
    connection.exec_driver_sql("RELEASE step")


def _refuse_lost(connection: Connection) -> None:
    """A full disk ends the whole transaction inside SQLite; what follows would stand alone."""
    if not _in_transaction(connection):
        raise LedgerError(
            "The ledger's transaction was undone by an earlier error, so nothing of it was "
            "recorded. Make room on the disk, then run again."
        )


def _in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver.in_transaction


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection that commits durably, waits for others and holds foreign keys."""
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _engine(path: Path, begin: str, *, read_only: bool) -> Engine:
    """An engine whose transactions start with this statement."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: connect(path, read_only=read_only),
        poolclass=QueuePool,
        pool_size=4 if read_only else 1,
        max_overflow=-1 if read_only else 0,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _redact_texts(engine: Engine, redact: Redact) -> None:
    """
    Take secrets out of every text on its way to SQLite.

    Questions are treated like writes, so that a row is found by the id it was written with.
    """

    def clean(row: Any) -> Any:
        if isinstance(row, Mapping):
            return {name: clean((value,))[0] for name, value in row.items()}
        return tuple(redact(value) if isinstance(value, str) else value for value in row)

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def written(
        _connection: Connection, _cursor: Any, statement: str, given: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        return statement, [clean(row) for row in given] if many else clean(given)
