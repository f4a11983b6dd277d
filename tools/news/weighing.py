"""
The mood of a market: a mean of its items' scores in which old news weighs less.

An item about no market in particular weighs half; one about other markets alone, nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from records.base import Record, Symbol
from tools.news.item import NewsItem, NewsReading, Score

HALF_LIFE_H = 12.0
_MARKET_WIDE = 0.5
_LEAST_WEIGHT = 0.001


class MarketMood(Record):
    """What all items of a reading say of one market, as one figure."""

    symbol: Symbol
    score: Score | None = Field(description="None: no scored item that is not too old.")
    items: Annotated[int, Field(ge=0)] = Field(description="Items about it or about all markets.")
    sources: Annotated[int, Field(ge=0)] = Field(
        description="Independent sources of the items that name it."
    )


def market_moods(
    reading: NewsReading, symbols: Sequence[str], *, now: datetime, half_life_h: float
) -> tuple[MarketMood, ...]:
    """One mood for each of these markets, in their order."""
    return tuple(_mood(reading, symbol, now, half_life_h) for symbol in symbols)


def weight(item: NewsItem, now: datetime, half_life_h: float) -> float:
    """1 for a new item, 1/2 for one as old as the half-life, 1/4 for one twice as old."""
    age_h = max(timedelta(0), now - item.published_at) / timedelta(hours=1)
    return float(2.0 ** -min(1_000.0, age_h / half_life_h))


def _mood(reading: NewsReading, symbol: str, now: datetime, half_life_h: float) -> MarketMood:
    about = [item for item in reading.items if symbol in item.symbols or not item.symbols]
    weighed: list[tuple[float, float]] = []
    for item in about:
        share = weight(item, now, half_life_h) * (1.0 if item.symbols else _MARKET_WIDE)
        if (score := reading.score(item)) is not None and share >= _LEAST_WEIGHT:
            weighed.append((score, share))
    total = sum(share for _, share in weighed)
    return MarketMood(
        symbol=symbol,
        score=round(sum(score * share for score, share in weighed) / total, 2) if total else None,
        items=len(about),
        sources=reading.sources(item for item in about if item.symbols),
    )
