"""
The market context as agents read it: one line for each source, with its age.

Figures are rounded to what matters and carry their unit in their name. What is missing
stands in a list of its own, by reason, so that it is not taken for calm.
"""

from decimal import Decimal
from typing import Any

from records.context import MarketContext, Reading, Told, Unit

_SUFFIX: dict[Unit, str] = {
    "percent": "_pct",
    "percent_per_interval": "_pct",
    "percent_per_year": "_pct_year",
}
_PLACES = {"percent": 2, "percent_per_interval": 4, "percent_per_year": 1, "ratio": 2}


def context_document(context: MarketContext) -> dict[str, Any]:
    """What `get_market_context` answers, before it is written as JSON."""
    sources: dict[str, dict[str, Any]] = {}
    missing: dict[str, list[str]] = {}
    notes: dict[str, str] = {}
    for told in context.all():
        if told.value is None:
            missing.setdefault(str(told.finding), []).append(_named(told))
            continue
        group = sources.setdefault(told.source, {"source": told.source, "age_s": 0})
        group["age_s"] = max(group["age_s"], _age_s(told, context))
        group[_named(told)] = _shown(told)
        if told.finding is not None:
            notes[_named(told)] = told.finding
    return {
        "as_of": context.as_of,
        "readings": list(sources.values()),
        **({"notes": notes} if notes else {}),
        **({"missing": missing} if missing else {}),
    }


def _named(told: Told[Any]) -> str:
    return told.name + (_SUFFIX.get(told.unit, "") if isinstance(told, Reading) else "")


def _shown(told: Told[Any]) -> Any:
    """The value; with the market where it names one that the name does not."""
    value = told.value
    if isinstance(told, Reading):
        value = _rounded(told.value or Decimal(0), told.unit)
    return value if told.of is None or told.name.startswith(("btc_", "eth_")) else [value, told.of]


def _rounded(value: Decimal, unit: Unit) -> float | int:
    found = float(round(value, _PLACES[unit]) if unit in _PLACES else value)
    return int(found) if found.is_integer() else found


def _age_s(told: Told[Any], context: MarketContext) -> int:
    assert told.at is not None, "a value has its time"
    return max(0, int((context.as_of - told.at).total_seconds()))
