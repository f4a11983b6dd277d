"""`desk crew`: who works at the desk and in which order, and whether the YAML holds together."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crew.console import AsJson, print_json, secrets

if TYPE_CHECKING:
    from crew.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The crew as agents.yaml and tasks.yaml state it.")

Agents = Annotated[Path | None, typer.Option(help="Another agents.yaml.")]
Tasks = Annotated[Path | None, typer.Option(help="Another tasks.yaml.")]


@app.command()
def show(agents: Agents = None, tasks: Tasks = None, as_json: AsJson = False) -> None:
    """Agents with their tools and models, and the flow of their tasks."""
    from crew.desk import TOOL_NAMES
    from crew.plan import plan_of, plan_text
    from crew.specs import load_specs

    settings = _settings(agents, tasks)
    plan = plan_of(load_specs(*_files(settings), TOOL_NAMES), settings.model)
    print_json(plan.model_dump(mode="json")) if as_json else typer.echo(plan_text(plan))


@app.command()
def check(agents: Agents = None, tasks: Tasks = None, as_json: AsJson = False) -> None:
    """Every fault of agents.yaml and tasks.yaml, models and their keys included; code 2 if any."""
    from crew.desk import TOOL_NAMES, model_faults
    from crew.specs import read_specs

    settings = _settings(agents, tasks)
    spec, faults = read_specs(*_files(settings), TOOL_NAMES)
    found = [{"file": fault.file, "said": fault.said} for fault in faults]
    found += [{"file": "", "said": said} for said in model_faults(settings, spec)]
    if as_json:
        print_json({"ok": not found, "faults": found})
    else:
        for fault in found:
            typer.echo(f"{fault['file']}: {fault['said']}".removeprefix(": "))
        if not found:
            typer.echo(
                f"Nothing is wrong: {len(spec.at_work())} of {len(spec.agents)} agents work on "
                f"{len(spec.tasks)} tasks. Disabled: {', '.join(spec.disabled) or 'none'}."
            )
    raise typer.Exit(2 if found else 0)


def _settings(agents: Path | None, tasks: Path | None) -> "Settings":
    """The settings with these files, named from the working directory, in their place."""
    from crew.settings import load_settings

    named = {"agents_file": agents, "tasks_file": tasks}
    flags = {name: file.absolute() for name, file in named.items() if file is not None}
    settings = load_settings(flags)
    secrets()
    return settings


def _files(settings: "Settings") -> tuple[Path, Path]:
    return settings.path(settings.agents_file), settings.path(settings.tasks_file)
