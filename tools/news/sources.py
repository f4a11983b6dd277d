"""Where news is read from, and the bounds that hold for every source."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from pydantic import Field

from records.base import Record
from records.errors import SettingsError
from tools.news.origin import registrable
from tools.news.parse import FeedEntry, entries
from tools.web.address import AddressRefused, checked
from tools.web.limits import WebLimits

SAMPLE = "sample"
_ACCEPT = "application/rss+xml, application/atom+xml, application/xml, text/xml"


class FeedLimits(WebLimits):
    """What reading the news may cost. The defaults are the desk's; tests scale them down."""

    max_bytes: Annotated[int, Field(ge=1)] = Field(
        default=1_000_000, description="Of one answer, as sent and again as unpacked."
    )
    deadline_s: Annotated[float, Field(gt=0)] = Field(
        default=8.0, description="For all sources together, from the first connection on."
    )
    max_feeds: Annotated[int, Field(ge=1)] = 20
    max_items: Annotated[int, Field(ge=1)] = 50
    max_per_source: Annotated[int, Field(ge=1)] = Field(
        default=20, description="Newest items of one source, so that none crowds out the others."
    )
    max_chars: Annotated[int, Field(ge=1, le=2_000)] = Field(
        default=2_000, description="Of a title, and of a summary."
    )


class NewsSource(Protocol):
    """
    One place that news comes from.

    `fetch` runs beside that of other sources, in a thread that may be left behind; `entries`
    runs after it, one source at a time, so that only one document is taken apart at once.
    """

    @property
    def name(self) -> str:
        """How it is called in readings and prompts; it never holds a key."""

    @property
    def domain(self) -> str:
        """Registrable domain of its host."""

    def fetch(self, limits: FeedLimits, deadline: float) -> bytes:
        """What it answers now; raises Unreadable."""

    def entries(self, body: bytes) -> tuple[FeedEntry, ...]:
        """The items of that answer; raises NotAFeed."""


class FeedSource(Record):
    """One configured feed."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="Its host; never the whole address, which may hold a key."
    )
    url: str = Field(repr=False, description="RSS or Atom address, or `sample`.")

    @property
    def domain(self) -> str:
        try:
            return SAMPLE if self.url == SAMPLE else registrable(checked(self.url).host)
        except AddressRefused:
            return self.name

    def fetch(self, limits: FeedLimits, deadline: float) -> bytes:
        from tools.web.fetch import fetch

        return fetch(self.url, limits, accept=_ACCEPT, deadline=deadline)

    def entries(self, body: bytes) -> tuple[FeedEntry, ...]:
        return entries(body)


def feed_sources(feeds: Sequence[str]) -> tuple[FeedSource, ...]:
    """Named sources for the addresses in the settings; raises SettingsError on a mixed sample."""
    if SAMPLE in feeds and len(feeds) > 1:
        raise SettingsError(
            "news.feeds mixes 'sample', which is fictional, with real feeds. Nothing was read. "
            "Remove one or the other."
        )
    named: dict[str, FeedSource] = {}
    for number, url in enumerate(feeds, start=1):
        name = _free_name(_host_of(url, number), named)
        named[name] = FeedSource(name=name, url=url)
    return tuple(named.values())


def _host_of(url: str, number: int) -> str:
    if url == SAMPLE:
        return SAMPLE
    try:
        return checked(url).authority[:50]
    except AddressRefused:
        return f"feed {number}"


def _free_name(wanted: str, taken: dict[str, FeedSource]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    return name
