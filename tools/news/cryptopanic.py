"""
CryptoPanic, which gathers headlines of crypto sites, asked with a token of one's own.

It takes the token in the address alone, so the address is made when it is asked and is in no
record, name or message; its answers repeat the token in the address of the next page, so no
answer is kept. Source: cryptopanic.com, developer API v2, posts.
"""

import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tools.news.origin import registrable
from tools.news.parse import FeedEntry
from tools.news.service import MAX_KEPT, asked_once, read_body, utc_time
from tools.news.sources import FeedLimits

URL = "https://cryptopanic.com/api/developer/v2/posts/"
_MOST = 50
_HOST = re.compile(r"[A-Za-z0-9.-]{4,100}")


class _Publisher(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    domain: str | None = None


class _Post(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str | None = None
    description: str | None = None
    published_at: str | None = None
    source: _Publisher | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    results: Annotated[tuple[_Post, ...], Field(max_length=MAX_KEPT)]


class CryptoPanic:
    """Posts about the desk's coins, newest first."""

    name = "cryptopanic.com"
    domain = "cryptopanic.com"

    def __init__(self, token: SecretStr, symbols: Sequence[str], *, url: str = URL) -> None:
        self._token = token
        self._url = url
        self._bases = ",".join(dict.fromkeys(symbol.partition("/")[0] for symbol in symbols))

    def fetch(self, limits: FeedLimits, deadline: float) -> bytes:
        from tools.web.fetch import fetch

        asked = urlencode(
            {
                "auth_token": self._token.get_secret_value(),
                "public": "true",
                "kind": "news",
                "currencies": self._bases,
            }
        )
        return fetch(
            f"{self._url}?{asked}",
            asked_once(limits),
            accept="application/json",
            deadline=deadline,
        )

    def entries(self, body: bytes) -> tuple[FeedEntry, ...]:
        answer = read_body(_Answer, body)
        return tuple(
            FeedEntry(
                title=post.title,
                summary=post.description or "",
                published_at=utc_time(post.published_at),
                publisher=_publisher(post.source),
            )
            for post in answer.results[:_MOST]
            if post.title
        )


def _publisher(source: _Publisher | None) -> str:
    """The site a post comes from; empty: the plan does not say."""
    domain = source.domain if source is not None else None
    return registrable(domain) if domain and _HOST.fullmatch(domain) else ""
