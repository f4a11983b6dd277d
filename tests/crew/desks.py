"""Desks for tests: real settings, ledger, venue and crew, at a time of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.settings import Settings, load_settings, nested
from records.clock import FixedClock
from records.cycle import CycleRecord

QUIET = datetime(2026, 11, 2, 5, tzinfo=UTC)
"""A moment of the demo market at which the rulebook proposes nothing."""


def settings(*assignments: str) -> Settings:
    """The shipped settings with these changes; no .env is read."""
    return load_settings(nested(list(assignments)), env_file=None)


@contextmanager
def a_desk(
    home: Path, *assignments: str, at: datetime | FixedClock = QUIET, draws: bool = False
) -> Iterator[Desk]:
    """
    An open desk on the demo market, at a time that stands still.

    Pictures of charts take three quarters of a cycle, so they are drawn where a test asks for it.
    """
    clock = at if isinstance(at, FixedClock) else FixedClock(at)
    with open_desk(settings(*assignments), home, clock) as desk:
        desk.draws = draws
        yield desk


def one_cycle(
    home: Path, *assignments: str, at: datetime | FixedClock = QUIET, draws: bool = False
) -> CycleRecord:
    """One cycle of such a desk."""
    with a_desk(home, *assignments, at=at, draws=draws) as desk:
        return run_cycle(desk, print)
