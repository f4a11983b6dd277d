"""
How schemas, values and answers look on a page: tables, and answers cut to what a reader needs.

A cut is always marked with `…`; nothing else about an answer is changed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_LIST_ITEMS = 2
_TEXT_CHARS = 90
_SHORT_LIST = 24  # a row of figures stays whole

Schema = Mapping[str, Any]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def value(given: Any) -> str:
    """A value as JSON; what is not set is `null`."""
    return json.dumps(_cut(given), ensure_ascii=False, default=str)


def document(answer: str) -> str:
    """A tool's answer, a line for each key; a fence around it is kept."""
    before, brace, rest = answer.partition("{")
    body, _, after = rest.rpartition("}")
    lines = [f'  "{key}": {_inner(one)}' for key, one in json.loads(brace + body + "}").items()]
    return before + "{\n" + ",\n".join(lines) + "\n}" + after


def flat(
    schema: Schema, *, nested: bool = True, bounds: bool = True
) -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of every property; those of a list's items as `list[].name`."""
    known = schema.get("$defs", {})
    for name, field in schema.get("properties", {}).items():
        yield name, _kind(field, known, bounds), field.get("description", "")
        items = _resolved(field.get("items", {}), known)
        for inner, kind, about in flat({**items, "$defs": known}) if nested else ():
            yield f"{name}[].{inner}", kind, about


def _kind(schema: Schema, known: Schema, bounds: bool = True) -> str:
    schema = _resolved(schema, known)
    if "anyOf" in schema:
        options = list(dict.fromkeys(_kind(one, known, bounds) for one in schema["anyOf"]))
        if any(one.startswith("number") for one in options):
            options = [one for one in options if one != "text"]  # how a decimal may be written
        return " or ".join(options)
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    within = _bounds(schema) if bounds else ""
    named = str(schema.get("type", "any"))
    kind = _KINDS.get(named, named)
    if kind == "list":
        return f"list{within} of {_kind(schema.get('items', {}), known, bounds)}"
    return kind + within


_KINDS = {"string": "text", "boolean": "true or false", "object": "map", "array": "list"}


def _bounds(schema: Schema) -> str:
    words = {
        "minimum": "at least",
        "minItems": "at least",
        "maximum": "at most",
        "maxItems": "at most",
        "maxLength": "at most",
    }
    unit = " characters" if schema.get("type") == "string" else ""
    found = [f"{word} {schema[key]}{unit}" for key, word in words.items() if key in schema]
    return f" ({', '.join(found)})" if found else ""


def _resolved(schema: Schema, known: Schema) -> Schema:
    reference = schema.get("$ref")
    return known[reference.rpartition("/")[2]] if reference else schema


def _inner(given: Any) -> str:
    """A list of lists or of objects is written a line for each, others on one line."""
    if isinstance(given, list) and given and isinstance(given[0], list | dict):
        lines = [f"    {value(one)}" for one in given[:_LIST_ITEMS]]
        more = [f"    … {len(given) - _LIST_ITEMS} more"] if len(given) > _LIST_ITEMS else []
        return "[\n" + ",\n".join([*lines, *more]) + "\n  ]"
    return value(given)


def _cut(given: Any) -> Any:
    if isinstance(given, str):
        return given if len(given) <= _TEXT_CHARS else given[:_TEXT_CHARS] + "…"
    if isinstance(given, Mapping):
        return {key: _cut(one) for key, one in given.items()}
    if isinstance(given, list | tuple):
        long = len(given) > _SHORT_LIST or (given and isinstance(given[0], dict))
        kept = [_cut(one) for one in (given[:1] if long else given)]
        return [*kept, "…"] if len(kept) < len(given) else kept
    return given


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
