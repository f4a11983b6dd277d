"""
The `desk` command. Each subcommand is a few lines over the desk; heavy things are
imported inside, so that help and halt are instant.

With --json exactly one JSON document goes to stdout and everything else to stderr.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from crew import (
    cli_config,
    cli_crew,
    cli_logs,
    cli_memory,
    cli_replay,
    cli_risk,
    cli_scores,
    cli_transcript,
    cli_what_if,
    lock,
)
from crew.console import AsJson, confirm, print_json, the_ledger, typed
from crew.home import CHECKOUT, cycle_lock, state_folder
from crew.opening import settings_and_home
from records.errors import SettingsError

if TYPE_CHECKING:
    from decimal import Decimal

    from crew.desk import Desk
    from crew.settings import Settings
    from records.cycle import CycleRecord

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A crypto trading desk of five LLM agents in which risk has the last word.",
)
app.add_typer(cli_config.app, name="config")
app.add_typer(cli_crew.app, name="crew")
app.add_typer(cli_memory.app, name="memory")
app.add_typer(cli_risk.locks, name="locks")
app.add_typer(cli_risk.breaker, name="breaker")
app.add_typer(cli_transcript.app, name="transcript")

_PATIENCE_S = 60
_BUSY = (
    "A cycle of this desk is running. Nothing was booked. Try again when it has ended, in a "
    "minute or two."
)

Set = Annotated[
    list[str] | None, typer.Option("--set", help="A setting, such as risk.max_leverage=2.")
]


@app.command()
def cycle(
    count: Annotated[int, typer.Option(min=1, help="How many cycles, one after another.")] = 1,
    as_json: AsJson = False,
    model: Annotated[
        str | None, typer.Option(help="Model of all agents without their own.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Venue, such as demo or binance.")] = None,
    set_: Set = None,
) -> None:
    """Run one cycle (what `crewai run` does)."""
    from crew.cycle import run_cycle
    from crew.summary import summary

    say = _progress(quiet=as_json)
    with (
        _opened(_flags(model=model, venue=venue, assignments=set_)) as desk,
        desk.stopping.listening(),
    ):
        records: list[CycleRecord] = []
        for _ in range(count):
            records.append(run_cycle(desk, say))
            if not as_json:
                print(summary(records[-1]), flush=True)
            if desk.stopping.asked is not None:
                break
    if as_json:
        documents = [record.model_dump(mode="json") for record in records]
        print_json(documents[0] if count == 1 else documents)
    _leave_threads(desk, _worst(records))
    raise typer.Exit(_worst(records))


@app.command()
def flatten(
    symbol: Annotated[str | None, typer.Option(help="Only this market, as BTC/USDT.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Cancel entries and close positions at market, whatever the desk's state."""
    from crew.desk import open_desk
    from crew.flatten import flatten as close

    settings, home = settings_and_home()
    if not yes:
        confirm(f"Close {symbol or 'every position'} at market now?")
    with (
        _taken_over(home, "flatten"),
        open_desk(settings, home, for_crew=False) as desk,
        desk.stopping.listening(),
    ):
        record = close(desk, symbol, _progress(quiet=as_json))
    _end(desk, record, as_json=as_json)


