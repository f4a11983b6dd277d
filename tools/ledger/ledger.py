"""
The ledger: the one record of what was decided and done, in one SQLite file.

    with Ledger(home / "ledger.db") as ledger:
        ledger.cycles.begin_cycle(...)
        with ledger.transaction():
            ledger.execution.book_fills(fills)
            ledger.account.save_position(position)

Each method is one durable transaction; inside `transaction()` they succeed or fail
together. If something cannot be recorded a LedgerError says so, and it is not traded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from records.errors import HomeUnwritable, LedgerCorrupt
from tools.ledger.account import Account
from tools.ledger.cycles import Cycles
from tools.ledger.decisions import Decisions
from tools.ledger.engine import Redact, Store
from tools.ledger.execution import Execution
from tools.ledger.judged import Judged
from tools.ledger.lessons import Lessons
from tools.ledger.outcomes import Outcomes
from tools.ledger.revision import bring_up
from tools.ledger.safety import Safety

if TYPE_CHECKING:
    from records.ports import PaperStore


class Ledger:
    """One file, its subjects as attributes; safe to use from several threads and processes."""

    def __init__(self, path: Path, redact: Redact = str) -> None:
        """`redact` takes secrets out of every text that is written."""
        self.path = path
        self.store = Store(path, redact)
        self.cycles = Cycles(self.store)
        self.decisions = Decisions(self.store)
        self.execution = Execution(self.store)
        self.account = Account(self.store)
        self.safety = Safety(self.store)
        self.lessons = Lessons(self.store)
        self.outcomes = Outcomes(self.store)
        self.judged = Judged(self.store)

    def open(self) -> Self:
        """Open the file, made or upgraded if need be; raises a LedgerError and changes nothing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HomeUnwritable(
                f"The folder {str(self.path.parent)!r} cannot be made: {error.strerror}. Nothing "
                "was recorded. Set DESK_HOME to a folder that can be written."
            ) from error
        bring_up(self.store)
        return self

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written by this thread inside the block becomes durable together."""
        with self.store.writing():
            yield

    def paper_store(self) -> "PaperStore":
        """The books of a paper account, kept in the same file."""
        from tools.ledger.paper_store import LedgerPaperStore

        return LedgerPaperStore(self.store)

    def integrity(self) -> list[str]:
        """What is wrong with the file, one sentence each; empty when it is sound."""
        from tools.ledger.backup import faults_in
        from tools.ledger.readable import unreadable

        try:
            with self.store.raw() as connection:
                faults = faults_in(connection)
            return faults or list(unreadable(self.store))
        except LedgerCorrupt as error:
            return [str(error)]

    def backup(self, to: Path, *, overwrite: bool = False) -> Path:
        """Copy the ledger, as it is now, to one checked file."""
        from tools.ledger.backup import back_up

        with self.store.raw() as connection:
            return back_up(connection, to, overwrite=overwrite)

    @staticmethod
    def restore(backup: Path, ledger: Path, *, at: datetime) -> Path | None:
        """Put a backup in a closed ledger's place; returns where the old one is kept."""
        from tools.ledger.backup import restore

        return restore(backup, ledger, at=at)
