"""
One reading of all sources for one cycle; one that fails is named and missing, never fatal.

Links in items are dropped and never fetched. Items without a date, or dated after now, are
dropped: age is the one thing about news that code can check.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from records.clock import Clock
from tools.news.item import NewsItem, NewsReading, SourceDown
from tools.news.merging import merged
from tools.news.origin import Carrier
from tools.news.parse import FeedEntry, NotAFeed, entries
from tools.news.sources import SAMPLE, FeedLimits, NewsSource, feed_sources

_SAMPLE_FILE = Path(__file__).with_name("sample_feed.xml")
_ENTRIES_READ = 4  # for each item kept, so that a feed of dated rubbish stays cheap
_NOT_READ = "it was not read: no answer in time, or too many feeds"
_NOT_REACHED = "its items were not reached: those of the feeds before it took too long"
_MAKING_S = 1.0
"""After the deadline: text that unfolds when it is normalised can take a second a feed."""
_GRACE_S = 0.1  # so that a reader that hits the deadline itself can still say so


class OncePerCycle:
    """
    Reads when it is first asked and repeats that answer; safe across threads.

    A reading that raises does so once: whoever asks again is told that there is no news.
    """

    def __init__(self, read: Callable[[], NewsReading], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._reading: NewsReading | None = None
        self._lock = Lock()

    def __call__(self) -> NewsReading:
        with self._lock:
            if self._reading is None:
                self._reading = _no_reading(self._clock.now())
                self._reading = self._read()
            return self._reading


def read_feeds(
    feeds: Sequence[NewsSource],
    clock: Clock,
    *,
    symbols: Sequence[str] = (),
    limits: FeedLimits | None = None,
) -> NewsReading:
    """What all sources say now, newest first; items are tagged with those `symbols` they name."""
    limits = limits or FeedLimits()
    now = clock.now()
    if [feed.name for feed in feeds] == [SAMPLE]:
        return _sample_reading(now, symbols, limits)
    deadline = time.monotonic() + limits.deadline_s
    read = dict(_arriving(feeds[: limits.max_feeds], limits, deadline))
    found: list[NewsItem] = []
    down: list[SourceDown] = []
    for feed in feeds:
        entries_or_reason = read.get(feed.name, _NOT_READ)
        if isinstance(entries_or_reason, str):
            down.append(SourceDown(source=feed.name, reason=entries_or_reason))
        elif time.monotonic() > deadline + _MAKING_S:
            down.append(SourceDown(source=feed.name, reason=_NOT_REACHED))
        else:
            found += _items(entries_or_reason, feed, now, symbols, limits)
    return NewsReading(sample=False, read_at=now, items=_newest(found, limits), down=tuple(down))


def _arriving(
    feeds: Sequence[NewsSource], limits: FeedLimits, deadline: float
) -> Iterator[tuple[str, tuple[FeedEntry, ...] | str]]:
    """
    Entries, or reasons why there are none, in the order they come in, until the deadline.

    All sources are asked at once, so a slow one costs the others nothing; a thread that
    outlives the deadline (a hung resolver) is left behind.
    """
    arrived: SimpleQueue[tuple[NewsSource, bytes | str]] = SimpleQueue()
    for feed in feeds:
        Thread(target=_fetch_one, args=(feed, limits, deadline, arrived), daemon=True).start()
    for _ in feeds:
        left = deadline - time.monotonic()
        try:
            feed, answer = (
                arrived.get(timeout=left + _GRACE_S) if left > 0 else arrived.get_nowait()
            )
        except Empty:
            return
        yield feed.name, _read(feed, answer, deadline)


def _fetch_one(
    feed: NewsSource,
    limits: FeedLimits,
    deadline: float,
    arrived: "SimpleQueue[tuple[NewsSource, bytes | str]]",
) -> None:
    from tools.web.fetch import Unreadable

    try:
        arrived.put((feed, feed.fetch(limits, deadline)))
    except Unreadable as error:
        arrived.put((feed, str(error)))


def _read(feed: NewsSource, answer: bytes | str, deadline: float) -> tuple[FeedEntry, ...] | str:
    """The entries of a body, or the reason why there are none."""
    if isinstance(answer, str):
        return answer
    if time.monotonic() > deadline:
        return _NOT_READ
    try:
        return feed.entries(answer)
    except NotAFeed as error:
        return str(error)


def _items(
    raw: Sequence[FeedEntry],
    feed: NewsSource,
    now: datetime,
    symbols: Sequence[str],
    limits: FeedLimits,
) -> list[NewsItem]:
    dated = ((entry.published_at, entry) for entry in raw)
    past = [(at, entry) for at, entry in dated if at is not None and at <= now]
    past.sort(key=lambda pair: pair[0], reverse=True)
    made = (
        NewsItem.from_text(
            source=feed.name,
            published_at=at,
            title=entry.title,
            summary=entry.summary,
            symbols=symbols,
            max_chars=limits.max_chars,
            carrier=Carrier(publisher=(entry.publisher or feed.domain)[-60:], via=feed.domain),
        )
        for at, entry in past[: limits.max_per_source * _ENTRIES_READ]
    )
    return list(islice((item for item in made if item is not None), limits.max_per_source))


def _newest(found: Iterable[NewsItem], limits: FeedLimits) -> tuple[NewsItem, ...]:
    """One item for each story (the feed configured first keeps it), newest first, capped."""
    ordered = sorted(merged(found), key=lambda item: (-item.published_at.timestamp(), item.id))
    return tuple(ordered[: limits.max_items])


def _no_reading(now: datetime) -> NewsReading:
    down = SourceDown(source="all feeds", reason="reading them failed in this cycle")
    return NewsReading(sample=False, read_at=now, down=(down,))


def _sample_reading(now: datetime, symbols: Sequence[str], limits: FeedLimits) -> NewsReading:
    """The bundled feed, dated back from the clock so that it is always fresh."""
    raw = [
        FeedEntry(entry.title, entry.summary, now - timedelta(hours=float(entry.hours_ago)))
        for entry in entries(_SAMPLE_FILE.read_bytes())
    ]
    (feed,) = feed_sources([SAMPLE])
    found = _items(raw, feed, now, symbols, limits)
    return NewsReading(sample=True, read_at=now, items=_newest(found, limits))
