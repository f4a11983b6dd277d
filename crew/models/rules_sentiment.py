"""
The news view of a market: the mean of its items' scores that the desk computed, and who says it.

Headlines are hostile by assumption. No word of them is read here: only an item's id,
age, markets and the score that code gave it. Confidence is therefore always low.
"""

import re
from dataclasses import dataclass
from decimal import Decimal as D

from crew.models.rules_context import whole_market
from crew.models.rules_figures import Row, row_for, rows, short
from crew.models.rules_prompt import Evidence, Prompt
from records.reports import SentimentReport, SentimentView

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_OLDEST_H = 720
_MOOD_FROM = D("0.15")
_SCORED = {"local": "word-list", "model": "model"}


@dataclass(frozen=True, slots=True)
class _Item:
    """What may be known of a headline without reading it."""

    item_id: str
    score: D
    order: tuple[bool, D, str]


def sentiment_report(prompt: Prompt) -> SentimentReport:
    """One view for each market of the shortlist."""
    news = prompt.tool("get_news")
    views = (_view(news, name) for name in prompt.shortlist)
    beside = whole_market(prompt)
    return SentimentReport(
        views=tuple(v.model_copy(update={"reasons": (*v.reasons, *beside)}) for v in views)
    )


def _view(news: Evidence, symbol: str) -> SentimentView:
    found = (_item(row, symbol) for row in rows(news)[:500])
    items = sorted((item for item in found if item is not None), key=lambda item: item.order)
    score = row_for(news, symbol, "markets").number("score")
    if not items or score is None or not -1 <= score <= 1:
        reasons = ("No scored news about this market this cycle.",)
        return SentimentView(
            symbol=symbol, mood="neutral", score=0.0, confidence="low", reasons=reasons
        )
    return SentimentView(
        symbol=symbol,
        mood=_mood(score),
        score=round(float(score), 3),
        confidence="low",
        items=tuple(dict.fromkeys(item.item_id for item in items))[:20],
        reasons=(_reason(news, items, score),),
    )


def _item(row: Row, symbol: str) -> _Item | None:
    """The item, those that name this market first; None if it is about others or unusable."""
    item_id, tags = row.text("id"), row.cells.get("markets")
    score, age_h = row.number("score"), row.number("age_h")
    if not _ID.fullmatch(item_id) or not isinstance(tags, list):
        return None
    if score is None or not -1 <= score <= 1 or age_h is None or not 0 <= age_h <= _OLDEST_H:
        return None
    if tags and symbol not in tags and symbol.split("/")[0] not in tags:
        return None
    return _Item(item_id, score, (not tags, age_h, item_id))


def _mood(score: D) -> str:
    if score >= _MOOD_FROM:
        return "positive"
    return "negative" if score <= -_MOOD_FROM else "neutral"


def _reason(news: Evidence, items: list[_Item], score: D) -> str:
    documents = news.documents
    kind = "sample headlines" if any(d.get("sample") is True for d in documents) else "headlines"
    scored = next((_SCORED.get(str(d.get("scored"))) for d in documents), None) or "given"
    first = f"{items[0].item_id} {short(items[0].score, 2)}"
    return f"{len(items)} {kind}, {scored} score {short(score, 3)} by age; newest {first}"
