"""
What was remembered in a cycle, kept and told again.

A model that embeds cannot be asked again offline, and another one would remember something
else. So its answers are kept by lesson id, and who hears the recording reads the lessons of
the recorded ledger. What our own embedding finds is found again, which proves it.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from threading import Lock
from typing import Annotated, Self

from pydantic import Field, model_validator

from memory.document import Recaller
from memory.lessons import inert
from records.base import Record
from records.lesson import Lesson


class Recall(Record):
    """One question and the ids of the lessons it found, in order."""

    situation: str
    symbols: tuple[str, ...]
    limit: Annotated[int, Field(ge=1, le=100)]
    lesson_ids: tuple[str, ...] = Field(description="Each once, at most `limit` of them.")

    @model_validator(mode="after")
    def _of_one_answer(self) -> Self:
        count = len(self.lesson_ids)
        if count > self.limit or count != len(set(self.lesson_ids)):
            raise ValueError("more lessons than were asked for, or one of them twice")
        return self

    @property
    def question(self) -> "_Question":
        return self.situation, frozenset(self.symbols), self.limit


class Recalls(Record):
    """Everything that was looked up in one cycle."""

    recalls: tuple[Recall, ...] = Field(max_length=200)


_Question = tuple[str, frozenset[str], int]
Keep = Callable[[Recalls], None]


class KeptRecalls:
    """
    The same memory; every answer is kept before it is given, and given again to its question.

    So one cycle has one answer, though the embedding may fail in between. Safe across threads.
    """

    def __init__(self, memory: Recaller, keep: Keep) -> None:
        self._memory = memory
        self._keep = keep
        self._rows: list[Recall] = []
        self._found: dict[_Question, tuple[Lesson, ...]] = {}
        self._lock = Lock()

    def recall(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> tuple[Lesson, ...]:
        """As the memory answers first; raises LedgerError when it cannot be kept."""
        question = situation, frozenset(symbols), limit
        with self._lock:
            if question not in self._found:
                found = self._memory.recall(situation, symbols, before, limit)
                row = Recall(
                    situation=situation,
                    symbols=tuple(sorted(symbols)),
                    limit=limit,
                    lesson_ids=tuple(lesson.lesson_id for lesson in found),
                )
                self._rows.append(row)
                self._keep(Recalls(recalls=tuple(self._rows)))
                self._found[question] = found
            return self._found[question]


class ToldRecalls:
    """What was remembered then; to a question that was not asked then, nothing."""

    def __init__(
        self, recalls: Recalls, lessons_of: Callable[[Sequence[str]], Sequence[Lesson]]
    ) -> None:
        self._found = {one.question: one.lesson_ids for one in recalls.recalls}
        self._lessons_of = lessons_of

    def recall(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> tuple[Lesson, ...]:
        """Lessons of the ledger in the order they were found in, none learned at that time."""
        wanted = self._found.get((situation, frozenset(symbols), limit), ())
        known = {one.lesson_id: one for one in self._lessons_of(wanted)}
        found = (known[name] for name in wanted if name in known)
        return tuple(inert(one) for one in found if one.learned_at < before)
