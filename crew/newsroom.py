"""Which news this desk reads, and who scores it: settings -> sources, limits, scorer."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from crew.desk import Desk
from records.clock import Clock
from tools.news.feeds import read_feeds
from tools.news.item import NewsReading
from tools.news.sources import FeedLimits, NewsSource, feed_sources

if TYPE_CHECKING:
    from tools.news.model_scoring import ModelCalls


def read_news(
    desk: Desk, clock: Clock, *, cycle_id: str, calls: "Callable[[], ModelCalls]"
) -> NewsReading:
    """
    The news of one cycle, scored as the settings say; a recording is taken as it is.

    Raises NotRecorded in a replay whose recording holds none.
    """
    desk.tell_scoring(calls)
    if desk.recorded_news is not None:
        return desk.recorded_news
    settings = desk.settings.news
    limits = FeedLimits(allow_private=settings.allow_private_addresses)
    sources = [*feed_sources(desk.feeds()), *_services(desk, clock)]
    reading = read_feeds(sources, clock, symbols=desk.settings.symbols, limits=limits)
    if settings.scoring == "model" and reading.items:
        return _by_model(desk, reading, cycle_id, calls())
    return reading.model_copy(update={"scoring": settings.scoring})


def _services(desk: Desk, clock: Clock) -> Iterator[NewsSource]:
    """The services there are keys for; a synthetic or past market has no news of today."""
    settings, symbols = desk.settings.news, desk.settings.symbols
    if desk.settings.venue in ("demo", "replay"):
        return
    folder, every = desk.home / "cache", timedelta(seconds=settings.services_every_s)
    if settings.newsapi_key:  # an empty one is none
        from tools.news.newsapi import NewsApi
        from tools.news.service import Paced

        yield Paced(NewsApi(settings.newsapi_key, symbols), folder, clock, every)
    if settings.cryptopanic_token:
        from tools.news.cryptopanic import CryptoPanic
        from tools.news.service import Paced

        yield Paced(CryptoPanic(settings.cryptopanic_token, symbols), folder, clock, every)


def _by_model(desk: Desk, reading: NewsReading, cycle_id: str, calls: "ModelCalls") -> NewsReading:
    from tools.news.model_scoring import ModelScorer, ScoringModel

    llm = desk.settings.llm
    model = ScoringModel(
        name=desk.settings.scoring_model,
        base_url=llm.base_url,
        api_key=llm.api_key,
        timeout_s=llm.timeout_s,
    )
    return ModelScorer(model, desk.home / "cache", calls)(reading, cycle_id)
