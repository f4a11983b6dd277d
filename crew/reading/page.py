"""A transcript as one self-contained page: searchable, its charts inside, nothing in it at work."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from crew import html_page
from crew.html_page import PNG, Html, foldable, picture, section, table, tag, text
from crew.reading.cases import COLUMNS
from crew.reading.costs import HEAD, costs_of
from crew.reading.entries import Entry, Row, Teller
from crew.reading.story import Story
from crew.transcript import joined
from crew.visible import folded, in_one_line

_MOST_PICTURE_BYTES = 2_000_000
_MOST_PICTURES = 40


def written(story: Story, rows: Sequence[Row]) -> str:
    """The page with these entries; rows as `joined` gives them, all or an agent's."""
    parts = [*_opening(story), *_decisions(story), *_costs(story), *_charts(story), _told(rows)]
    return html_page.page(f"Cycle {story.cycle_id}", *parts, searched=True)


def _opening(story: Story) -> Iterator[Html]:
    if story.fault is not None:
        yield tag("p", f"This transcript is {story.seal}.", class_="alarm bad", role="alert")
    record = story.record
    if record is None:
        yield tag("p", "This cycle has not ended: it was killed, or ran when this was written.")
    else:
        reason = f" ({record.hold_reason})" if record.hold_reason else ""
        marks = " · SYNTHETIC market" if record.synthetic else ""
        began = f"{record.started_at:%Y-%m-%d %H:%M:%S} UTC"
        yield tag("p", f"{record.venue} · {record.mode} money{marks} · {began}")
        yield tag("p", tag("b", f"{record.outcome.upper()}{reason}"), f": {record.message}")
    if story.fault is None:
        yield tag("p", f"Transcript: {story.seal}.", class_="faint")


def _decisions(story: Story) -> Iterator[Html]:
    if not story.cases and not story.beside:
        return
    rows = [
        (
            tag("b", case.symbol),
            *(_column(*column) for column in case.columns()),
        )
        for case in story.cases
    ]
    beside = [tag("p", f"refused besides: {one}", class_="warn") for one in story.beside]
    yield section("Decisions", table(("market", *COLUMNS), rows, even=True), *beside)


def _column(first: str, *more: str) -> Html:
    return html_page.joined((tag("p", tag("b", first)), *(tag("p", one) for one in more)))


def _costs(story: Story) -> Iterator[Html]:
    if spent := costs_of(joined(story.rows)):
        cells = (cost.cells() for cost in spent)
        yield section("Costs", table(HEAD, cells, figures=frozenset(range(1, len(HEAD)))))


def _charts(story: Story) -> Iterator[Html]:
    sent = _sent(story.rows)
    found = [picture(png, _caption(name, png, sent)) for name, png in _pictures(story.charts)]
    if found:
        yield section("Charts", foldable(f"{len(found)} pictures", *found))


def _pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The chart files of the cycle; what is no PNG, or too large for one, is left out."""
    for path in sorted(folder.glob("*.png"))[:_MOST_PICTURES]:
        if path.is_file() and path.stat().st_size <= _MOST_PICTURE_BYTES:
            content = path.read_bytes()
            if content.startswith(PNG):
                yield path.name, content


def _sent(rows: tuple[dict[str, Any], ...]) -> Mapping[str, str]:
    """What the transcript says of each picture that a model was sent, by file."""
    told = (row.get("pictures") for row in rows if row["kind"] == "pictures_sent")
    each = (one for pictures in told if isinstance(pictures, list) for one in pictures)
    return {str(one.get("file")): str(one.get("what")) for one in each if isinstance(one, dict)}


def _caption(name: str, png: bytes, sent: Mapping[str, str]) -> str:
    if name not in sent:
        return f"{name}: drawn; no model was sent it"
    same = sha256(png).hexdigest() in sent[name]
    return f"{name}: as a model saw it" if same else f"{name}: NOT THE PICTURE a model was sent"


def _told(rows: Sequence[Row]) -> Html:
    entries = map(_entry, Teller().entries(rows))
    return section("What was said and done", tag("div", *entries, class_="entries"))


def _entry(entry: Entry) -> Html:
    summary = html_page.joined(
        (
            tag("span", f"{entry.number}  {entry.at}  ", class_="faint"),
            tag("b", in_one_line(entry.who) or entry.kind),
            tag("span", f"  {entry.kind if entry.who else ''}  ", class_="faint"),
            tag("span", folded(entry.head, 400), class_=entry.tone),
        )
    )
    parts = (
        foldable(f"{in_one_line(part.label)} ({len(part.text):,} characters)", text(part.text),
                 unfolded=len(part.text) < _SHORT)
        for part in entry.parts
    )  # fmt: skip
    return foldable(summary, *parts, id=f"n{entry.number}", unfolded=entry.kind == "damaged")


_SHORT = 1_500
