"""The question that comes before anybody is paid for an answer, and what was agreed to."""

from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from crew.console import confirm
from crew.visible import visible
from records.errors import SettingsError

if TYPE_CHECKING:
    from crew.what_if.estimate import Estimate


def agreed(
    estimate: "Estimate",
    budget_usd: Decimal | None,
    *,
    bound: bool,
    yes: bool,
    asked: str | None = None,
) -> Decimal | None:
    """
    The budget, agreed to before anybody is paid; raises SettingsError when it is not.

    `bound` says that a person gave it, so that it must hold; `asked` what is asked, in words.
    """
    from crew.models.prices import unbound
    from crew.what_if.told import question

    if not estimate.may_ask:
        return budget_usd
    if bound and estimate.unpriced:
        raise SettingsError(
            f"--budget-usd cannot be kept. {unbound(estimate.unpriced)} Nothing was asked."
        )
    said = visible(question(estimate, budget_usd, asked))
    if yes:
        typer.echo(said.removesuffix(" Ask?"), err=True)
    else:
        confirm(said)
    return budget_usd
