"""
`desk what-if`: recorded cycles again with something changed, and what would have differed.

It reads the state folder and changes nothing in it. Whoever would be paid is named, with an
estimate, before the first model is asked.
"""

import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crew.console import AsJson, confirm, print_json
from crew.opening import file_of, opened_for_recordings, since_of
from crew.visible import visible
from records.errors import SettingsError

if TYPE_CHECKING:
    from crew.what_if.planned import Plan


def what_if(
    agents: Annotated[
        Path | None, typer.Option(help="Another agents.yaml in the recorded one's place.")
    ] = None,
    tasks: Annotated[
        Path | None, typer.Option(help="Another tasks.yaml in the recorded one's place.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, such as risk.max_leverage=2.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model of all agents without their own.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Risk limits: conservative, moderate or aggressive.")
    ] = None,
    without: Annotated[
        str | None, typer.Option(help="An agent that would have been silent, as in agents.yaml.")
    ] = None,
    cycles: Annotated[
        str | None, typer.Option(help="LAST_50 (if left out), LAST_N, or cycle ids: ID,ID.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Instead: cycles from then on, as 2026-11-03 or 24h.")
    ] = None,
    budget_usd: Annotated[
        str | None, typer.Option(help="Most that models may cost for this question.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about the cost.")] = False,
    as_json: AsJson = False,
    html: Annotated[
        Path | None, typer.Option(help="Also write the answer as a page to this file.")
    ] = None,
) -> None:
    """Which past decisions would have differed, and how each turned out."""
    from crew.settings import nested
    from crew.what_if.asking import answer
    from crew.what_if.cases import chosen
    from crew.what_if.change import Change
    from crew.what_if.page import page_file, write_page
    from crew.what_if.planned import plan
    from crew.what_if.table import table

    change = Change(
        agents=file_of(agents),
        tasks=file_of(tasks),
        settings=nested(set_ or []),
        model=model,
        profile=profile,
        without=without,
    )
    page = None if html is None else page_file(html)
    with opened_for_recordings() as desk:
        asked = plan(desk, change, chosen(desk, cycles, since_of(since, desk)))
        budget = _agreed(asked, budget_usd, yes=yes)
        with desk.stopping.listening():
            found = answer(desk, asked, budget_usd=budget, say=_progress(quiet=as_json))
    if not as_json:
        typer.echo(table(found))
    if page is not None:
        write_page(found, page)
    if as_json:  # last: when the page fails, that is the one document
        print_json(found.document())
    if desk.stopping.asked is not None:
        _leave_threads()


def _leave_threads() -> None:
    """End the process although a model may still be answering somewhere."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _agreed(asked: "Plan", budget_usd: str | None, *, yes: bool) -> Decimal | None:
    """The budget, agreed to before anybody is paid; raises SettingsError when it is not."""
    from crew.models.prices import unbound
    from crew.what_if.told import question

    budget = asked.usual_budget_usd if budget_usd is None else _amount(budget_usd)
    if not asked.estimate.may_ask:
        return budget
    if budget_usd is not None and asked.estimate.unpriced:
        raise SettingsError(
            f"--budget-usd cannot be kept. {unbound(asked.estimate.unpriced)} Nothing was asked."
        )
    said = visible(question(asked.estimate, budget))
    if yes:
        typer.echo(said.removesuffix(" Ask?"), err=True)
    else:
        confirm(said)
    return budget


def _amount(text: str) -> Decimal:
    from pydantic import TypeAdapter, ValidationError

    from records.base import NonNegativeAmount

    try:
        amount: Decimal = TypeAdapter(NonNegativeAmount).validate_python(text)
    except ValidationError:
        raise SettingsError(
            f"--budget-usd takes an amount such as 2.50, not {text[:40]!r}. Nothing was asked."
        ) from None
    return amount


def _progress(*, quiet: bool) -> Callable[[str], None]:
    """Progress on a terminal's stderr, and nowhere else."""
    if quiet or not sys.stderr.isatty():
        return lambda _text: None
    return lambda text: typer.echo(f"  … {visible(text)}", err=True)
