"""The compact table that tools answer with: columns once, then one row per market."""

from collections.abc import Sequence
from typing import Any

import orjson

from records.base import plain


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """`{"columns": [...], "rows": [[...], ...]}`; every row is as long as the columns."""
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} values for {len(columns)} columns")
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def answer(document: dict[str, Any]) -> str:
    """A tool's answer as compact JSON; decimals as plain strings, times as ISO 8601."""
    return orjson.dumps(document, default=_encode, option=orjson.OPT_UTC_Z).decode()


def _encode(value: Any) -> Any:
    from decimal import Decimal

    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no place in a tool's answer")
