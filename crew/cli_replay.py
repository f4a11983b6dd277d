"""
`desk replay` and `desk record-test`: recorded cycles run again, and kept as tests.

Both read the state folder and change nothing in it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crew.console import AsJson, print_json
from crew.opening import file_of, opened_for_recordings, since_of
from crew.visible import visible
from records.errors import ModelFailed, SettingsError

if TYPE_CHECKING:
    from crew.replay import Changes, Replayed

_SAME = "Identical: same reports, proposals, verdicts and orders."


def replay(
    cycle_id: Annotated[str | None, typer.Argument(help="A recorded cycle.")] = None,
    task_id: Annotated[str | None, typer.Option("-t", "--task_id", hidden=True)] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every recorded cycle, a line each.")] = False,
    since: Annotated[
        str | None, typer.Option(help="With --all: from then on, as 2026-11-03 or 24h.")
    ] = None,
    agents: Annotated[
        Path | None, typer.Option(help="Another agents.yaml in the recorded one's place.")
    ] = None,
    tasks: Annotated[
        Path | None, typer.Option(help="Another tasks.yaml in the recorded one's place.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, such as risk.max_leverage=2.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a recorded cycle again, offline, and say what differs."""
    named = cycle_id or task_id
    changes = _changes(agents, tasks, set_)
    if all_:
        if named is not None:
            raise SettingsError("Name a cycle or --all, not both. Nothing was run.")
        _replay_all(since, changes, as_json=as_json)
    if since is not None:
        raise SettingsError("--since goes with --all. Nothing was run.")
    if named is None:
        raise SettingsError("Name a recorded cycle; `desk status` lists cycles. Nothing was run.")
    _replay_one(named, changes, as_json=as_json)


def record_test(
    cycle_id: Annotated[str, typer.Argument(help="A recorded cycle.")],
    name: Annotated[str, typer.Argument(help="What the test is called, as late_stop.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where tests lie; tests/recorded if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep a recorded cycle as a test that fails when the desk decides otherwise."""
    from crew.record_test import FOLDER, write_test

    with opened_for_recordings() as desk:
        written = write_test(desk, cycle_id, name, folder or FOLDER)
    if as_json:
        kept = written.parent / name
        print_json({"cycle_id": cycle_id, "test": str(written), "folder": str(kept)})
    else:
        typer.echo(f"Wrote {written.name} and {written.parent.name}/{name}/. Run it with pytest.")


def _replay_one(cycle_id: str, changes: "Changes", *, as_json: bool) -> None:
    from crew.replay import replay_cycle

    with opened_for_recordings() as desk:
        found = replay_cycle(desk, cycle_id, changes)
    if as_json:
        print_json({"cycle_id": cycle_id, "identical": not found, "differences": found})
    else:
        typer.echo(visible("\n".join(found)) or _SAME)
    raise typer.Exit(ModelFailed.exit_code if found else 0)


def _replay_all(since: str | None, changes: "Changes", *, as_json: bool) -> None:
    from crew.replay import replay_all

    found: list[Replayed] = []
    with opened_for_recordings() as desk:
        for one in replay_all(desk, since_of(since, desk), changes):
            found.append(one)
            if not as_json:
                typer.echo(_line(one))
    if not found:
        raise SettingsError("No cycle was recorded in that time. Nothing was run.")
    same = sum(one.result == "identical" for one in found)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        typer.echo(f"{same} of {len(found)} identical.")
    raise typer.Exit(0 if same == len(found) else ModelFailed.exit_code)


def _line(one: "Replayed") -> str:
    why = visible(one.why.partition("\n")[0])
    return f"{visible(one.cycle_id)}  {one.result:<9}  {why}".rstrip()


def _changes(agents: Path | None, tasks: Path | None, assignments: list[str] | None) -> "Changes":
    from crew.replay import Changes
    from crew.settings import nested
    from crew.what_if.change import refuse_keys

    settings = nested(assignments or [])
    refuse_keys(settings)
    return Changes(agents=file_of(agents), tasks=file_of(tasks), settings=settings)


__all__: list[Any] = ["record_test", "replay"]
