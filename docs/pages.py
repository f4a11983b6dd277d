"""
The generated parts of the pages: tools, settings, commands and rules, as markdown.

Everything is read from where the desk itself reads it: tool classes, YAML, settings, the
command line, the rulebook. Nothing is described here that the code does not describe.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from inspect import getdoc, isclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.models.rules_temperament import TEMPERAMENTS, Temperament
from crew.plan import plan_of, plan_text
from crew.profiles import PROFILES
from crew.settings import Settings
from crew.specs import AgentSpec, CrewSpec, TaskSpec, load_specs
from docs import examples
from docs.shown import document, flat, table, value
from records.order import OrderStatus
from records.risk import RiskLimits
from tools.orders import states
from tools.risk import limits as gate_limits

_PROFILES = ("conservative", "moderate", "aggressive")
_TOOL_MODULES = (
    "tools.exchange.tool",
    "tools.indicators.tool",
    "tools.chart.tool",
    "tools.context.tool",
    "tools.news.tool",
    "tools.risk.tool",
    "tools.orders.tool",
    "memory.tool",
)


def tool_names() -> Sequence[str]:
    """Every tool an agent may be given."""
    return TOOL_NAMES


def tools_overview() -> str:
    """One row a tool: who holds it, and in which tasks it is called, by whom."""
    spec = _spec()
    rows = [
        [
            f"[`{name}`](#{name})",
            _listed(agent for agent, one in spec.agents.items() if name in one.tools),
            _listed(task for task in spec.tasks if name in spec.tools_of(task)),
            _listed(task for task, one in spec.tasks.items() if name in one.briefing),
        ]
        for name in TOOL_NAMES
    ]
    return table(["tool", "held by", "offered in task", "briefed in task"], rows)


def tool_page(name: str) -> str:
    """What the model reads of one tool, and what it got when it was called."""
    fields_of = _classes()[name].model_fields
    call = json.loads(examples.FILE.read_text(encoding="utf-8"))[name]
    return "\n".join(
        [
            f"> {fields_of['description'].default}",
            "",
            _arguments(fields_of["args_schema"].default),
            "",
            "```",
            f"{name}({value(call['arguments'])})",
            "",
            document(call["answer"]),
            "```",
        ]
    )


def settings_tables() -> str:
    """A table for the desk's own settings and one for each section."""
    top = {n: f for n, f in Settings.model_fields.items() if not _section(f.annotation)}
    parts = ["## The desk", "", _settings_table(Settings, top, ())]
    for name, field in Settings.model_fields.items():
        if (section := _section(field.annotation)) is not None:
            about = (getdoc(section) or "").splitlines()[0]
            inner = _settings_table(section, section.model_fields, (name,))
            parts += ["", f"## {name}", "", about, "", inner]
    return "\n".join(parts)


def agent_fields() -> str:
    """What an entry of agents.yaml may hold."""
    return _entry_table(AgentSpec)


def task_fields() -> str:
    """What an entry of tasks.yaml may hold."""
    return _entry_table(TaskSpec)


def crew_shown() -> str:
    """The shipped crew as `desk crew show` prints it."""
    plan = plan_of(_spec(), Settings.model_fields["model"].default)
    return f"```\n{plan_text(plan)}\n```"


def profiles() -> str:
    """The limits that differ from profile to profile, side by side."""
    given = {name: RiskLimits.model_validate(PROFILES[name].get("risk", {})) for name in _PROFILES}
    rows = [
        [f"`risk.{limit}`", *(f"{getattr(one, limit)}" for one in given.values())]
        for limit in RiskLimits.model_fields
        if len({getattr(one, limit) for one in given.values()}) > 1
    ]
    return table(["limit", *given], rows)


def commands() -> str:
    """Every command of `desk`, those of its groups too, with arguments and options."""
    return "\n\n".join(_command(name, command) for name, command in every_command())


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command by the words it is called with, such as `config show`."""
    import typer

    from crew.cli import app

    yield from _within(typer.main.get_command(app), ())


def _within(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield " ".join((*path, name)), command
            yield from _within(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def thresholds() -> str:
    """The three temperaments side by side."""
    rows = [
        [f"`{field.name}`", *(f"{getattr(one, field.name)}" for one in TEMPERAMENTS.values())]
        for field in fields(Temperament)
    ]
    return table(["threshold", *TEMPERAMENTS], rows)


def limits() -> str:
    """The gate's rules for entries and for exits."""
    entries = gate_limits._ENTRY_RULES
    exits = gate_limits._EXIT_RULES
    rows = [[f"`{name}`", "entry", _sentence(rule)] for name, rule in entries.items()]
    rows += [[f"`{name}`", "exit", _sentence(rule)] for name, rule in exits.items()]
    return table(["limit", "for", "why"], rows)


