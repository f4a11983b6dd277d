"""
Which of the nearest lessons count: the same market first, each situation once, the old less.

Two lessons of one market and side within a day are one situation told twice: a real trade counts
before what would have been, then the more alike. What has no result is no case. Likeness halves
with every half-life of age. Equal ones come newest first, so that the order never hangs on how
the index was built.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.lesson import Lesson

ONE_CASE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A lesson with how like it is: 1 the same situation, 0 nothing in common."""

    likeness: float
    lesson: Lesson


def ranked(
    candidates: Iterable[Candidate],
    symbols: Collection[str],
    before: datetime,
    half_life_days: float,
    limit: int,
) -> tuple[Lesson, ...]:
    """The lessons that count, these markets first; none that was learned at `before` or later."""

    def order(one: Candidate) -> tuple[bool, float, float, str]:
        lesson = one.lesson
        age_days = (before - lesson.learned_at) / timedelta(days=1)
        score = round(one.likeness * 0.5 ** (age_days / half_life_days), 6)
        return lesson.symbol not in symbols, -score, age_days, lesson.lesson_id

    known = {
        one.lesson.lesson_id: one
        for one in candidates
        if one.lesson.learned_at < before and one.lesson.pnl_pct is not None
    }
    kept: list[Candidate] = []
    for one in sorted(known.values(), key=lambda one: (one.lesson.hypothetical, order(one))):
        if not any(_one_case(one.lesson, other.lesson) for other in kept):
            kept.append(one)
    return tuple(one.lesson for one in sorted(kept, key=order)[:limit])


def _one_case(one: Lesson, other: Lesson) -> bool:
    same = (one.symbol, one.side) == (other.symbol, other.side)
    return same and abs(_at(one) - _at(other)) < ONE_CASE


def _at(lesson: Lesson) -> datetime:
    return lesson.proposed_at or lesson.learned_at
