"""
Tools as a model is offered them: the schema without what is repeated or meant for people.

Every call carries every schema, so titles that repeat the key, the docstrings of records
inside arguments and bounds on lengths are paid for again and again. The desk checks every
argument itself, and providers that hold a model to a schema refuse some of those bounds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

_BOUNDS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "pattern"})


def offered_plainly(tools: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    """The same tools, each with the same arguments, in fewer words."""
    return None if tools is None else [_tool(tool) for tool in tools]


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return dict(tool)
    parameters = function.get("parameters")
    if not isinstance(parameters, Mapping):
        return dict(tool)
    return {**tool, "function": {**function, "parameters": _plain(parameters)}}


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    said = {key: value for key, value in schema.items() if not _is_for_people(key, value, schema)}
    fields = said.pop("properties", None)
    plain = {key: _plain(value) for key, value in said.items()}
    if isinstance(fields, Mapping):
        plain["properties"] = {name: _plain(field) for name, field in fields.items()}
    return plain


def _is_for_people(key: str, value: Any, schema: Mapping[str, Any]) -> bool:
    return (
        key in _BOUNDS
        or (key == "title" and isinstance(value, str))
        or (key == "description" and "properties" in schema)
    )
