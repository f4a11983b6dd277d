"""
What past lessons say of the present markets, as the one document that tools and briefings share.

Shows figures that code wrote: the situation, the outcome and how often it went well. The
words a model wrote when it decided are left out, so that no old answer argues again.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Protocol

from records.lesson import Lesson
from records.table import table

COLUMNS = ("symbol", "learned_at", "pnl_pct", "situation", "outcome")
COMPARED = 20
SHOWN = 3
_TEXT_CHARS = 200
_TENTH = Decimal("0.1")


class Recaller(Protocol):
    """Gives past lessons on these markets learned before that time, most alike first."""

    def recall(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> tuple[Lesson, ...]: ...


def recalled_document(
    memory: Recaller, symbols: Sequence[str], situations: Mapping[str, str], before: datetime
) -> dict[str, Any]:
    """Look every market up by its situation and tell what is remembered."""
    return lessons_document(
        {
            symbol: memory.recall(situations.get(symbol, ""), [symbol], before, COMPARED)
            for symbol in symbols
        }
    )


def lessons_document(recalled: Mapping[str, Sequence[Lesson]]) -> dict[str, Any]:
    """The base rate of each market, and its few lessons most alike."""
    known = {symbol: lessons for symbol, lessons in recalled.items() if lessons}
    rows = [_row(lesson) for lessons in known.values() for lesson in lessons[:SHOWN]]
    return {
        "count": sum(map(len, known.values())),
        "base_rates": {symbol: base_rate(lessons) for symbol, lessons in known.items()},
        **(table(COLUMNS, rows) if rows else {}),
    }


def base_rate(lessons: Sequence[Lesson]) -> str:
    """How like situations ended, in one clause: `7 like this, 2 won, mean -0.4 %`."""
    results = [lesson.pnl_pct for lesson in lessons]
    won = sum(result > 0 for result in results)
    mean = (sum(results, Decimal(0)) / len(results)).quantize(_TENTH, ROUND_HALF_EVEN)
    return f"{len(results)} like this, {won} won, mean {mean + 0:+} %"


def _row(lesson: Lesson) -> list[Any]:
    return [
        lesson.symbol,
        f"{lesson.learned_at:%Y-%m-%dT%H:%M:%SZ}",
        lesson.pnl_pct,
        lesson.situation[:_TEXT_CHARS],
        lesson.outcome[:_TEXT_CHARS],
    ]