@app.command()
def accept(
    symbol: Annotated[str, typer.Option(help="The market, as BTC/USDT.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Book a position, or a part of it, that a person closed at the venue."""
    from crew.desk import open_desk
    from crew.flatten import accept as book

    settings, home = settings_and_home()
    if not yes:
        confirm(f"Book what is gone of {symbol} as closed by hand at the price of now?")
    with (
        cycle_lock(home, "accept", refused=_BUSY),
        open_desk(settings, home, for_crew=False) as desk,
        desk.stopping.listening(),
    ):
        record = book(desk, symbol, _progress(quiet=as_json))
    _end(desk, record, as_json=as_json)


@app.command()
def arm(
    max_notional: Annotated[
        str, typer.Option(help="Most that positions and entries may be worth, quote currency.")
    ],
    max_daily_loss: Annotated[
        str, typer.Option(help="Loss in a day (UTC) that ends entries, quote currency.")
    ],
    days: Annotated[int, typer.Option(min=1, max=7, help="Days until it ends by itself.")] = 1,
) -> None:
    """Allow entries with real money, within bounds and for a time; asks at a terminal."""
    from crew.arming import arm as allow
    from crew.arming import terms

    if not sys.stdin.isatty():
        raise SettingsError(
            "Live trading is armed by a person at a terminal, and nothing else can answer. "
            "Nothing was armed."
        )
    notional, loss = (
        _amount("max-notional", max_notional),
        _amount("max-daily-loss", max_daily_loss),
    )
    with _opened(for_crew=False) as desk:
        arming = allow(desk, max_notional=notional, max_daily_loss=loss, days=days, typed=typed)
        print(f"Armed. {terms(arming, desk.settings.currency)} `desk disarm` ends it at once.")


@app.command()
def disarm() -> None:
    """End the permission for real money at once; what is open keeps its stops."""
    from crew.arming import disarm as end

    with the_ledger() as ledger:
        ended = end(ledger)
    print("Disarmed: nothing more is opened." if ended else "Live trading was not armed.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """The account, open positions and the last cycles."""
    from crew.status import status_document, status_text

    with _opened() as desk:
        document = status_document(desk)
    print(status_text(document)) if not as_json else print_json(document)


app.command()(cli_risk.halt)
app.command()(cli_risk.resume)
app.command()(cli_logs.logs)
app.command()(cli_scores.scores)
app.command("what-if")(cli_what_if.what_if)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, YAML, venue, model, disk and clock, and say what to fix."""
    from crew.doctor import examine

    checks = examine()
    if as_json:
        print_json([check.model_dump(mode="json") for check in checks])
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<9} {check.finding}")
    raise typer.Exit(next((check.exit_code for check in checks if not check.ok), 0))


@app.command()
def cron(
    minutes: Annotated[int, typer.Option(min=1, max=59, help="Minutes between cycles.")] = 3,
) -> None:
    """Print the crontab line that runs a cycle every few minutes."""
    from crew.cron import crontab_line
    from crew.stopping import GRACE_S

    settings, home = settings_and_home()
    print(crontab_line(home, minutes, longest_cycle_s=settings.deadline_s + GRACE_S))


app.command()(cli_replay.replay)
app.command("record-test")(cli_replay.record_test)


@app.command()
def trial(
    count: Annotated[int, typer.Option(min=1)] = 1,
    model: Annotated[str, typer.Option(help="A provider's model.")] = "",
) -> None:
    """Run cycles on a model in a throw-away state folder (what `crewai test` does)."""
    import tempfile

    from crew.cycle import run_cycle
    from crew.summary import summary

    if not model or model.startswith("rulebook/"):
        raise SettingsError(
            "A trial needs a provider's model, such as openai/gpt-4.1-mini, and its key. "
            "Nothing was run. The rulebook needs no trial: `desk cycle` runs it."
        )
    flags = {"model": model if "/" in model else f"openai/{model}", "mode": "paper"}
    with tempfile.TemporaryDirectory() as folder, _opened(flags, Path(folder)) as desk:
        records: list[CycleRecord] = []
        for _ in range(count):
            records.append(run_cycle(desk, _progress(quiet=False)))
            print(summary(records[-1]), flush=True)
    raise typer.Exit(_worst(records))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to write the copy.")]) -> None:
    """Copy the ledger, as it is now, to one file."""
    with _opened() as desk:
        desk.ledger.backup(file)
    print(f"The ledger was copied to {file}.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `desk backup` wrote.")]) -> None:
    """Put a backup in the ledger's place; the present one is kept beside it."""
    from records.clock import SystemClock
    from tools.ledger.ledger import Ledger

    kept = Ledger.restore(file, state_folder() / "ledger.db", at=SystemClock().now())
    where = f" The one before is kept as {kept.name}." if kept is not None else ""
    print(f"The ledger was restored from {file}.{where}")


def _end(desk: "Desk", record: "CycleRecord", *, as_json: bool) -> NoReturn:
    """Tell how a command's own cycle ended, and leave with its code."""
    from crew.summary import summary

    print_json(record.model_dump(mode="json")) if as_json else print(summary(record), flush=True)
    _leave_threads(desk, record.exit_code)
    raise typer.Exit(record.exit_code)


def _worst(records: "list[CycleRecord]") -> int:
    """The exit code of several cycles: that of the last one that did not end normally."""
    return next((r.exit_code for r in reversed(records) if r.exit_code), 0)


def _leave_threads(desk: "Desk", code: int) -> None:
    """After a stop, end the process although a model may still be answering somewhere."""
    if desk.stopping.asked is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _amount(name: str, text: str) -> "Decimal":
    """A positive amount of money, read strictly."""
    from pydantic import TypeAdapter, ValidationError

    from records.base import PositiveAmount

    try:
        amount: Decimal = TypeAdapter(PositiveAmount).validate_python(text)
    except ValidationError:
        raise SettingsError(f"--{name} takes an amount such as 500, not {text[:40]!r}.") from None
    return amount


@contextmanager
def _opened(
    flags: dict[str, Any] | None = None, home: Path | None = None, *, for_crew: bool = True
) -> "Iterator[Desk]":
    from crew.desk import open_desk

    settings, usual = settings_and_home(flags) if home is None else (_settings(flags), home)
    with open_desk(settings, usual, for_crew=for_crew) as desk:
        yield desk


@contextmanager
def _taken_over(home: Path, doing: str) -> Iterator[None]:
    """The desk's lock; a cycle that holds it is told to end, and waited for."""
    if (held := lock.holder(str(home))) is not None:
        pid, work = held
        told = "It is told to end. " if work == "cycle" else ""
        print(
            f"desk: `desk {work}` is at work (process {pid}). {told}Waiting up to {_PATIENCE_S} s.",
            file=sys.stderr,
            flush=True,
        )
    late = (
        f"The desk's lock was not free within {_PATIENCE_S} s. Nothing was closed or cancelled. "
        "Try again, or end the process that holds it; what it sent is resolved by the next."
    )
    with cycle_lock(home, doing, patience_s=_PATIENCE_S, refused=late):
        yield


def _settings(flags: dict[str, Any] | None = None) -> "Settings":
    from crew.settings import load_settings

    return load_settings(flags)


def _flags(
    *, model: str | None, venue: str | None, assignments: list[str] | None
) -> dict[str, Any]:
    from crew.settings import nested

    named = {"model": model, "venue": venue}
    return {**nested(assignments or []), **{name: v for name, v in named.items() if v is not None}}


def _progress(*, quiet: bool) -> Callable[[str], None]:
    """Progress on a terminal's stderr; silent elsewhere, so that cron mails only endings."""
    if quiet or not sys.stderr.isatty():
        return lambda _text: None
    return lambda text: print(f"  … {text}", file=sys.stderr)


__all__ = ["CHECKOUT", "app"]
