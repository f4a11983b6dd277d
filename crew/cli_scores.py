"""
`desk scores`: how right each agent and each model was.

The scores come from the ledger alone. What the desk would have been without one of its agents
is asked on demand, because recorded cycles have to be run again for it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from crew.console import AsJson, market_now, print_json, the_ledger
from records.errors import SettingsError

if TYPE_CHECKING:
    from datetime import datetime

    from crew.scores.card import Scorecard
    from crew.what_if.answer import Answer

_CYCLES = "LAST_20"
_TOLD_ELSEWHERE = frozenset({"compared", "estimate", "budget_usd"})
"""What `desk what-if --json` tells of one question."""


def scores(
    since: Annotated[
        str | None, typer.Option(help="Only cycles begun since 7d, 4w ago, or since a time (UTC).")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only this agent, as in agents.yaml.")] = None,
    model: Annotated[str | None, typer.Option(help="Only what was said with this model.")] = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Also run cycles again without each agent in turn.")
    ] = False,
    cycles: Annotated[
        str | None, typer.Option(help="Those cycles: LAST_20 (if left out), LAST_N, or ID,ID.")
    ] = None,
    budget_usd: Annotated[
        str | None, typer.Option(help="Most that models may cost for --what-if.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about the cost.")] = False,
    as_json: AsJson = False,
) -> None:
    """How right each agent and each model was: hit rate, Brier score, trades, cost."""
    from crew.moments import moment
    from crew.scores.card import Asked, scorecard, unknown
    from crew.scores.told import text
    from tools.ledger.judged import Stretch

    if not what_if and (cycles is not None or budget_usd is not None or yes):
        raise SettingsError("--cycles, --budget-usd and --yes belong to --what-if.")
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
    if not as_json:
        typer.echo(text(card))
    if what_if:
        _without(card if as_json else None, agent, cycles, began, budget_usd, yes=yes)
    elif as_json:
        print_json(_document(card, None))


def _without(
    card: "Scorecard | None",
    agent: str | None,
    cycles: str | None,
    began: "datetime | None",
    budget_usd: str | None,
    *,
    yes: bool,
) -> None:
    """The desk without each agent, told as they are known; in one document with a card."""
    from crew.opening import opened_for_recordings
    from crew.paying import agreed, leave_if_stopped, progress
    from crew.what_if.cases import chosen
    from crew.what_if.in_turn import answers, each_without, together, usual_budget_usd
    from crew.what_if.table import summary

    wanted = cycles or (_CYCLES if began is None else None)
    found = list["Answer"]()
    with opened_for_recordings() as desk:
        plans = each_without(desk, chosen(desk, wanted, None if wanted else began), agent)
        budget = agreed(together(plans), usual_budget_usd(plans), budget_usd, yes=yes)
        with desk.stopping.listening():
            for one in answers(
                desk, plans, budget_usd=budget, say=progress(quiet=card is not None)
            ):
                found.append(one)
                if card is None:
                    typer.echo(f"\n{summary(one)}")
    if card is not None:
        print_json(_document(card, found))
    leave_if_stopped(desk)


def _document(card: "Scorecard", found: "Sequence[Answer] | None") -> dict[str, object]:
    """One document; `without` is null when nobody asked."""
    without = None if found is None else [_in_short(one) for one in found]
    return card.model_dump(mode="json") | {"without": without}


def _in_short(answer: "Answer") -> dict[str, object]:
    told = answer.document() | {"cycles": len(answer.compared)}
    return {name: value for name, value in told.items() if name not in _TOLD_ELSEWHERE}


__all__ = ["scores"]
