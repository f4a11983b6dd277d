"""
A note for tasks the rulebook does not know: the figures its tools gave, and no opinion.

Only numbers, markets of the shortlist and the tools' own column names are repeated,
so a note cannot carry a stranger's words to the next agent.
"""

import re
from collections.abc import Iterator

from crew.models.rules_figures import Row, number, rows, short
from crew.models.rules_prompt import Evidence, Prompt
from records.reports import Note

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_MAX_POINTS = 10


def note(prompt: Prompt) -> Note:
    """What the tools and briefings said, in figures."""
    sources = {**prompt.briefings, **prompt.results}
    points = [point for name in sorted(sources) for point in _points(name, sources[name], prompt)]
    failed = sorted(name for name, evidence in sources.items() if evidence.unusable)
    summary = f"{len(points)} facts from {len(sources) - len(failed)} sources"
    if failed:
        summary += f"; nothing usable from {', '.join(failed)[:400]}"
    if not sources:
        summary = "No tool or briefing gave figures; there is nothing to report"
    return Note(summary=f"{summary}.", points=tuple(points[:_MAX_POINTS]))


def refusal(summary: str) -> Note:
    """An answer that says why the asked record cannot be given; it fails the record's contract."""
    return Note(summary=summary)


def _points(name: str, evidence: Evidence, prompt: Prompt) -> Iterator[str]:
    for document in evidence.documents:
        if figures := _figures(Row(document)):
            yield f"{name}: {figures}"[:300]
    for row in rows(evidence):
        if row.text("symbol") in prompt.shortlist and (figures := _figures(row)):
            yield f"{name}: {row.text('symbol')} {figures}"[:300]


def _figures(row: Row) -> str:
    """The row's plain numbers by name; columns named like a number's unit, never texts."""
    named = ((name, number(value)) for name, value in row.cells.items() if _NAME.fullmatch(name))
    return ", ".join(f"{name} {short(value, 8)}" for name, value in named if value is not None)
