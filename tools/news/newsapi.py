"""
NewsAPI, a search over many sites' articles, asked with a key of one's own.

The key goes into a header. The free plan allows 100 questions a day and gives articles that are
a day old. Source: newsapi.org, Everything endpoint.
"""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tools.news.origin import registrable
from tools.news.parse import FeedEntry
from tools.news.service import MAX_KEPT, asked_once, read_body, utc_time
from tools.news.sources import FeedLimits
from tools.news.tags import NAMES
from tools.web.address import AddressRefused, checked

URL = "https://newsapi.org/v2/everything"
_PAGE = 50
_LONGEST_QUERY = 400
_REMOVED = "[Removed]"


class _Article(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str | None = None
    description: str | None = None
    url: str | None = None
    publishedAt: str | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    articles: Annotated[tuple[_Article, ...], Field(max_length=MAX_KEPT)]


class NewsApi:
    """Articles about the desk's coins, newest first."""

    name = "newsapi.org"
    domain = "newsapi.org"

    def __init__(self, key: SecretStr, symbols: Sequence[str], *, url: str = URL) -> None:
        self._key = key
        self._url = f"{url}?{_query(symbols)}"

    def fetch(self, limits: FeedLimits, deadline: float) -> bytes:
        from tools.web.fetch import fetch

        headers = {"X-Api-Key": self._key.get_secret_value()}
        return fetch(
            self._url,
            asked_once(limits),
            accept="application/json",
            deadline=deadline,
            headers=headers,
        )

    def entries(self, body: bytes) -> tuple[FeedEntry, ...]:
        answer = read_body(_Answer, body)
        return tuple(
            FeedEntry(
                title=article.title,
                summary=article.description or "",
                published_at=utc_time(article.publishedAt),
                publisher=_publisher(article.url),
            )
            for article in answer.articles[:_PAGE]
            if article.title and article.title != _REMOVED
        )


def _query(symbols: Sequence[str]) -> str:
    """The coins by name where they have one: tickers alone find other things too."""
    bases = (symbol.partition("/")[0] for symbol in symbols)
    names = dict.fromkeys(NAMES.get(base, ())[0] if NAMES.get(base) else base for base in bases)
    asked = ""
    for name in ("cryptocurrency", *names):
        longer = f"{asked} OR {name}" if asked else name
        if len(longer) > _LONGEST_QUERY:
            break
        asked = longer
    return urlencode({"q": asked, "language": "en", "sortBy": "publishedAt", "pageSize": _PAGE})


def _publisher(url: str | None) -> str:
    """The site of an article, from a link that is never followed; empty: unknown."""
    try:
        return registrable(checked(url or "").host)
    except AddressRefused:
        return ""
