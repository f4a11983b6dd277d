"""
The news view of a market: a mean of local scores in which old news weighs less.

Headlines are hostile by assumption. No word of them is read here: only an item's id,
age, markets and the score that code gave it. Confidence is therefore always low.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal as D
from typing import Any

from crew.models.rules_figures import number, short
from crew.models.rules_prompt import Prompt
from records.reports import SentimentReport, SentimentView

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_HALF_LIFE_H = D(12)
_MOOD_FROM = D("0.15")


@dataclass(frozen=True, slots=True)
class _Item:
    """What may be known of a headline without reading it."""

    item_id: str
    score: D
    weight: D


def sentiment_report(prompt: Prompt) -> SentimentReport:
    """One view for each market of the shortlist."""
    documents = prompt.tool("get_news").documents
    raw = [item for document in documents for item in _listed(document.get("items"))]
    sample = any(document.get("sample") is True for document in documents)
    return SentimentReport(views=tuple(_view(raw, name, sample) for name in prompt.shortlist))


def _listed(items: Any) -> list[Mapping[str, Any]]:
    listed = items if isinstance(items, list) else []
    return [item for item in listed[:500] if isinstance(item, Mapping)]


def _view(raw: list[Mapping[str, Any]], symbol: str, sample: bool) -> SentimentView:
    items = [item for entry in raw if (item := _item(entry, symbol)) is not None]
    if not items:
        reasons = ("No scored news about this market this cycle.",)
        return SentimentView(
            symbol=symbol, mood="neutral", score=0.0, confidence="low", reasons=reasons
        )
    total = sum((item.weight for item in items), D(0))
    score = sum((item.score * item.weight for item in items), D(0)) / total
    items.sort(key=lambda item: (-item.weight, item.item_id))
    return SentimentView(
        symbol=symbol,
        mood=_mood(score),
        score=round(float(score), 3),
        confidence="low",
        items=tuple(dict.fromkeys(item.item_id for item in items))[:20],
        reasons=(_reason(items, score, sample),),
    )


def _item(entry: Mapping[str, Any], symbol: str) -> _Item | None:
    """The item with its weight for this market; None if it is about others or unusable."""
    score, age_h = number(entry.get("local_score")), number(entry.get("age_h"))
    item_id, tags = entry.get("id"), entry.get("symbols")
    if not isinstance(item_id, str) or not _ID.fullmatch(item_id) or not isinstance(tags, list):
        return None
    if score is None or not -1 <= score <= 1 or age_h is None or not 0 <= age_h <= 720:
        return None
    if tags and symbol not in tags and symbol.split("/")[0] not in tags:
        return None
    freshness = D(2) ** (-age_h / _HALF_LIFE_H)
    return _Item(item_id, score, freshness if tags else freshness / 2)


def _mood(score: D) -> str:
    if score >= _MOOD_FROM:
        return "positive"
    return "negative" if score <= -_MOOD_FROM else "neutral"


def _reason(items: list[_Item], score: D, sample: bool) -> str:
    cited = ", ".join(f"{item.item_id} {short(item.score, 2)}" for item in items[:2])
    kind = "sample headlines" if sample else "headlines"
    return (
        f"{len(items)} {kind}, age-weighted local score {short(score, 3)}; "
        f"heaviest: {cited}. Scores come from word lists, so confidence is low."
    )
