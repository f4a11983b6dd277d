"""
Tool results as rows of figures, one row per market.

A figure is a finite plain number or it is missing. It is never rounded or mended
here, so what the rulebook quotes is digit for digit what the tool printed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crew.models.rules_prompt import Evidence, Prompt
from records.errors import SettingsError

_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)
_CEILING, _FLOOR = Decimal(10) ** 18, Decimal(10) ** -18


def number(value: Any) -> Decimal | None:
    """The value as an exact decimal; None when it is not a plain finite number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    figure = Decimal(value)
    size = figure.copy_abs()
    return figure if size == 0 or _FLOOR < size < _CEILING else None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a tool's table."""

    cells: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.cells)

    def number(self, name: str) -> Decimal | None:
        return number(self.cells.get(name))

    def text(self, name: str) -> str:
        value = self.cells.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Indicators of one market and interval."""

    interval: str
    length_ms: int
    row: Row

    def named(self, name: str) -> tuple[str, Decimal | None]:
        """The figure with the name a fact carries, such as rsi_14@3m."""
        return f"{name}@{self.interval}", self.row.number(name)


def rows(evidence: Evidence, table: str | None = None) -> list[Row]:
    """All rows of a tool's table, or of a table inside its answer."""
    found: list[Row] = []
    for document in evidence.documents:
        found.extend(rows_of(document if table is None else document.get(table)))
    return found


def row_for(evidence: Evidence, symbol: str, table: str | None = None) -> Row:
    """The first row about a market; an empty row when there is none."""
    return next((row for row in rows(evidence, table) if row.text("symbol") == symbol), Row())


def frames_for(prompt: Prompt, symbol: str) -> list[Frame]:
    """The frames of a market, finest first: the first one decides, the others give context."""
    found: dict[int, Frame] = {}
    told = prompt.tool("get_indicators")
    for row in (*rows(told), *rows(told, "larger")):
        length = _length_ms(row.text("interval"))
        if row.text("symbol") == symbol and length is not None:
            found.setdefault(length, Frame(row.text("interval"), length, row))
    return [found[length] for length in sorted(found)]


def signal_for(prompt: Prompt, symbol: str) -> Row:
    """Action and strength of the signal that the screen went by."""
    return row_for(prompt.tool("get_indicators"), symbol, "signals")


def is_up(frame: Frame) -> bool | None:
    """Whether a frame trends up (close and the faster average above the slower); None: mixed."""
    close, fast, slow = (frame.row.number(name) for name in ("close", "ema_20", "ema_50"))
    if close is None or fast is None or slow is None:
        return None
    if close > slow and fast > slow:
        return True
    return False if close < slow and fast < slow else None


def short(value: Decimal, places: int = 4) -> str:
    """A figure for a sentence: at most this many decimals, no exponent, no trailing zeros."""
    text = format(round(value, places), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rows_of(table: Any) -> Iterator[Row]:
    """The rows of one table; none when it is not one."""
    columns = table.get("columns") if isinstance(table, Mapping) else None
    lines = table.get("rows") if isinstance(table, Mapping) else None
    if not isinstance(columns, list) or not isinstance(lines, list):
        return
    names = [str(column) for column in columns]
    for line in lines[:1000]:
        if isinstance(line, list) and len(line) == len(names):
            yield Row(dict(zip(names, line, strict=True)))


def _length_ms(interval: str) -> int | None:
    from records.candles import interval_ms

    try:
        return interval_ms(interval)
    except SettingsError:
        return None
