"""An answer as one self-contained HTML page."""

from collections.abc import Iterator
from pathlib import Path

from crew.html_page import Content, page, section, tag
from crew.html_page import table as rows_under
from crew.what_if import told
from crew.what_if.answer import Answer
from crew.what_if.comparison import Difference
from records.errors import SettingsError

_NAMES = (".html", ".htm")


def page_file(named: Path) -> Path:
    """The file a page may be written to; raises SettingsError before anybody is paid."""
    if not named.name.lower().endswith(_NAMES):
        raise SettingsError(
            f"--html takes a file that ends in .html or .htm, not {str(named)!r}. "
            "Nothing was run and nothing was written."
        )
    if not named.parent.is_dir() or named.is_dir():
        raise SettingsError(
            f"The page {str(named)!r} cannot be written there. Nothing was run. Name a file in a "
            "folder that exists."
        )
    return named


def write_page(answer: Answer, file: Path) -> None:
    """Write the page; raises SettingsError where that cannot be."""
    try:
        file.write_text(answer_page(answer), encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"The page {str(file)!r} cannot be written ({error.strerror}). Name another file."
        ) from None


def answer_page(answer: Answer) -> str:
    """The page, as text."""
    return page(told.title(answer), *_parts(answer))


def _parts(answer: Answer) -> Iterator[Content]:
    yield section("In short", *(tag("p", line) for line in told.counts(answer.counts)))
    if answer.differences:
        yield section("Decisions that differ", _differences(answer))
        yield section("Entries that differ, together, in hindsight", _sums(answer))
    yield section("To read it right", *(tag("p", line) for line in told.notes(answer)))
    yield section("Every cycle", _cycles(answer))
    if answer.unanswered:
        yield section(
            "Without an answer",
            rows_under(("cycle", "why"), ((o.cycle_id, o.why) for o in answer.unanswered)),
        )


def _differences(answer: Answer) -> Content:
    horizons = told.horizons(answer)
    head = ("when", "market", "what", "", "decision", *map(told.by, horizons))
    rows = (row for one in told.in_order(answer) for row in _row(one, horizons))
    return rows_under(head, rows, figures=frozenset(range(5, 5 + len(horizons))))


def _row(one: Difference, horizons: tuple[str, ...]) -> Iterator[tuple[Content, ...]]:
    was = [told.outlook(one.hindsight_was, horizon) for horizon in horizons]
    now = [told.outlook(one.hindsight_now, horizon) for horizon in horizons]
    when = f"{one.at:%Y-%m-%d %H:%M}"
    yield (when, one.symbol, told.what(one), "was", told.decision(one.was), *was)
    yield ("", "", "", "now", told.decision(one.now), *now)


def _sums(answer: Answer) -> Content:
    return rows_under(
        ("by", f"was, {answer.currency}", f"now, {answer.currency}", "not known yet"),
        (
            (told.by(one.horizon), told.money(one.was), told.money(one.now), str(one.not_known_yet))
            for one in answer.hindsight()
        ),
        figures=frozenset({1, 2, 3}),
    )


def _cycles(answer: Answer) -> Content:
    return rows_under(
        ("cycle", "was", "now", "calls heard", "asked anew", "differences"),
        (
            (
                one.cycle_id,
                _ending(one.outcome_was, one.reason_was),
                _ending(one.outcome_now, one.reason_now),
                str(one.heard),
                str(one.asked),
                str(len(one.differences)),
            )
            for one in answer.compared
        ),
        figures=frozenset({3, 4, 5}),
    )


def _ending(outcome: str, reason: str | None) -> str:
    return f"{outcome} ({reason})" if reason else outcome
