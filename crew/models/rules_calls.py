"""
Which tools to call, with which arguments, and the ids of those calls.

Arguments are built from the tool's own JSON schema, as a model would. A tool whose
verb changes something is never called from here: only the two acting tools of the
desk exist for that, and the rulebook calls them on purpose.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from crew.models.rules_prompt import Prompt

ACTING = ("submit_verdict", "place_order")
_CHANGING_VERBS = re.compile(
    r"(submit|place|cancel|close|open|set|save|store|delete|remove|halt|resume|arm|disarm|reset"
    r"|update|write|add|create|delegate|ask|send)(_|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool, arguments as JSON text."""

    call_id: str
    name: str
    arguments: str

    def as_openai(self) -> dict[str, Any]:
        """The call as chat completions spell it."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.call_id, "type": "function", "function": function}


ToolCalls = tuple[ToolCall, ...]


def offered(tools: Sequence[Mapping[str, Any]] | None) -> dict[str, Mapping[str, Any]]:
    """The parameters schema of every offered tool, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for tool in tools or ():
        function = tool.get("function", tool)
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            schema = function.get("parameters")
            found[function["name"]] = schema if isinstance(schema, Mapping) else {}
    return found


def reading_calls(prompt: Prompt, tools: Mapping[str, Mapping[str, Any]]) -> ToolCalls:
    """Every offered tool that only reads and has not answered yet, all at once."""
    wanted: list[tuple[str, dict[str, Any]]] = []
    for name, schema in tools.items():
        if _reads(name) and name not in prompt.called and name not in prompt.briefings:
            wanted.extend((name, arguments) for arguments in _arguments(prompt, schema))
    return calls(prompt, wanted)


def calls(prompt: Prompt, wanted: Sequence[tuple[str, Mapping[str, Any]]]) -> ToolCalls:
    """Calls whose ids derive from the request, so that a replay gives the same ids."""
    made: list[ToolCall] = []
    for index, (name, arguments) in enumerate(wanted):
        text = orjson.dumps(arguments).decode()
        seed = f"{prompt.digest}\n{index}\n{name}\n{text}"
        made.append(ToolCall(f"call_{sha256(seed.encode()).hexdigest()[:24]}", name, text))
    return tuple(made)


def _reads(name: str) -> bool:
    return name not in ACTING and not _CHANGING_VERBS.match(name)


def _arguments(prompt: Prompt, schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One set of arguments, or one for each market when the tool takes one market at a time."""
    properties = schema.get("properties")
    fields = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required") or ()
    given = {
        name: _value(prompt, name, field if isinstance(field, Mapping) else {})
        for name, field in fields.items()
        if name in ("symbols", "symbol") or name in required
    }
    if "symbol" not in given:
        yield given
        return
    for symbol in prompt.shortlist:
        yield {**given, "symbol": symbol}


def _value(prompt: Prompt, name: str, field: Mapping[str, Any]) -> Any:
    """A plain value for one argument: what the prompt names, else the schema's own default."""
    if name == "symbols":
        return list(prompt.shortlist)
    if name == "cycle_id":
        return prompt.cycle_id or ""
    if "default" in field:
        return field["default"]
    if field.get("enum"):
        return field["enum"][0]
    return _of_type(prompt, field)


def _of_type(prompt: Prompt, field: Mapping[str, Any]) -> Any:
    kinds = [field.get("type"), *(option.get("type") for option in field.get("anyOf", ()))]
    if "null" in kinds:
        return None
    if "integer" in kinds or "number" in kinds:
        return field.get("minimum", 1)
    if "boolean" in kinds:
        return False
    if "array" in kinds:
        return []
    return {} if "object" in kinds else ", ".join(prompt.shortlist)
