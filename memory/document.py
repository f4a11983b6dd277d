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

COLUMNS = ("symbol", "of", "side", "kind", "pnl_pct")
COMPARED = 20
SHOWN = 3
_TENTH, _HUNDREDTH = Decimal("0.1"), Decimal("0.01")


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
    """The base rate of each market, its few lessons most alike, and what the first one says."""
    ended = {symbol: _ended(lessons) for symbol, lessons in recalled.items()}
    known = {symbol: lessons for symbol, lessons in ended.items() if lessons}
    rows = [_row(symbol, one) for symbol, lessons in known.items() for one in lessons[:SHOWN]]
    nearest = {symbol: lessons[0].reflection[:120] for symbol, lessons in known.items()}
    said = {symbol: text for symbol, text in nearest.items() if text}
    return {
        "count": sum(map(len, known.values())),
        "base_rates": {symbol: base_rate(lessons) for symbol, lessons in known.items()},
        **({"nearest": said} if said else {}),
        **(table(COLUMNS, rows) if rows else {}),
    }


def _ended(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Those whose result is known, real trades first: they alone had fills."""
    known = (one for one in lessons if one.pnl_pct is not None)
    return sorted(known, key=lambda one: one.hypothetical)


def base_rate(lessons: Sequence[Lesson]) -> str:
    """
    How like situations ended, in one clause, real trades and others apart.

    `7 like this: 4 traded, 2 won, mean -0.4 %; 3 not traded, 1 would have won, mean +0.2 %`
    """
    real = [one.pnl_pct for one in lessons if not one.hypothetical and one.pnl_pct is not None]
    other = [one.pnl_pct for one in lessons if one.hypothetical and one.pnl_pct is not None]
    parts = []
    if real:
        parts.append(f"{len(real)} traded, {_won(real)} won, mean {_mean(real)} %")
    if other:
        parts.append(
            f"{len(other)} not traded, {_won(other)} would have won, mean {_mean(other)} %"
        )
    return f"{len(real) + len(other)} like this: {'; '.join(parts)}"


def _won(results: Sequence[Decimal]) -> int:
    return sum(result > 0 for result in results)


def _mean(results: Sequence[Decimal]) -> str:
    mean = (sum(results, Decimal(0)) / len(results)).quantize(_TENTH, ROUND_HALF_EVEN)
    return f"{mean + 0:+}"


def _row(symbol: str, lesson: Lesson) -> list[Any]:
    assert lesson.pnl_pct is not None, "only what is known is shown"
    of = "same" if lesson.symbol == symbol else lesson.symbol
    made = lesson.pnl_pct.quantize(_HUNDREDTH, ROUND_HALF_EVEN) + 0
    return [symbol, of, lesson.side, lesson.kind, made]
