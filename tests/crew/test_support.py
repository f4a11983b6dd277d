"""What the gate is told of a proposal's grounds."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from crew.support import Grounds
from records.reports import SentimentView
from tools.news.item import NewsItem, NewsReading

AT = datetime(2026, 11, 3, tzinfo=UTC)


def item(title: str, source: str) -> NewsItem:
    found = NewsItem.from_text(
        source=source, published_at=AT, title=title, symbols=("BTC/USDT", "DOGE/USDT")
    )
    assert found is not None
    return found


def sources_of(*items: NewsItem, cited: tuple[str, ...] | None = None) -> int:
    """How many sources a view of Bitcoin has that cites these, or all of them."""
    reading = NewsReading(sample=False, read_at=AT, items=items)
    view = SentimentView(
        symbol="BTC/USDT", mood="positive", score=0.8, confidence="high",
        items=cited or tuple(one.id for one in items), reasons=("hype",),
    )  # fmt: skip
    seen: Any = SimpleNamespace(news=lambda: reading)
    return Grounds(cast(Any, None), seen)._sources(view)


def test_two_sites_on_the_market_are_two_sources() -> None:
    """Only then may news alone speak for an entry."""
    both = item("Bitcoin rallies", "one.example"), item("Bitcoin soars again", "two.example")
    assert sources_of(*both) == 2


def test_news_of_another_market_corroborates_nothing() -> None:
    """A model that is led by the nose cites whatever ids it has seen."""
    about_btc = item("Bitcoin rallies", "one.example")
    about_doge = item("Dogecoin meme posts", "two.example")
    weather = item("Weather is mild this Thursday", "three.example")
    assert sources_of(about_btc, about_doge, weather) == 1
    assert sources_of(about_doge, weather) == 0


def test_an_id_that_no_item_has_is_no_source() -> None:
    """Invented evidence is none."""
    assert sources_of(item("Bitcoin rallies", "one.example"), cited=("n0000000000",)) == 0
