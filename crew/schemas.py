"""
JSON schemas of desk.yaml, agents.yaml and tasks.yaml, for editors that complete and check.

They follow from the classes that read the files, so they promise no other form. What takes more
than one place to judge (a tool its agent does not hold, one limit above another) only the desk
itself refuses.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.models.factory import PROVIDERS
from crew.setting_faults import NESTED_SECRETS, SECRETS, section_names
from crew.settings import MODELS, Settings
from crew.specs import ACTING_TOOLS, AgentSpec, TaskSpec
from records.errors import SettingsError

FOLDER = CHECKOUT / "docs" / "schemas"

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DECIMAL = r"^-?[0-9]{1,60}(\.[0-9]{1,60})?$"
_BOUNDS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
}
"""What pydantic calls the bounds of a number that is read strictly, and JSON Schema does."""


def schemas() -> Mapping[str, Schema]:
    """Each schema by the name of its file."""
    return {
        "desk.schema.json": _desk(),
        "agents.schema.json": _agents(),
        "tasks.schema.json": _tasks(),
    }


def write(folder: Path) -> list[Path]:
    """Write them all; raises SettingsError when the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_write(folder / name, schema) for name, schema in schemas().items()]
    except OSError as error:
        raise SettingsError(
            f"The schemas cannot be written to {str(folder)!r} ({error.strerror}). "
            "Name another folder with --out."
        ) from None


def as_text(schema: Schema) -> str:
    """The schema as its file holds it."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"


def _write(file: Path, schema: Schema) -> Path:
    file.write_text(as_text(schema), encoding="utf-8")
    return file


def _desk() -> Schema:
    """Every setting but the keys that no file may hold."""
    schema = _of(Settings, "desk.yaml")
    properties = schema["properties"]
    for name in SECRETS:
        del properties[name]
    for section, names in NESTED_SECRETS.items():
        for name in names:
            del schema["$defs"][_section_name(section)]["properties"][name]
    for name in section_names(Settings):
        properties[name] = {"anyOf": [{"$ref": properties[name]["$ref"]}, {"type": "null"}]}
    properties["model"] |= _model()
    properties["venue"]["examples"] = ["demo", "replay", "binance", "binanceusdm", "kraken"]
    properties["symbols"]["items"]["pattern"] = r"^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}(:[A-Z0-9]{1,20})?$"
    return schema


def _section_name(section: str) -> str:
    return type(Settings.model_fields[section].default).__name__


def _agents() -> Schema:
    agent = _of(AgentSpec)
    agent["properties"]["tools"]["items"] = _one_of(TOOL_NAMES)
    agent["properties"]["model"]["anyOf"][0] |= _model()
    return _entries("agents.yaml", agent)


def _tasks() -> Schema:
    task = _of(TaskSpec)
    properties = task["properties"]
    properties["finish_with"]["anyOf"][0] = _one_of(sorted(ACTING_TOOLS))
    properties["tools"]["anyOf"][0]["items"] = _one_of(TOOL_NAMES)
    properties["briefing"]["items"] = _one_of(t for t in TOOL_NAMES if t not in ACTING_TOOLS)
    return _entries("tasks.yaml", task)


def _entries(file: str, entry: Schema) -> Schema:
    """A file of named entries that all have one form."""
    return {
        "$schema": _DIALECT,
        "title": file,
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": entry,
    }


def _of(model: type[BaseModel], file: str | None = None) -> Schema:
    schema: Schema = _tidied(model.model_json_schema())
    return {"$schema": _DIALECT, "title": file, **schema} if file else schema


def _one_of(names: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(names)}


def _model() -> Schema:
    """A model of the rulebook, or a provider that CrewAI answers for and its model."""
    provider = f"^({'|'.join(sorted(PROVIDERS))})/.+$"
    return {"anyOf": [{"enum": list(MODELS)}, {"pattern": provider}]}


def _tidied(node: Any) -> Any:
    """Without pydantic's titles; bounds of strict numbers in words that editors know."""
    if isinstance(node, list):
        return [_tidied(one) for one in node]
    if not isinstance(node, dict):
        return node
    bounds = {_BOUNDS[name]: bound for name, bound in node.items() if name in _BOUNDS}
    tidy = {
        name: _tidied(inner)
        for name, inner in node.items()
        if name not in _BOUNDS and not (name == "title" and isinstance(inner, str))
    }
    branches = {branch.get("type"): branch for branch in tidy.get("anyOf", ())}
    if {"number", "string"} <= branches.keys():  # how a decimal may be written
        branches["number"].update(bounds)
        branches["string"]["pattern"] = _DECIMAL
        if isinstance(default := tidy.get("default"), str):
            tidy["default"] = orjson.loads(default)
        return tidy
    return tidy | bounds
