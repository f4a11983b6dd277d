"""
`desk what-if`: recorded cycles again with something changed, and what would have differed.

It reads the state folder and changes nothing in it. Whoever would be paid is named, with an
estimate, before the first model is asked.
"""

from pathlib import Path
from typing import Annotated

import typer

from crew.console import AsJson, amount, print_json, progress
from crew.opening import file_of, leave_if_stopped, opened_for_recordings, since_of
from crew.paying import agreed


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
    given = None if budget_usd is None else amount(budget_usd)
    page = None if html is None else page_file(html)
    with opened_for_recordings() as desk:
        asked = plan(desk, change, chosen(desk, cycles, since_of(since, desk)))
        budget = agreed(
            asked.estimate,
            asked.usual_budget_usd if given is None else given,
            bound=given is not None,
            yes=yes,
        )
        with desk.stopping.listening():
            found = answer(
                desk,
                asked,
                budget_usd=budget,
                say=progress(quiet=as_json),
                bound=given is not None,
            )
    if not as_json:
        typer.echo(table(found))
    if page is not None:
        write_page(found, page)
    if as_json:  # last: when the page fails, that is the one document
        print_json(found.document())
    leave_if_stopped(desk)
