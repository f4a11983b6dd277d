"""
What a cycle learns at its end: later prices of earlier decisions, and what they taught.

Most cycles have nothing to learn and pay for one question to the ledger. Whatever goes wrong
here, a cycle that has traded is recorded; what is due stays due.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from crew.desk import Desk
from records.errors import TradingError
from records.ids import IdSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crew.meeting import Meeting
    from records.lesson import Lesson
    from records.market import MarketSnapshot
    from records.order import Trade
    from records.ports import MarketSource

Event = Callable[[str, str, str], None]
"""(level, kind, message) -> an event in ledger and transcript."""


def learn_at_the_end(
    desk: Desk,
    ids: IdSequence,
    now: datetime,
    *,
    snapshot: "MarketSnapshot | None",
    market: "MarketSource | None",
    meeting: "Meeting | None",
    event: Event,
) -> None:
    """Book what is due by the snapshot, and write the lessons of what became known."""
    try:
        closed = desk.ledger.account.trades_of(ids.cycle_id)
        booked = False
        if snapshot is not None and market is not None:
            booked = _book(desk, ids.cycle_id, now, snapshot, market, event)
        if booked or closed:
            _write_lessons(desk, ids, now, closed, meeting, event)
    except (TradingError, ValueError) as failure:
        event("warning", "outcomes", f"Nothing more was learned: {str(failure)[:300]}")


def _book(
    desk: Desk,
    cycle_id: str,
    now: datetime,
    snapshot: "MarketSnapshot",
    market: "MarketSource",
    event: Event,
) -> bool:
    """Look up what is due; whether anything was."""
    if not desk.ledger.outcomes.is_due(desk.settings.venue, snapshot.as_of):
        return False
    from crew.outcomes import Seen, book_due

    warn = partial(event, "warning", "outcomes")
    book_due(desk, Seen(cycle_id, now, market, snapshot, warn, desk.stopping.left_s))
    return True


def _write_lessons(
    desk: Desk,
    ids: IdSequence,
    now: datetime,
    closed: "Sequence[Trade]",
    meeting: "Meeting | None",
    event: Event,
) -> None:
    from crew.lessons import learn

    if meeting is None or desk.settings.memory.reflections != "model":
        learn(desk, ids, now, closed)
        return
    from crew.reflecting import reworded

    def worded(lessons: "Sequence[Lesson]") -> "Sequence[Lesson]":
        warn = partial(event, "warning", "reflections")
        return reworded(desk, lessons, meeting.reflecting_calls, warn)

    learn(desk, ids, now, closed, worded)
