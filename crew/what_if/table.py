"""An answer for a terminal: the figures, a table of decisions, and what is left to know."""

from collections.abc import Iterator, Sequence

from crew.visible import in_one_line, visible
from crew.what_if import told
from crew.what_if.answer import Answer
from crew.what_if.comparison import Difference

_WIDEST = 60


def table(answer: Answer) -> str:
    """The whole answer, ready to print."""
    return "\n".join(visible(line) for line in _lines(answer))


def summary(answer: Answer) -> str:
    """The figures of the whole answer, without its decisions."""
    lines = [told.title(answer), *(f"  {line}" for line in told.counts(answer))]
    if any(one.kind == "entry" for one in answer.differences):
        lines += _columns(list(_sums(answer)))
    lines += [f"  {answer.stopped}"] * (answer.stopped is not None)
    if answer.unanswered:
        first = answer.unanswered[0]
        lines.append(f"  no answer from {len(answer.unanswered)} more: {in_one_line(first.why)}")
    return "\n".join(visible(line) for line in lines)


def _lines(answer: Answer) -> Iterator[str]:
    yield told.title(answer)
    yield from (f"  {line}" for line in told.counts(answer))
    if answer.differences:
        yield ""
        yield from _columns(list(_rows(answer)))
        yield ""
        yield from _columns(list(_sums(answer)))
        yield ""
    yield from (f"  {line}" for line in told.notes(answer))
    for one in answer.unanswered:
        yield f"  no answer from {in_one_line(one.cycle_id)}: {in_one_line(one.why)}"


def _rows(answer: Answer) -> Iterator[Sequence[str]]:
    horizons = told.horizons(answer)
    yield ("when", "market", "", "decision", *map(told.by, horizons))
    for one in told.in_order(answer):
        yield from _row(one, horizons)


def _row(one: Difference, horizons: Sequence[str]) -> Iterator[Sequence[str]]:
    was = [told.outlook(one.hindsight_was, horizon) for horizon in horizons]
    now = [told.outlook(one.hindsight_now, horizon) for horizon in horizons]
    yield (f"{one.at:%Y-%m-%d %H:%M}", one.symbol, "was", told.decision(one.was), *was)
    yield ("", "", "now", told.decision(one.now), *now)
    yield ("", "", "", told.what(one))


def _sums(answer: Answer) -> Iterator[Sequence[str]]:
    yield (f"entries that differ, {answer.currency}, in hindsight", "was", "now", "not known yet")
    for one in answer.hindsight():
        yield told.by(one.horizon), told.money(one.was), told.money(one.now), str(one.not_known_yet)


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows under one another; only the last cell of a row may be wider than its column."""
    rows = [[in_one_line(cell) for cell in row] for row in rows]
    count = max(len(row) for row in rows)
    widths = [
        min(max((len(row[at]) for row in rows if at < len(row) - 1), default=0), _WIDEST)
        for at in range(count)
    ]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  " + "  ".join(cells).rstrip()
