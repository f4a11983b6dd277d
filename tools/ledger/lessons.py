"""Lessons of closed trades; the ledger is their source, the memory only an index of them."""

from datetime import datetime

from sqlalchemy import func, insert, select

from records.lesson import Lesson
from tools.ledger.engine import Store
from tools.ledger.rows import columns, from_columns, in_order
from tools.ledger.schema import lessons


class Lessons:
    """What was learned, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_lesson(self, lesson: Lesson) -> None:
        """Keep what a closed trade taught."""
        with self._store.writing() as connection:
            connection.execute(insert(lessons), columns(lesson, lessons))

    def lessons(self, before: datetime | None) -> tuple[Lesson, ...]:
        """Lessons learned strictly before a time, so that a replay knows no more than then."""
        statement = select(lessons).order_by(lessons.c.learned_at, *in_order(lessons.c.lesson_id))
        if before is not None:
            statement = statement.where(lessons.c.learned_at < before)
        with self._store.reading() as connection:
            return tuple(from_columns(Lesson, row) for row in connection.execute(statement))

    def lesson_count(self) -> int:
        """How many lessons there are."""
        with self._store.reading() as connection:
            return connection.execute(select(func.count()).select_from(lessons)).scalar_one()
