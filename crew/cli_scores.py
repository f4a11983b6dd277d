"""`desk scores`: how right each agent and each model was, from the ledger alone."""

from typing import Annotated

import typer

from crew.console import AsJson, market_now, print_json, the_ledger
from records.errors import SettingsError


def scores(
    since: Annotated[
        str | None, typer.Option(help="Only cycles begun since 7d, 4w ago, or since a time (UTC).")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only this agent, as in agents.yaml.")] = None,
    model: Annotated[str | None, typer.Option(help="Only what was said with this model.")] = None,
    as_json: AsJson = False,
) -> None:
    """How right each agent and each model was: hit rate, Brier score, trades, cost."""
    from crew.moments import moment
    from crew.scores.card import Asked, scorecard, unknown
    from crew.scores.told import text
    from tools.ledger.judged import Stretch

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
    print_json(card.model_dump(mode="json")) if as_json else typer.echo(text(card))


__all__ = ["scores"]
