"""A market's mood by hand-made readings with known answers."""

from datetime import UTC, datetime, timedelta

import pytest

from tools.news.item import NewsItem, NewsReading
from tools.news.weighing import MarketMood, market_moods, weight

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def item(score: float, hours: float = 0, *symbols: str, source: str = "a") -> NewsItem:
    return NewsItem(
        id=f"n{score}-{hours}-{symbols}-{source}"[:40],
        published_at=NOW - timedelta(hours=hours),
        source=source,
        title="t",
        symbols=symbols,
        local_score=score,
    )


def mood(*items: NewsItem, half_life_h: float = 12, **more: object) -> MarketMood:
    reading = NewsReading.model_validate({"sample": False, "read_at": NOW, "items": items, **more})
    (found,) = market_moods(reading, ["BTC/USDT"], now=NOW, half_life_h=half_life_h)
    return found


def test_old_news_weighs_less() -> None:
    """One half-life halves a headline's weight."""
    found = mood(item(0.5, 0, "BTC/USDT"), item(-0.4, 12, "BTC/USDT"))

    assert found.score == pytest.approx((0.5 - 0.4 / 2) / 1.5, abs=0.005)
    assert (found.items, found.sources) == (2, 1)


def test_the_half_life_is_a_setting() -> None:
    """Whoever trades on days must not forget within one."""
    items = (item(1, 0, "BTC/USDT"), item(-1, 24, "BTC/USDT"))

    assert mood(*items, half_life_h=24).score == pytest.approx(0.5 / 1.5, abs=0.005)
    assert mood(*items, half_life_h=2).score == pytest.approx(1, abs=0.005)
    assert weight(items[1], NOW, 24) == 0.5


def test_market_wide_news_counts_half_and_other_markets_news_not_at_all() -> None:
    """A headline about another coin says nothing of this one."""
    found = mood(item(0.5, 0, "BTC/USDT"), item(-0.4), item(-1, 0, "DOGE/USDT", source="b"))

    assert found.score == pytest.approx((0.5 - 0.2) / 1.5, abs=0.005)
    assert (found.items, found.sources) == (2, 1)


def test_no_scored_item_is_no_score() -> None:
    """Zero would say that somebody looked."""
    assert mood().score is None
    assert mood(item(0.5, 0, "BTC/USDT"), scoring="off").score is None
    assert mood(item(0.5, 24 * 365, "BTC/USDT")).score is None


def test_a_model_score_replaces_the_local_one() -> None:
    """Only in the mode that says so."""
    scored = item(0.5, 0, "BTC/USDT").model_copy(update={"model_score": -0.7})

    assert mood(scored, scoring="model").score == -0.7
    assert mood(scored, scoring="local").score == 0.5
