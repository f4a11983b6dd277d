"""`desk config`: what is set and by whom, and the forms of the YAML files. It runs no cycle."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="What is set and where it came from; JSON schemas of the YAML files.",
)


@app.command()
def show(
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what differs from its default.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, such as risk.max_leverage=2.")
    ] = None,
) -> None:
    """Every setting in force, and where it came from; keys are told of as set or not set."""
    from crew.provenance import as_document, as_text, effective
    from crew.settings import nested

    found = effective(nested(set_ or []))
    wanted = tuple(one for one in found if one.changed or not changed)
    sys.stdout.write(f"{as_document(wanted) if as_json else as_text(wanted)}\n")


@app.command()
def schema(
    out: Annotated[
        Path | None, typer.Option(help="Folder; docs/schemas in the checkout if left out.")
    ] = None,
) -> None:
    """Write the JSON schemas by which editors complete and check the three YAML files."""
    from crew.schemas import FOLDER, write

    for file in write(out or FOLDER):
        sys.stdout.write(f"wrote {file}\n")
