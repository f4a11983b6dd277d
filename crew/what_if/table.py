"""An answer for a terminal: the figures, a table of decisions, and what is left to know."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from crew.visible import in_one_line, visible
from crew.what_if import told
from crew.what_if.answer import Answer, HindsightSum
from crew.what_if.comparison import Difference
from crew.what_if.in_turn import EachWithout, Without

_WIDEST = 60


def table(answer: Answer) -> str:
    """The whole answer, ready to print."""
    return "\n".join(visible(line) for line in _lines(answer))


def advisers_head() -> str:
    return "Without one of its advisers: recorded cycles again"


def adviser(one: Without, currency: str) -> str:
    """What one adviser's silence would have changed."""
    return "\n".join(visible(line) for line in _adviser(one, currency))


def advisers_notes(found: EachWithout) -> str:
    """What a reader has to know of all of them, at the end."""
    notes = []
    if found.not_asked:
        notes.append(f"Not asked about: {', '.join(found.not_asked)}.")
    notes += [f"No answer about {in_one_line(one.agent)}: {in_one_line(one.why)}"
              for one in found.no_answer]  # fmt: skip
    notes += [f"Not read: {in_one_line(one.cycle_id)}: {in_one_line(one.why)}"
              for one in found.unread]  # fmt: skip
    if any(one.hindsight for one in found.advisers):
        notes += [told.INDEPENDENT, told.HINDSIGHT]
    notes.append("The decisions themselves: `desk what-if --without AGENT`.")
    return "\n".join(visible(line) for line in notes)


def _adviser(one: Without, currency: str) -> Iterator[str]:
    when = ""
    if one.first_at is not None and one.last_at is not None:
        when = f", {one.first_at:%Y-%m-%d %H:%M} to {one.last_at:%Y-%m-%d %H:%M}"
    cycles = "1 cycle" if one.cycles == 1 else f"{one.cycles} cycles"
    yield f"  {in_one_line(one.agent)}: {cycles}{when}"
    yield from (f"    {line}" for line in told.counts(one))
    if one.hindsight:
        yield from (f"  {line}" for line in sums(currency, one.hindsight))
    if one.without_news:
        yield f"    {one.without_news} of them met without news: the recorded ones had read none"
    for why, count in Counter(in_one_line(cycle.why) for cycle in one.unanswered).items():
        yield f"    no answer from {count} more: {why}"
    if one.stopped is not None:
        yield f"    {one.stopped}"


def _lines(answer: Answer) -> Iterator[str]:
    yield told.title(answer)
    yield from (f"  {line}" for line in told.counts(answer.counts))
    if answer.differences:
        yield ""
        yield from _columns(list(_rows(answer)))
        yield ""
        yield from sums(answer.currency, answer.hindsight())
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


def sums(currency: str, hindsight: Iterable[HindsightSum]) -> Iterator[str]:
    """What the entries that differ came to, by horizon."""
    head = (f"entries that differ, {currency}, in hindsight", "was", "now", "not known yet")
    rows = [
        (told.by(one.horizon), told.money(one.was), told.money(one.now), str(one.not_known_yet))
        for one in hindsight
    ]
    yield from _columns([head, *rows])


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
