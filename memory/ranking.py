"""
Which of the nearest lessons count: the same market first, each situation once, the old less.

Two lessons of one market within a day are one situation told twice; only the better one
counts. Likeness halves with every half-life of age. Equal ones come newest first, so that the
order never hangs on how the index was built.
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

    known = {one.lesson.lesson_id: one for one in candidates if one.lesson.learned_at < before}
    kept: list[Lesson] = []
    for one in sorted(known.values(), key=order):
        if len(kept) == limit:
            break
        if not any(_one_case(one.lesson, other) for other in kept):
            kept.append(one.lesson)
    return tuple(kept)


def _one_case(one: Lesson, other: Lesson) -> bool:
    return one.symbol == other.symbol and abs(_at(one) - _at(other)) < ONE_CASE


def _at(lesson: Lesson) -> datetime:
    return lesson.proposed_at or lesson.learned_at