def order_states() -> str:
    """The table of order states: what each event makes of an order."""
    rows = [
        [f"`{status}`", *(_after(status, event) for event in states.EVENTS)]
        for status in states.STATUSES
    ]
    return table(["", *(event.replace("_", " ") for event in states.EVENTS)], rows)


def _after(status: OrderStatus, event: states.OrderEvent) -> str:
    after = states.TABLE[status].get(event)
    return "refused" if after is None else "" if after == status else after


def _spec() -> CrewSpec:
    return load_specs(CHECKOUT / "agents.yaml", CHECKOUT / "tasks.yaml", TOOL_NAMES)


def _classes() -> Mapping[str, type[BaseModel]]:
    """The class of every tool, by the tool's name."""
    from crewai.tools import BaseTool

    found: dict[str, type[BaseModel]] = {}
    for module in map(import_module, _TOOL_MODULES):
        for one in vars(module).values():
            if isclass(one) and issubclass(one, BaseTool) and one is not BaseTool:
                found[one.model_fields["name"].default] = one
    return found


def _arguments(schema: type[BaseModel]) -> str:
    rows = [[f"`{name}`", kind, about] for name, kind, about in flat(schema.model_json_schema())]
    return table(["argument", "type", "meaning"], rows) if rows else "No arguments."


def _entry_table(entry: type[BaseModel]) -> str:
    rows = [
        [
            f"`{name}`",
            kind,
            "required" if field.is_required() else _default(field),
            field.description or "",
        ]
        for name, kind, _ in flat(entry.model_json_schema(), nested=False)
        for field in (entry.model_fields[name],)
    ]
    return table(["key", "type", "default", "meaning"], rows)


def _settings_table(
    owner: type[BaseModel], wanted: Mapping[str, Any], path: tuple[str, ...]
) -> str:
    schema = owner.model_json_schema()
    kinds = {name: kind for name, kind, _ in flat(schema, nested=False, bounds=False)}
    rows = [
        [
            f"`{'.'.join((*path, name))}`",
            f"`DESK_{'__'.join((*path, name)).upper()}`",
            f"{kinds[name]}{_bounds(field)}",
            _default(field),
            field.description or "",
        ]
        for name, field in wanted.items()
    ]
    return table(["setting", "environment", "type", "default", "meaning"], rows)


def _bounds(field: Any) -> str:
    """Its bounds; the schema does not show those of a number that is read strictly."""
    words = {
        "gt": "above",
        "ge": "at least",
        "min_length": "at least",
        "lt": "below",
        "le": "at most",
        "max_length": "at most",
    }
    found = [
        f"{word} {getattr(bound, key)}"
        for key, word in words.items()
        for bound in field.metadata
        if hasattr(bound, key)
    ]
    return f" ({', '.join(found)})" if found else ""


def _default(field: Any) -> str:
    default = field.get_default(call_default_factory=True)
    shown = str(default) if isinstance(default, Path) else default
    return f"`{value(shown)}`"


def _section(annotation: Any) -> type[BaseModel] | None:
    return annotation if isclass(annotation) and issubclass(annotation, BaseModel) else None


def _command(name: str, command: Any) -> str:
    rows = [row for param in command.params if (row := _parameter(param)) is not None]
    lines = [f"## desk {name}", "", command.help or ""]
    return "\n".join(
        [*lines, "", table(["argument", "default", "meaning"], rows)] if rows else lines
    )


def _parameter(param: Any) -> list[str] | None:
    if getattr(param, "hidden", False) or param.name == "help":
        return None
    positional = param.param_type_name == "argument"
    spelling = (param.name or "").upper() if positional else ", ".join(param.opts)
    default = "required" if param.required else value(param.default)
    return [f"`{spelling}`", default, getattr(param, "help", "") or ""]


def _sentence(rule: Any) -> str:
    """A rule's docstring on one line."""
    return " ".join((getdoc(rule) or "").split())


def _listed(names: Iterator[str]) -> str:
    return ", ".join(names) or "none"
