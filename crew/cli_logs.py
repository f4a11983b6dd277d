"""`desk logs`: read, follow and export the log. It needs no settings and changes nothing."""

import sys
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crew.console import AsJson, print_json, secrets
from crew.home import named_folder
from crew.yaml_file import did_you_mean
from records.errors import SettingsError

if TYPE_CHECKING:
    from crew.log_lines import Asked, LogFiles
    from crew.logs import Level, LogLine


def logs(
    cycle: Annotated[str | None, typer.Option(help="Only lines of this cycle.")] = None,
    component: Annotated[
        str | None, typer.Option(help="Only this component and those below it, as tools.exchange.")
    ] = None,
    level: Annotated[
        str, typer.Option(help="This level and worse: debug, info, warning, error, critical.")
    ] = "debug",
    since: Annotated[
        str | None, typer.Option(help="Since 30m, 2h, 1d ago, or since a time (UTC).")
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last of them.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with the lines that come; Ctrl-C ends it.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write them to this new file, as JSON lines.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What the desk's parts said while they worked; cycles are told of in the ledger."""
    from crew.log_lines import LogFiles

    if follow and (as_json or export or last):
        raise SettingsError(
            "--follow has no end, so it goes with neither --json, --export nor --last. "
            "Nothing was read."
        )
    asked, files = _asked(cycle, component, level, since), LogFiles(named_folder() / "logs")
    secrets()  # of today: a line may be older than a key that is to be kept out of it
    if follow:
        _follow(files, asked)
        return
    found: Iterable[LogLine] = files.lines(asked)
    if last is not None:
        found = deque(found, maxlen=last)
    if export is not None:
        _export(found, export, as_json=as_json)
    elif as_json:
        print_json([line.model_dump(mode="json") for line in found])
    else:
        _print(found)
    if files.unreadable:
        typer.echo(f"desk: {files.unreadable} lines of the log cannot be read.", err=True)


def _asked(cycle: str | None, component: str | None, level: str, since: str | None) -> "Asked":
    from crew.log_lines import Asked
    from crew.log_lines import since as began
    from records.clock import SystemClock

    return Asked(
        cycle_id=cycle,
        component=component,
        level=_level(level),
        since=None if since is None else began(since, SystemClock().now()),
    )


def _level(named: str) -> "Level":
    from crew.logs import LEVELS

    for level in LEVELS:
        if level == named.lower():
            return level
    raise SettingsError(f"--level: {named[:40]!r} is no level. {did_you_mean(named, LEVELS)}")


def _print(found: "Iterable[LogLine]") -> None:
    from crew.log_lines import shown

    empty = True
    for line in found:
        empty = False
        typer.echo(shown(line))
    if empty:
        typer.echo("The log has no such line.")


def _follow(files: "LogFiles", asked: "Asked") -> None:
    from crew.log_lines import shown

    try:
        for line in files.follow(asked):
            typer.echo(shown(line))
            sys.stdout.flush()
    except KeyboardInterrupt:  # how a person ends it
        return


def _export(found: "Iterable[LogLine]", file: Path, *, as_json: bool) -> None:
    redactor, count = secrets(), 0
    try:
        with file.open("x", encoding="utf-8") as out:
            for line in found:
                out.write(redactor.text(line.model_dump_json()) + "\n")
                count += 1
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be written ({error.strerror}). Name a new file for --export."
        ) from None
    if as_json:
        print_json({"file": str(file), "lines": count})
    else:
        typer.echo(f"{count} lines were written to {file}.")
