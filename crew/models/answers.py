"""
A model's tool calls, read strictly: which tool, and which arguments, digit for digit.

Every provider spells a call its own way; all of them become one record here, or a fault
that says what is wrong. A name counts only as it was offered, letter for letter.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from records.base import plain
from records.strict import MAX_BYTES, MAX_DEPTH, NotStrict, faults, one_object

MOST_CALLS = 20
"""Of one answer; what comes after them is not looked at."""

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CALL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,120}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an offered tool; numbers in the arguments are Decimal or int."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadCall:
    """A call that is not carried out; `code` is tool_not_offered or bad_arguments."""

    call_id: str
    name: str
    code: str
    message: str


def read_call(call: Any, offered: Mapping[str, type[BaseModel]]) -> Call | BadCall:
    """One tool call of a reply, taken strictly: by its offered name, with arguments it takes."""
    call_id, name, arguments = spelled(call)
    call_id = call_id if _CALL_ID.fullmatch(call_id) else "call_unnamed"
    if name not in offered:
        known = ", ".join(offered) or "none"
        message = f"no tool {name[:80]!r} is offered here, so nothing was done; offered: {known}"
        shown = name if _TOOL_NAME.fullmatch(name) else ""
        return BadCall(call_id, shown, "tool_not_offered", message)
    try:
        found = _arguments(arguments)
        offered[name].model_validate(found)
        offered[name].model_validate(json.loads(canonical(found)))  # as it will be read again
    except NotStrict as error:
        said = str(error)
    except ValidationError as error:
        said = faults(error)
    else:
        return Call(call_id, name, found)
    message = f"the arguments of {name} were refused: {said}. Nothing was done"
    return BadCall(call_id, name, "bad_arguments", message)


def check_text(reply: str) -> str | None:
    """Why a text cannot be an answer at all; None when it may be looked at."""
    if not reply.strip():
        return "it is empty"
    if len(reply) > MAX_BYTES or len(reply.encode(errors="replace")) > MAX_BYTES:
        return f"it is larger than {MAX_BYTES} bytes"
    if not reply.isascii() and reply != reply.encode(errors="replace").decode():
        return "it holds half characters"
    return None


def canonical(arguments: Mapping[str, Any]) -> str:
    """The arguments as JSON; a number with a fraction as a string, so that no digit is lost."""
    return orjson.dumps(arguments, default=_digits).decode()


def _digits(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{type(value).__name__} has no place in arguments")


def _arguments(given: Any) -> Mapping[str, Any]:
    """A strict object of text, or of what a provider's client has parsed already."""
    if not isinstance(given, str):
        given = _written(given)
    text = given.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise NotStrict("they are not one JSON object")
    found = one_object(text, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    return found if isinstance(found, Mapping) else {}


def _written(given: Any) -> str:
    try:
        return json.dumps(dict(given), allow_nan=False)  # orjson writes null for NaN
    except (TypeError, ValueError, RecursionError):
        raise NotStrict("they are not one JSON object") from None


def spelled(call: Any) -> tuple[str, str, Any]:
    """Id, name and arguments, whichever provider's form it has."""
    if isinstance(call, Mapping):
        inner = call.get("function") if isinstance(call.get("function"), Mapping) else call
        given = inner.get("arguments", inner.get("input", "")) if inner else ""
        identifier = call.get("call_id") or call.get("id") or call.get("toolUseId")
        return str(identifier), str(inner.get("name") or "") if inner else "", given
    function = getattr(call, "function", None) or getattr(call, "function_call", None)
    if function is not None:
        given = getattr(function, "arguments", None) or getattr(function, "args", "")
        return str(getattr(call, "id", "")), str(getattr(function, "name", "")), given
    given = getattr(call, "input", "")
    return str(getattr(call, "id", "")), str(getattr(call, "name", "")), given
