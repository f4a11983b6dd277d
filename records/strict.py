"""
Reads JSON that a model or a file wrote, and repairs nothing.

Refused: duplicate keys, NaN and infinities, numbers longer than 40 characters or beyond
what a double holds, more than one object, an object that is a part of something else, deep
nesting, oversize. A fence or prose around exactly one object is accepted.
"""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Never

from pydantic import BaseModel, ValidationError

MAX_BYTES = 65_536
MAX_DEPTH = 16
_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 308
_IN_A_LIST = re.compile(r'\[$|"\s*:$|\[[^\]]*,$')
_GOES_ON = ("]", "}", "[", ",")


class NotStrict(ValueError):
    """The text is not exactly one acceptable JSON object; the message says why."""


def one_object(text: str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """The only JSON object in the text, numbers as Decimal or int; raises NotStrict."""
    if len(text) > max_bytes or len(text.encode(errors="replace")) > max_bytes:
        raise NotStrict(f"it is larger than {max_bytes} bytes")
    start = text.find("{")
    if start < 0:
        raise NotStrict("it holds no JSON object")
    _refuse_depth(text, start, max_depth)
    try:
        found, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise NotStrict(f"it is not valid JSON ({error.msg} at character {error.pos})") from None
    before, after = text[:start].rstrip(), text[end:].lstrip()
    if "{" in after:
        raise NotStrict("it holds more than one object")
    if _IN_A_LIST.search(before) or after.startswith(_GOES_ON) or _is_json(before):
        raise NotStrict("its object is a part of something else")
    return found


def _is_json(before: str) -> bool:
    """Whether another document stands in front."""
    if not before.endswith(("]", '"')):
        return False
    try:
        json.loads(before)
    except (ValueError, RecursionError):
        return False
    return True


def read_as[R: BaseModel](record: type[R], text: str) -> R:
    """The one object in the text as a record; raises NotStrict with every fault named."""
    found = one_object(text)
    try:
        return record.model_validate(found)
    except ValidationError as error:
        raise NotStrict(faults(error)) from None


def faults(error: ValidationError, limit: int = 5) -> str:
    """The first faults of a validation in words: where, and what is wrong."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{_path(fault['loc'])}: {fault['msg']}" for fault in found[:limit]]
    more = f" (and {len(found) - limit} more)" if len(found) > limit else ""
    return "; ".join(lines) + more


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part)[:60] for part in location) or "the object"


def _refuse_depth(text: str, start: int, limit: int) -> None:
    depth, in_string = 0, False
    for token in _BRACKETS.finditer(text, start):
        mark = token.group()
        if mark == '"':
            in_string = not in_string
        elif in_string or mark[0] == "\\":
            continue
        elif mark in "{[":
            depth += 1
            if depth > limit:
                raise NotStrict(f"it is nested deeper than {limit} levels")
        else:
            depth -= 1


_TINIEST, _HUGEST = Decimal("1e-308"), Decimal("1.797693134862315e308")

_BRACKETS = re.compile(r'\\.|["{}\[\]]', re.S)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotStrict(f"the key {key[:60]!r} stands twice")
        found[key] = value
    return found


def _decimal(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise NotStrict("a number is too long")
    _, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > _LARGEST_EXPONENT:
        raise NotStrict(f"the number {text} has an exponent beyond sense")
    found = Decimal(text)
    if found and not _TINIEST <= abs(found) <= _HUGEST:
        raise NotStrict(f"the number {text} is beyond sense")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise NotStrict("a number is too long")
    return int(text)


def _constant(text: str) -> Never:
    raise NotStrict(f"{text} is not a number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=_decimal,
    parse_int=_integer,
    parse_constant=_constant,
)
