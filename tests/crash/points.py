"""
Where a process of the proof can be killed: numbered, named, and the same in every run.

A point is before or after a durable step: a commit, a request on its way, its answer. The
kill is a real SIGKILL of this process; nothing is cleaned up.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event

from tools.ledger.ledger import Ledger


class Points:
    """Counts the points that were passed, and dies at one of them; 0: at none."""

    def __init__(self, kill_at: int = 0) -> None:
        self.kill_at = kill_at
        self.passed: list[str] = []
        self._commits = 0

    def __call__(self, name: str) -> None:
        """Pass a point, or be killed there."""
        self.passed.append(name)
        if len(self.passed) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watching(self, ledger: Ledger) -> Iterator[None]:
        """Make a point of the moment before and of the moment after every commit."""
        writing, depth = ledger.store.writing, 0

        @contextmanager
        def watched() -> Iterator[Connection]:
            nonlocal depth
            depth += 1
            try:
                with writing() as connection:
                    yield connection
            finally:
                depth -= 1
            if depth == 0:
                self(f"commit {self._commits} done")

        ledger.store.writing = watched  # type: ignore[method-assign]
        event.listen(ledger.store.writer, "commit", self._before_commit)
        try:
            yield
        finally:
            event.remove(ledger.store.writer, "commit", self._before_commit)
            ledger.store.writing = writing  # type: ignore[method-assign]

    def _before_commit(self, connection: Connection) -> None:
        self._commits += 1
        self(f"commit {self._commits} next")
