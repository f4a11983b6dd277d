"""
The market as a whole in half a sentence, from `get_market_context`.

Only words of the desk's own closed sets and plain figures are repeated. It is told, and moves
no score: how much the mood of the whole market is worth was never measured.
"""

from collections.abc import Mapping
from typing import Any, get_args

from crew.models.rules_figures import number, short
from crew.models.rules_prompt import Prompt
from records.context import BtcTrend, Regime


def whole_market(prompt: Prompt) -> tuple[str, ...]:
    """One reason, or none when nothing of it is known."""
    told = _readings(prompt)
    regime, trend = told.get("market_regime"), told.get("btc_trend")
    index = number(told.get("fear_greed"))
    facts = [
        regime if regime in get_args(Regime) else None,
        f"BTC {trend}" if trend in get_args(BtcTrend) else None,
        f"Fear & Greed {short(index, 0)}" if index is not None and 0 <= index <= 100 else None,
    ]
    known = ", ".join(fact for fact in facts if fact is not None)
    return (f"Whole market: {known}.",) if known else ()


def _readings(prompt: Prompt) -> Mapping[str, Any]:
    """Every reading by its name, whatever source it is from."""
    found: dict[str, Any] = {}
    for document in prompt.tool("get_market_context").documents:
        groups = document.get("readings")
        for group in groups[:50] if isinstance(groups, list) else ():
            if isinstance(group, Mapping):
                found.update(group)
    return found
