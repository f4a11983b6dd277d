"""A desk with recorded cycles to ask about, made once and copied for each test."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crew.cycle import run_cycle
from crew.desk import Desk
from crew.what_if.answer import Answer
from crew.what_if.asking import answer
from crew.what_if.cases import LAST, chosen
from crew.what_if.change import Change
from crew.what_if.planned import plan
from records.clock import FixedClock
from records.cycle import CycleRecord
from tests.crew.desks import a_desk

TRADES = datetime(2026, 11, 3, 1, tzinfo=UTC)
"""A moment of the demo market at which the bold rulebook opens."""
LATER = TRADES + timedelta(days=9)


def recorded(
    home: Path, *assignments: str, cycles: int = 1, at: datetime = TRADES
) -> tuple[CycleRecord, ...]:
    """So many recorded cycles on the demo market, an hour apart."""
    clock = FixedClock(at)
    with a_desk(home, "record=true", *assignments, at=clock) as desk:
        found = []
        for _ in range(cycles):
            found.append(run_cycle(desk, lambda _text: None))
            clock.advance(hours=1)
    return tuple(found)


@contextmanager
def looking_back(home: Path, *assignments: str, at: datetime = LATER) -> Iterator[Desk]:
    """The same desk, days later."""
    with a_desk(home, *assignments, at=at) as desk:
        yield desk


def asked(home: Path, change: Change, *assignments: str, at: datetime = LATER) -> Answer:
    """The answer about all cycles of a desk whose models cost nothing."""
    with looking_back(home, *assignments, at=at) as desk:
        ready = plan(desk, change, chosen(desk, LAST, None))
        return answer(desk, ready, budget_usd=ready.usual_budget_usd, say=lambda _text: None)
