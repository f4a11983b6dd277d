"""
A transcript on a terminal: who said what, in order, long texts folded to a line.

Every text passes through crew.visible, so nothing that a headline or a model wrote can
steer the terminal. Colours are put in for a terminal alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap

import typer

from crew.reading.cases import COLUMNS, Case
from crew.reading.costs import HEAD, AgentCost, costs_of
from crew.reading.entries import Entry, Part, Row, Teller, Tone
from crew.reading.story import Story
from crew.transcript import joined
from crew.visible import folded, in_one_line, visible

_INDENT = " " * 6
_COLOURS = {"good": "green", "bad": "red", "warn": "yellow"}
_CONTENT = 110
"""How much of a text is shown in its line."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Marks what stands out, when it writes on a terminal."""

    on_a_terminal: bool = False

    def bold(self, text: str) -> str:
        return typer.style(text, bold=True) if self.on_a_terminal else text

    def coloured(self, tone: Tone, text: str) -> str:
        colour = _COLOURS.get(tone) if self.on_a_terminal else None
        return typer.style(text, fg=colour) if colour else text


PLAIN = Pen()


def told(rows: Iterable[Row], *, full: bool = False, pen: Pen = PLAIN) -> str:
    """Rows as `joined` gives them, an entry each."""
    entries = Teller().entries(rows)
    return "\n".join(line for entry in entries for line in entry_lines(entry, full=full, pen=pen))


def whole(story: Story, *, full: bool, width: int, pen: Pen = PLAIN) -> str:
    """Everything: the entries, the decisions side by side, what it cost and how it ended."""
    return "\n".join(
        (
            pen.bold(f"Cycle {story.cycle_id}"),
            pen.coloured("bad" if story.fault else "plain", f"{_INDENT}{story.seal}"),
            told(joined(story.rows), full=full, pen=pen),
            *closing(story, width, pen),
        )
    )


def closing(story: Story, width: int, pen: Pen = PLAIN) -> Iterator[str]:
    """What stands below the entries."""
    yield from decisions(story, width, pen)
    yield from costs(costs_of(joined(story.rows)), pen)
    yield from ending(story, pen)


def entry_lines(entry: Entry, *, full: bool, pen: Pen = PLAIN) -> Iterator[str]:
    """One entry: a line of who and what, and a line for each text behind it."""
    who = f"{in_one_line(entry.who)}  " if entry.who else ""
    head = folded(entry.head, 400)
    line = (
        f"{entry.number:>4}  {in_one_line(entry.at):<12} {in_one_line(entry.kind):<13} {who}{head}"
    )
    yield pen.coloured(entry.tone, line.rstrip())
    for part in entry.parts:
        yield from _unfolded(part) if full else _folded(part)


def decisions(story: Story, width: int, pen: Pen) -> Iterator[str]:
    """Proposal, officer, gate and order of each proposal in columns beside each other."""
    if not story.cases and not story.beside:
        return
    yield f"\n{pen.bold('Decisions')}"
    for case in story.cases:
        yield f"  {pen.bold(f'{case.symbol}  {case.proposal_id}')}"
        yield from _columns(case, width)
    for one in story.beside:
        yield pen.coloured("warn", f"  refused besides: {in_one_line(one)}")


def costs(spent: Sequence[AgentCost], pen: Pen) -> Iterator[str]:
    """A table of what each agent's calls cost."""
    if not spent:
        return
    yield f"\n{pen.bold('Costs')}"
    rows = [HEAD, *(cost.cells() for cost in spent)]
    widths = [max(len(in_one_line(row[at])) for row in rows) for at in range(len(HEAD))]
    for agent, *figures in rows:
        cells = (cell.rjust(size) for cell, size in zip(figures, widths[1:], strict=True))
        yield f"  {in_one_line(agent):<{widths[0]}}  {'  '.join(cells)}"


def ending(story: Story, pen: Pen) -> Iterator[str]:
    """How it ended, in a sentence."""
    record = story.record
    if record is None:
        yield f"\n{pen.bold('Outcome')}  none: it was killed, or runs now"
        return
    reason = f" ({record.hold_reason})" if record.hold_reason else ""
    outcome = f"{record.outcome.upper()}{reason}: {in_one_line(record.message)}"
    yield f"\n{pen.bold('Outcome')}  {outcome}"


def _folded(part: Part) -> Iterator[str]:
    yield f"{_INDENT}{_label(part)} {folded(part.text, _CONTENT)}"


def _unfolded(part: Part) -> Iterator[str]:
    lines = visible(part.text).replace("\t", "  ").split("\n")
    if len(lines) == 1:
        yield f"{_INDENT}{_label(part)} {lines[0]}"
        return
    yield f"{_INDENT}{_label(part)}"
    yield from (f"{_INDENT}  {line}" for line in lines)


def _label(part: Part) -> str:
    return f"{in_one_line(part.label)[:40]:<10}"


def _columns(case: Case, width: int) -> Iterator[str]:
    each = max(18, (width - 4) // len(COLUMNS) - 2)
    yield "  " + "".join(f"{title:<{each + 2}}" for title in COLUMNS).rstrip()
    wrapped = [
        [line for one in column for line in wrap(in_one_line(one), each)]
        for column in case.columns()
    ]
    for cells in zip_longest(*wrapped, fillvalue=""):
        yield "  " + "".join(f"{cell:<{each + 2}}" for cell in cells).rstrip()
