"""
What the commands share: the ledger alone, a question at the terminal, one JSON document.

It loads no settings: what must work at once does not wait for them to be right.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crew.home import state_folder
from records.errors import SettingsError

if TYPE_CHECKING:
    from records.redaction import Redactor
    from tools.ledger.ledger import Ledger

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@contextmanager
def the_ledger() -> "Iterator[Ledger]":
    """The ledger alone, made if there is none."""
    from tools.ledger.ledger import Ledger

    with Ledger(state_folder() / "ledger.db", secrets().text) as ledger:
        yield ledger


def secrets() -> "Redactor":
    """What must not be written or printed, known without settings: .env is read for it."""
    from crew import printing
    from crew.secrets import redactor_without_settings

    redactor = redactor_without_settings()
    printing.learn(redactor)
    return redactor


def market_now(ledger: "Ledger") -> datetime:
    """The last cycle's time on a replayed market, this machine's elsewhere."""
    from records.clock import SystemClock

    return ledger.cycles.replayed_to() or SystemClock().now()


def confirm(question: str) -> None:
    """Raise SettingsError unless a person at the terminal says yes."""
    if not sys.stdin.isatty():
        raise SettingsError("Nobody can be asked here. Nothing was done. --yes answers for you.")
    if typed(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise SettingsError("Nothing was done.")


def typed(question: str) -> str:
    """A line from the terminal; the question goes to stderr."""
    typer.echo(question, nl=False, err=True)
    return sys.stdin.readline()


def progress(*, quiet: bool) -> Callable[[str], None]:
    """Progress on a terminal's stderr, and nowhere else."""
    from crew.visible import visible

    if quiet or not sys.stderr.isatty():
        return lambda _text: None
    return lambda text: typer.echo(f"  … {visible(text)}", err=True)


def amount(text: str) -> Decimal:
    """The USD that --budget-usd names; raises SettingsError."""
    from pydantic import TypeAdapter, ValidationError

    from records.base import NonNegativeAmount

    try:
        found: Decimal = TypeAdapter(NonNegativeAmount).validate_python(text)
    except ValidationError:
        raise SettingsError(
            f"--budget-usd takes an amount such as 2.50, not {text[:40]!r}. Nothing was asked."
        ) from None
    return found


def print_json(document: Any) -> None:
    """The document, and nothing else, on stdout."""
    import orjson

    sys.stdout.write(
        orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2).decode() + "\n"
    )
