"""
`desk transcript`: read a cycle, follow the one that runs, find one among many.

It needs no settings, so a cycle can be read whatever is wrong with them. Whatever it shows of
a transcript, it has checked; one that was edited or cut is shown all the same, and told of.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer
from typer.core import TyperGroup

from crew import lock
from crew.console import AsJson, market_now, print_json, the_ledger
from crew.home import state_folder
from records.errors import LedgerError, SettingsError

if TYPE_CHECKING:
    from crew.reading.story import Row, Story
    from records.cycle import CycleRecord, Outcome
    from tools.ledger.ledger import Ledger

_PLAIN_WIDTH = 120
_POLL_S = 0.1
_PAGE_NAMES = (".html", ".htm")


class _Reads(TyperGroup):
    """`desk transcript [CYCLE]` is `desk transcript show [CYCLE]`; --html may name its file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args[:1] and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, _named_page(args if named else ["show", *args]))


app = typer.Typer(
    cls=_Reads,
    help="Who said what in a cycle, in order. Without a command it shows one: see show.",
)


@app.command()
def show(
    cycle_id: Annotated[
        str | None, typer.Argument(help="A cycle id; the last one if left out.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help="Only what this agent said; its role or its name.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Unfold prompts and results.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on as lines appear, until the cycle ends.")
    ] = False,
    html: Annotated[
        str | None,
        typer.Option(help="Write one page: to this .html file, or into the state folder."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One cycle: every prompt, tool, answer and decision; exit code 6 when it was edited or cut."""
    _refuse_two(follow=follow, html=html is not None, as_json=as_json)
    _refuse_other_files(html)
    home = state_folder()
    with the_ledger() as ledger:
        if follow:
            fault = _follow(ledger, home, cycle_id, agent, task, full=full)
        else:
            fault = _show(_story(ledger, home, cycle_id), home, agent, task, full, html, as_json)
    if fault is not None:
        typer.echo(f"desk: this transcript is not what was written: {fault}.", err=True)
        raise typer.Exit(LedgerError.exit_code)


@app.command("list")
def list_cycles(
    since: Annotated[
        str | None, typer.Option(help="Begun at or after, as 2026-11-02, 2026-11-02T09:30 or 24h.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Begun before, as for --since.")] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Shortlisted, proposed or traded, as BTC/USDT.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(help="traded, vetoed, hold, halted or failed.")
    ] = None,
    veto: Annotated[
        str | None, typer.Option(help="Words in the reason of a veto or refusal.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    check: Annotated[
        bool, typer.Option("--check", help="Check each transcript; exit code 6 when one fails.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Cycles that ended, newest first."""
    from crew.moments import moment
    from crew.reading.catalogue import Sought, document, found, line

    home = state_folder()
    with the_ledger() as ledger:
        now = market_now(ledger)
        sought = Sought(
            since=moment(since, now, "--since") if since else None,
            until=moment(until, now, "--until") if until else None,
            symbol=symbol,
            outcome=_outcome(outcome),
            veto=veto,
        )
        records = found(ledger, sought, limit)
        faults = dict(_faults(home, records)) if check else {}
    if as_json:
        print_json([document(one) | ({"fault": faults[one.cycle_id]} if check else {})
                    for one in records])  # fmt: skip
    else:
        lines = (line(one, faults.get(one.cycle_id)) for one in records)
        typer.echo("\n".join(lines) or "No cycle fits.")
    if any(faults.values()):
        raise typer.Exit(LedgerError.exit_code)


def _story(ledger: "Ledger", home: Path, cycle_id: str | None) -> "Story":
    from crew.reading.story import story_of

    return story_of(ledger, home, cycle_id)


def _show(
    story: "Story",
    home: Path,
    agent: str | None,
    task: str | None,
    full: bool,
    html: str | None,
    as_json: bool,
) -> str | None:
    """Print a story, or write its page; returns where it was edited or cut."""
    from crew.reading.speakers import Speakers
    from crew.transcript import joined

    speakers = Speakers(agent, task)
    rows = speakers.chosen(joined(story.rows))
    if html is not None:
        _write_page(story, rows, home, html)
    elif as_json:
        print_json(rows)
    else:
        _print(story, rows, full=full, whole=speakers.everybody)
    return story.fault


def _print(story: "Story", rows: "Sequence[Row]", *, full: bool, whole: bool) -> None:
    from crew.reading import text

    pen = text.Pen(sys.stdout.isatty())
    if whole:
        typer.echo(text.whole(story, full=full, width=_width(), pen=pen))
    else:
        typer.echo(text.told(rows, full=full, pen=pen))


def _follow(
    ledger: "Ledger",
    home: Path,
    cycle_id: str | None,
    agent: str | None,
    task: str | None,
    *,
    full: bool,
) -> str | None:
    """Print entries as they come, then the rest of the story."""
    from crew.reading import text
    from crew.reading.following import Following
    from crew.reading.speakers import Speakers
    from crew.reading.story import last_id, transcript_path

    name = cycle_id or last_id(ledger)
    path = transcript_path(home, name, ledger.cycles.cycle(name))
    speakers, pen = Speakers(agent, task), text.Pen(sys.stdout.isatty())
    following = Following(path, runs=lambda: _runs(ledger, home, name), speakers=speakers)
    for entry in following.entries():
        typer.echo("\n".join(text.entry_lines(entry, full=full, pen=pen)))
    while _runs(ledger, home, name):  # its row follows its last line
        sleep(_POLL_S)
    story = _story(ledger, home, name)
    if speakers.everybody:
        typer.echo("\n".join(text.closing(story, _width(), pen)))
    return story.fault


def _width() -> int:
    """The terminal's, in characters; a usual one elsewhere."""
    return shutil.get_terminal_size((_PLAIN_WIDTH, 1)).columns


def _runs(ledger: "Ledger", home: Path, name: str) -> bool:
    """Whether the cycle may still write: it has no ending, and somebody holds the lock."""
    return ledger.cycles.cycle(name) is None and lock.holder(str(home)) is not None


def _write_page(story: "Story", rows: "Sequence[Row]", home: Path, named: str) -> None:
    from crew.reading.page import written

    file = Path(named) if named else home / "transcripts" / f"{story.cycle_id}.html"
    try:
        file.write_text(written(story, rows), encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"The page {str(file)!r} was not written ({error.strerror}). Name another file."
        ) from None
    typer.echo(f"The transcript of {story.cycle_id} is in {file}.")


def _faults(home: Path, records: "Sequence[CycleRecord]") -> "Iterator[tuple[str, str | None]]":
    from crew.reading.story import fault_of

    return ((record.cycle_id, fault_of(home, record)) for record in records)


def _outcome(named: str | None) -> "Outcome | None":
    from records.cycle import Outcome

    if named is None or named in get_args(Outcome):
        return cast("Outcome | None", named)
    raise SettingsError(
        f"--outcome {named[:40]!r} is none of {', '.join(get_args(Outcome))}. Nothing was listed."
    )


def _refuse_two(**asked: bool) -> None:
    """One way to show it at a time."""
    named = [f"--{name.removeprefix('as_')}" for name, wanted in asked.items() if wanted]
    if len(named) > 1:
        raise SettingsError(f"{' and '.join(named)} exclude each other. Name one of them.")


def _refuse_other_files(html: str | None) -> None:
    """A page replaces the file it is written to."""
    if html and not html.lower().endswith(_PAGE_NAMES):
        raise SettingsError(
            f"--html takes a file that ends in .html or .htm, not {html!r}. Nothing was written."
        )


def _is_file(word: str) -> bool:
    """Whether a word after --html is its file: no cycle's id has a dot or a slash."""
    return not word.startswith("-") and any(sign in word for sign in "./")


def _named_page(args: list[str]) -> list[str]:
    """The words with --html's file as its value, which may be left out."""
    given, words = list(args), []
    while given:
        word = given.pop(0)
        if word == "--html":
            follows = given[:1] and _is_file(given[0])
            word = f"--html={given.pop(0) if follows else ''}"
        words.append(word)
    return words


__all__ = ["app"]
