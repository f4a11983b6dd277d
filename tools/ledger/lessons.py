"""Lessons of proposals; the ledger is their source, the memory only an index of them."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, insert, select

from records.lesson import Lesson
from records.order import Trade
from records.outcome import HypotheticalTrade
from tools.ledger.engine import Store
from tools.ledger.rows import columns, document, documents, from_columns, in_order
from tools.ledger.schema import forgotten_lessons, hypothetical_trades, lessons, positions, trades

_AT_ONCE = 500
"""Ids in one question at most."""


class Lessons:
    """What was learned, oldest first. A lesson is never changed; it may be forgotten."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_lesson(self, lesson: Lesson) -> None:
        """Keep what a proposal taught; a second lesson of one proposal raises LedgerConflict."""
        with self._store.writing() as connection:
            row = columns(lesson, lessons, record=document(lesson))
            connection.execute(insert(lessons), row)

    def lessons(
        self, before: datetime | None, newest: int | None = None, symbol: str | None = None
    ) -> tuple[Lesson, ...]:
        """
        Lessons learned strictly before a time, so that a replay knows no more than then.

        Only so many of the newest, and only those of one market, where that is asked.
        """
        statement = _remembered(lessons.c.record)
        if symbol is not None:
            statement = statement.where(lessons.c.symbol == symbol)
        if before is not None:
            statement = statement.where(lessons.c.learned_at < before)
        identifier = lessons.c.lesson_id
        statement = statement.order_by(
            lessons.c.learned_at.desc(), func.length(identifier).desc(), identifier.desc()
        ).limit(newest)
        with self._store.reading() as connection:
            return documents(Lesson, connection.execute(statement))[::-1]

    def symbols(self) -> tuple[str, ...]:
        """Markets that lessons are of."""
        statement = _remembered(lessons.c.symbol).distinct().order_by(lessons.c.symbol)
        with self._store.reading() as connection:
            return tuple(connection.scalars(statement))

    def lesson(self, lesson_id: str) -> Lesson | None:
        """One lesson by its id; None when there is none, or when it was forgotten."""
        statement = _remembered(lessons.c.record).where(lessons.c.lesson_id == lesson_id)
        with self._store.reading() as connection:
            found = documents(Lesson, connection.execute(statement))
        return found[0] if found else None

    def lesson_count(self) -> int:
        """How many lessons are remembered."""
        statement = _remembered(func.count())
        with self._store.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def edition(self) -> str:
        """Another word after every lesson that was kept or forgotten, and in another ledger."""
        ends = [
            select(lessons.c.record).order_by(column("rowid")).limit(1),
            select(lessons.c.record).order_by(column("rowid").desc()).limit(1),
        ]
        with self._store.reading() as connection:
            kept = connection.scalar(select(func.count()).select_from(lessons))
            forgotten = connection.scalar(select(func.count()).select_from(forgotten_lessons))
            texts = "".join(str(connection.scalar(end)) for end in ends)
        return f"{kept} kept, {forgotten} forgotten, {sha256(texts.encode()).hexdigest()[:16]}"

    def remembered_ids(self, newest: int) -> tuple[str, ...]:
        """The ids of the newest lessons that were not forgotten, newest first."""
        identifier = lessons.c.lesson_id
        statement = _remembered(identifier).order_by(
            lessons.c.learned_at.desc(), func.length(identifier).desc(), identifier.desc()
        )
        with self._store.reading() as connection:
            return tuple(connection.scalars(statement.limit(newest)))

    def lessons_of(self, lesson_ids: Sequence[str]) -> tuple[Lesson, ...]:
        """The lessons with these ids that were not forgotten."""
        found: list[Lesson] = []
        with self._store.reading() as connection:
            for start in range(0, len(lesson_ids), _AT_ONCE):
                some = lessons.c.lesson_id.in_(lesson_ids[start : start + _AT_ONCE])
                rows = connection.execute(_remembered(lessons.c.record).where(some))
                found += documents(Lesson, rows)
        return tuple(found)

    def known_ids(self) -> frozenset[str]:
        """Every lesson that was ever kept, the forgotten ones too."""
        with self._store.reading() as connection:
            return frozenset(connection.scalars(select(lessons.c.lesson_id)))

    def learned_from(self, proposal_id: str) -> bool:
        """Whether a proposal has given its lesson."""
        statement = select(lessons.c.lesson_id).where(lessons.c.proposal_id == proposal_id)
        with self._store.reading() as connection:
            return connection.execute(statement).first() is not None

    def trades_of_position(self, position_id: str) -> tuple[Trade, ...]:
        """The closed parts of a position, oldest first."""
        return self._trades(trades.c.position_id == position_id)

    def trades_of_proposal(self, proposal_id: str) -> tuple[Trade, ...]:
        """The closed parts of what a proposal opened, oldest first."""
        opened = select(positions.c.position_id).where(positions.c.proposal_id == proposal_id)
        return self._trades(trades.c.position_id.in_(opened))

    def is_closed(self, position_id: str) -> bool:
        """Whether nothing of a position is held any longer."""
        statement = select(positions.c.closed_at).where(positions.c.position_id == position_id)
        with self._store.reading() as connection:
            return connection.scalar(statement) is not None

    def untold(self) -> tuple[HypotheticalTrade, ...]:
        """Proposals whose outcome is known and which gave no lesson yet, oldest first."""
        outcomes = hypothetical_trades
        held = select(positions.c.position_id).where(
            positions.c.proposal_id == outcomes.c.proposal_id, positions.c.closed_at.is_(None)
        )
        told = select(lessons.c.lesson_id).where(lessons.c.proposal_id == outcomes.c.proposal_id)
        statement = (
            select(outcomes.c.record)
            .where(~held.exists(), ~told.exists())
            .order_by(outcomes.c.at, *in_order(outcomes.c.proposal_id))
        )
        with self._store.reading() as connection:
            return documents(HypotheticalTrade, connection.execute(statement))

    def forget(self, lesson_ids: Sequence[str], at: datetime) -> None:
        """Leave lessons out from now on; their rows stand. Unknown ids raise nothing."""
        rows = [{"lesson_id": lesson_id, "at": at} for lesson_id in lesson_ids]
        if rows:
            with self._store.writing() as connection:
                connection.execute(insert(forgotten_lessons).prefix_with("OR IGNORE"), rows)

    def _trades(self, which: ColumnElement[bool]) -> tuple[Trade, ...]:
        order = trades.c.closed_at, *in_order(trades.c.trade_id)
        with self._store.reading() as connection:
            rows = connection.execute(select(trades).where(which).order_by(*order))
            return tuple(from_columns(Trade, row) for row in rows)


def _remembered(*what: Any) -> Select[Any]:
    forgotten = select(forgotten_lessons.c.lesson_id).where(
        forgotten_lessons.c.lesson_id == lessons.c.lesson_id
    )
    return select(*what).select_from(lessons).where(~forgotten.exists())
