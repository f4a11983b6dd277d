"""
`desk scores`: how right each agent and each model was.

The scores come from the ledger alone. What the desk would have been without one of its advisers
is asked on demand, because recorded cycles have to be run again for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from crew.console import AsJson, amount, market_now, print_json, progress, the_ledger
from records.errors import SettingsError

if TYPE_CHECKING:
    from crew.what_if.in_turn import EachWithout, Without


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked beside the scores."""

    agent: str | None
    cycles: str | None
    since: datetime | None
    budget_usd: Decimal | None
    yes: bool


def scores(
    since: Annotated[
        str | None, typer.Option(help="Only cycles begun since 7d, 4w ago, or since a time (UTC).")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only this agent, as in agents.yaml.")] = None,
    model: Annotated[str | None, typer.Option(help="Only what was said with this model.")] = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Also: recorded cycles without each adviser in turn.")
    ] = False,
    cycles: Annotated[
        str | None,
        typer.Option(help="With --what-if: the newest 20 (if left out), LAST_N, or ids: ID,ID."),
    ] = None,
    budget_usd: Annotated[
        str | None, typer.Option(help="With --what-if: most that models may cost for all of it.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --what-if: do not ask about the cost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How right each agent and each model was: hit rate, Brier score, trades, cost."""
    from crew.moments import moment
    from crew.scores.card import Asked, scorecard, unknown
    from crew.scores.told import text
    from tools.ledger.judged import Stretch

    _refuse_pairs(since, model, cycles, what_if=what_if, paying=yes or budget_usd is not None)
    budget = None if budget_usd is None else amount(budget_usd)
    with the_ledger() as ledger:
        began = moment(since, market_now(ledger), "--since") if since is not None else None
        if (newest := ledger.judged.newest_venue()) is None:
            print_json(None) if as_json else typer.echo("No cycle has run yet: nothing to score.")
            return
        venue, synthetic = newest
        asked = Asked(Stretch(venue, began), synthetic, agent=agent, model=model)
        card = scorecard(ledger, asked)
        if strangers := unknown(ledger, asked):
            raise SettingsError(strangers)
    document = card.model_dump(mode="json")
    question = _Question(agent, cycles, began, budget, yes)
    if not what_if:
        print_json(document | {"without": None}) if as_json else typer.echo(text(card))
    elif as_json:
        _ask(
            question,
            each=lambda _one, _currency: None,
            end=lambda found: print_json(document | {"without": found.model_dump(mode="json")}),
            quiet=True,
        )
    else:
        from crew.what_if.table import adviser, advisers_head, advisers_notes

        typer.echo(f"{text(card, asked_without=True)}\n\n{advisers_head()}")
        _ask(
            question,
            each=lambda one, currency: typer.echo(adviser(one, currency)),
            end=lambda found: typer.echo(advisers_notes(found)),
            quiet=False,
        )


def _refuse_pairs(
    since: str | None, model: str | None, cycles: str | None, *, what_if: bool, paying: bool
) -> None:
    """Refuse options that would be taken for something they do not do; raises SettingsError."""
    if not what_if and (cycles is not None or paying):
        raise SettingsError("--cycles, --budget-usd and --yes belong to --what-if.")
    if what_if and model is not None:
        raise SettingsError(
            "--what-if leaves an agent out whatever its model; --agent names one. Without "
            "--what-if, --model works. Nothing was asked."
        )
    if since is not None and cycles is not None:
        raise SettingsError("Give --cycles or --since, not both. Nothing was asked.")


def _ask(
    question: _Question,
    *,
    each: "Callable[[Without, str], None]",
    end: "Callable[[EachWithout], None]",
    quiet: bool,
) -> None:
    """The desk without each adviser: `each` is told one as it is known, `end` all of them."""
    from crew.opening import leave_if_stopped, opened_for_recordings
    from crew.paying import agreed
    from crew.what_if.in_turn import answers, each_without, questions
    from crew.what_if.purse import Purse

    with opened_for_recordings() as desk:
        asked = questions(desk, question.cycles, question.since, question.agent)
        budget = agreed(
            asked.estimate,
            asked.usual_budget_usd if question.budget_usd is None else question.budget_usd,
            bound=question.budget_usd is not None,
            yes=question.yes,
            asked=asked.words,
        )
        purse = Purse(
            desk.settings.llm.prices,
            budget,
            agreed_to=asked.estimate.may_ask,
            bound=question.budget_usd is not None,
        )
        found = []
        with desk.stopping.listening():
            for one in answers(desk, asked, purse, progress(quiet=quiet)):
                found.append(one)
                each(one, desk.settings.currency)
    end(each_without(desk, asked, purse, found))
    leave_if_stopped(desk)


__all__ = ["scores"]
