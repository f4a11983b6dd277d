"""
A proposal may quote figures; each must be one that the desk's tools printed.

A quoted figure holds when it is the printed one, or that one rounded to the digits that
were written. A name nobody printed cannot be checked, so it counts as invented. In the
thesis a figure is looked at where it stands behind the name of an indicator and interval;
comparisons ("below 30") and other prose are not checked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from records.proposal import ProposalDraft

Figures = Mapping[str, Decimal]
"""What the tools printed of one market and of the account, by `figure_name`."""

_NOT_NAME = re.compile(r"[^a-z0-9]+")
_QUOTED = re.compile(
    r"(?<![\w@])((?:[A-Z0-9]{1,20}/[A-Z0-9]{1,20}\s)?"
    r"[A-Za-z][A-Za-z0-9_-]{1,40}\s?@\s?[0-9]{1,3}[mhdwM])\b"
    r"\s{0,2}(?:=|:|\(|≈|~|is at|is|at|of|reads|stands at)?\s{0,2}"
    r"(-?[0-9]{1,60}(?:,[0-9]{3})*(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,3})?)"
    r"(?![\w.]*\.\.|[0-9])\s?(%?)\s?([A-Za-z]{0,12})"
)
_MEASURES = frozenset(
    {"k", "m", "b", "x", "atr", "bars", "bps", "candles", "deviations", "pct", "percent"}
    | {"points", "times"}
)
"""Words that make a number behind a name a distance, or a number of thousands, not its value."""
_FROM_IT = frozenset({"above", "away", "below", "from", "off", "over", "under"})
_PLAIN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_FEWEST_DIGITS = 2
"""A whole number of fewer digits must be exact: nearly every figure rounds to 0 or 1."""


def figure_name(name: str) -> str:
    """A name without its case and punctuation: `RSI_14 @ 3m` is `rsi_14@3m`."""
    return _NOT_NAME.sub("_", name.casefold()).strip("_")


def invented(draft: ProposalDraft, figures: Figures) -> tuple[str, ...]:
    """Every quoted figure that no tool printed, in words."""
    return tuple(dict.fromkeys(_faults(draft, figures)))


def quoted(text: str) -> Iterator[tuple[str, Decimal]]:
    """Figures of a text that stand behind an indicator's name, as its value."""
    for name, value, percent, word in _QUOTED.findall(text):
        distance = word.casefold() in _MEASURES or (percent and word.casefold() in _FROM_IT)
        if not distance:
            yield name, Decimal(value.replace(",", ""))


def printed_figures(documents: Iterable[Mapping[str, Any]], symbol: str) -> Figures:
    """
    Every figure in these answers of tools, those about other markets under their name.

    A row that has an interval gives its figures under name and interval: `rsi_14_3m` of this
    market, `btc_usdt_rsi_14_3m` of another.
    """
    found: dict[str, Decimal] = {}
    for document in documents:
        for name, value in _figures(document, symbol):
            found.setdefault(figure_name(name), value)
    return found


def rounds_to(printed: Decimal, written: Decimal) -> bool:
    """Whether the written figure is the printed one, or that one rounded."""
    if written == printed:
        return True
    exponent = written.as_tuple().exponent
    assert isinstance(exponent, int), "figures are finite"
    within_last_place = abs(printed - written) * 2 <= Decimal(1).scaleb(exponent)
    return within_last_place and (exponent < 0 or len(written.as_tuple().digits) >= _FEWEST_DIGITS)


def _faults(draft: ProposalDraft, figures: Figures) -> Iterator[str]:
    own = f"{figure_name(draft.symbol)}_"
    said = [(fact.name, fact.value) for fact in draft.facts]
    said += quoted(draft.thesis)
    for name, value in said:
        key = figure_name(name)
        known = figures.get(key, figures.get(key.removeprefix(own)))
        if known is None:
            yield f"no tool printed a figure named {name!r}"
        elif not rounds_to(known, value):
            yield f"{name} is {known:f}, not {value:f}"


def _figures(document: Mapping[str, Any], symbol: str) -> Iterator[tuple[str, Decimal]]:
    columns, rows = document.get("columns"), document.get("rows")
    if isinstance(columns, list) and isinstance(rows, list):
        for row in rows:
            yield from _row(dict(zip(columns, row, strict=False)), symbol)
    for name, value in document.items():
        if isinstance(value, Mapping):
            if name == symbol or "/" not in name:
                yield from _figures(value, symbol)
        elif (number := _number(value)) is not None:
            yield name, number


def _row(cells: Mapping[str, Any], symbol: str) -> Iterator[tuple[str, Decimal]]:
    about = cells.get("symbol", symbol)
    other = "" if about == symbol else f"{about} "
    interval = cells.get("interval")
    suffix = f"@{interval}" if isinstance(interval, str) else ""
    label = f"{cells['trigger']} " if isinstance(cells.get("trigger"), str) else ""
    for name, value in cells.items():
        if (number := _number(value)) is not None:
            yield f"{other}{label}{name}{suffix}", number


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    text = value if isinstance(value, str) else format(Decimal(str(value)), "f")
    return Decimal(text) if _PLAIN.fullmatch(text) else None
