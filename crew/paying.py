"""Asking models from the command line: what it may cost, who agreed, and how it is ended."""

import os
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from crew.console import confirm
from crew.visible import visible
from records.errors import SettingsError

if TYPE_CHECKING:
    from crew.desk import Desk
    from crew.what_if.estimate import Estimate


def agreed(
    estimate: "Estimate", usual_usd: Decimal | None, budget_usd: str | None, *, yes: bool
) -> Decimal | None:
    """The budget, agreed to before anybody is paid; raises SettingsError when it is not."""
    from crew.models.prices import unbound
    from crew.what_if.told import question

    budget = usual_usd if budget_usd is None else _amount(budget_usd)
    if not estimate.may_ask:
        return budget
    if budget_usd is not None and estimate.unpriced:
        raise SettingsError(
            f"--budget-usd cannot be kept. {unbound(estimate.unpriced)} Nothing was asked."
        )
    said = visible(question(estimate, budget))
    if yes:
        typer.echo(said.removesuffix(" Ask?"), err=True)
    else:
        confirm(said)
    return budget


def progress(*, quiet: bool) -> Callable[[str], None]:
    """Progress on a terminal's stderr, and nowhere else."""
    if quiet or not sys.stderr.isatty():
        return lambda _text: None
    return lambda text: typer.echo(f"  … {visible(text)}", err=True)


def leave_if_stopped(desk: "Desk") -> None:
    """End the process at once after a signal, although a model may still be answering."""
    if desk.stopping.asked is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


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
