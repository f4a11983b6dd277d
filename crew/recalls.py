"""
What was remembered in a cycle, kept and told again.

A model that embeds cannot be asked again offline, and another one would remember something
else. So its answers are kept by lesson id, and who hears the recording reads the lessons of
the recorded ledger. What our own embedding finds is found again, which proves it.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from memory.document import Recaller
from memory.lessons import inert
from records.base import Record
from records.lesson import Lesson


class Recall(Record):
    """One question and the ids of the lessons it found, in order."""

    situation: str
    symbols: tuple[str, ...]
    limit: int
    lesson_ids: tuple[str, ...]

    @property
    def question(self) -> "_Question":
        return self.situation, frozenset(self.symbols), self.limit


class Recalls(Record):
    """Everything that was looked up in one cycle."""

    recalls: tuple[Recall, ...]


_Question = tuple[str, frozenset[str], int]
Keep = Callable[[Recalls], None]


class KeptRecalls:
    """The same memory; every answer is kept at once."""

    def __init__(self, memory: Recaller, keep: Keep) -> None:
        self._memory = memory
        self._keep = keep
        self._found: dict[_Question, Recall] = {}

    def recall(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> tuple[Lesson, ...]:
        """As the memory answers; raises LedgerError when it cannot be kept."""
        found = self._memory.recall(situation, symbols, before, limit)
        one = Recall(
            situation=situation,
            symbols=tuple(sorted(symbols)),
            limit=limit,
            lesson_ids=tuple(lesson.lesson_id for lesson in found),
        )
        if one.question not in self._found:
            self._found[one.question] = one
            self._keep(Recalls(recalls=tuple(self._found.values())))
        return found


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
