"""
What past lessons say of the present markets, as the one document that tools and briefings share.

Shows figures that code wrote: how like situations ended, and how often well. The words that
a model or a feed wrote then are left out, so that no old answer argues again. What was traded
and what would have become of the rest are counted apart.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Protocol

from records.lesson import Lesson
from records.table import table

COLUMNS = (
    "symbol",
    "like_this",
    "traded",
    "won",
    "mean_pct",
    "not_traded",
    "would_have_won",
    "would_mean_pct",
)
COMPARED = 20
_NEAREST_CHARS = 160
_HUNDREDTH = Decimal("0.01")


class Recaller(Protocol):
    """Gives past lessons learned before that time, those on these markets first."""

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
    """The base rate of each market as a row, and how the case most like it ended."""
    ended = {
        symbol: [one for one in lessons if one.pnl_pct is not None]
        for symbol, lessons in recalled.items()
    }
    known = {symbol: lessons for symbol, lessons in ended.items() if lessons}
    rows = [[symbol, *base_rate(lessons)] for symbol, lessons in known.items()]
    return {
        "count": sum(map(len, known.values())),
        **(table(COLUMNS, rows) if rows else {}),
        **({"nearest": {s: _nearest(s, lessons) for s, lessons in known.items()}} if rows else {}),
    }


def base_rate(lessons: Sequence[Lesson]) -> tuple[int | Decimal | None, ...]:
    """
    How like situations ended, in the order of COLUMNS; real trades and others apart.

    Percent after fees; a mean of nothing is None.
    """
    real = [one.pnl_pct for one in lessons if not one.hypothetical and one.pnl_pct is not None]
    other = [one.pnl_pct for one in lessons if one.hypothetical and one.pnl_pct is not None]
    return len(real) + len(other), *_counted(real), *_counted(other)


def _counted(results: Sequence[Decimal]) -> tuple[int, int, Decimal | None]:
    if not results:
        return 0, 0, None
    mean = (sum(results, Decimal(0)) / len(results)).quantize(_HUNDREDTH, ROUND_HALF_EVEN)
    return len(results), sum(result > 0 for result in results), mean + 0


def _nearest(symbol: str, lessons: Sequence[Lesson]) -> str:
    """The case most like the present one in a clause; a real trade before any other."""
    one = min(lessons, key=lambda lesson: lesson.hypothetical)
    where = "" if one.symbol == symbol else f"{one.symbol} "
    day = one.proposed_at or one.learned_at
    told = one.reflection or f"{one.pnl_pct:+.1f} %"
    return f"{where}{one.side or ''} {one.kind} {day:%Y-%m-%d}: {told}".strip()[:_NEAREST_CHARS]
