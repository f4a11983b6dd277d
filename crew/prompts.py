"""
The part of a prompt that code writes: what cycle it is, which markets it is about,
briefings, and the exact form of the answer. The words that persuade live in tasks.yaml.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from crew.specs import TaskSpec
from records.proposal import TradeProposals
from records.reports import ChartReport, Note, SentimentReport, TechnicalReport

ANSWERS: Mapping[str, type[BaseModel]] = {
    record.__name__: record
    for record in (TechnicalReport, SentimentReport, ChartReport, TradeProposals, Note)
}


_FENCE = re.compile(r"\[(?=\s*(?:report|briefing|end\s+of)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """What a task is told when it begins."""

    description: str
    context: str | None
    """What earlier tasks answered; None: nothing it may read."""


def task_prompt(
    task: TaskSpec, *, cycle_id: str, markets: Sequence[str], briefings: Mapping[str, str]
) -> str:
    """The whole task, as the model reads it; answers of earlier tasks follow after it."""
    parts = [
        task.description.strip(),
        f"Cycle: {cycle_id}\nShortlist: {', '.join(markets)}",
        *(block("briefing", name, text) for name, text in briefings.items()),
        _ending(task),
    ]
    return "\n\n".join(parts)


def block(kind: str, name: str, text: str) -> str:
    """A fenced part of a prompt; the text can neither close the fence nor open another."""
    inert = _FENCE.sub("(", text)
    return f"[{kind} {name}]\n{inert}\n[end of {kind} {name}]"


def _ending(task: TaskSpec) -> str:
    if task.finish_with is not None:
        return f"Finish by calling {task.finish_with}."
    record = ANSWERS[task.output or "Note"]
    return f"Answer with one JSON object: {record.__name__}\n{shape(record)}"


def shape(record: type[BaseModel]) -> str:
    """A record as a compact template: keys, types and what they mean."""
    schema = record.model_json_schema()
    return _shape(schema, schema.get("$defs", {}))


def _shape(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _shape(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        options = [_shape(option, definitions) for option in schema["anyOf"]]
        if options[0].startswith("number"):  # a decimal may be a string too; a number will do
            options = [one for one in options if one != "string"]
        return "|".join(dict.fromkeys(options)) if "null" not in options else f"{options[0]}|null"
    if "enum" in schema:
        return "|".join(f'"{value}"' for value in schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {}).items()
        inner = ", ".join(f'"{name}": {_field(field, definitions)}' for name, field in fields)
        return "{" + inner + "}"
    if kind == "array":
        return f"[{_shape(schema.get('items', {}), definitions)}, ...]{_bounds(schema)}"
    if kind in ("number", "integer"):
        return f"{kind}{_bounds(schema)}"
    return str(kind or "string")


def _field(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    described = schema.get("description")
    return _shape(schema, definitions) + (f" ({described})" if described else "")


def _bounds(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum", schema.get("minItems")))
    high = schema.get("maximum", schema.get("exclusiveMaximum", schema.get("maxItems")))
    if low is None and high is None:
        return ""
    return f" {'' if low is None else low}..{'' if high is None else high}"
