"""Which feeds are read, and the bounds that hold for every one of them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from records.base import Record
from records.errors import SettingsError
from tools.web.address import AddressRefused, checked
from tools.web.limits import WebLimits

SAMPLE = "sample"


class FeedSource(Record):
    """One configured feed."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="Its host; never the whole address, which may hold a key."
    )
    url: str = Field(repr=False, description="RSS or Atom address, or `sample`.")


class FeedLimits(WebLimits):
    """What reading the feeds may cost. The defaults are the desk's; tests scale them down."""

    max_bytes: Annotated[int, Field(ge=1)] = Field(
        default=2_000_000, description="Of one feed, as sent and again as unpacked."
    )
    deadline_s: Annotated[float, Field(gt=0)] = Field(
        default=8.0, description="For all feeds together, from the first connection on."
    )
    max_feeds: Annotated[int, Field(ge=1)] = 20
    max_items: Annotated[int, Field(ge=1)] = 50
    max_chars: Annotated[int, Field(ge=1, le=2_000)] = Field(
        default=2_000, description="Of a title, and of a summary."
    )


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
