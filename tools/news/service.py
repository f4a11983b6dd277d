"""
What the keyed news services have in common: a key that nobody sees, and a JSON answer.

A service is asked once in a while, not once a cycle: free plans allow a hundred questions a
day or fewer. In between its last items stand, read from a file that holds items alone: answers
of such services may repeat the key.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from records.base import Record, UtcTime
from records.clock import Clock
from records.kept_file import keep, kept_text
from records.strict import NotStrict, one_object
from tools.news.parse import MAX_ELEMENTS, FeedEntry, NotAFeed
from tools.news.sources import FeedLimits, NewsSource
from tools.news.text import plain_text

MAX_BYTES = 400_000
MAX_KEPT = 100
_UNANSWERED = "it did not answer in time"
_LARGEST_BYTES = 400_000
_TITLE_CHARS, _SUMMARY_CHARS = 400, 1_000


class _Entry(Record):
    title: Annotated[str, Field(max_length=_TITLE_CHARS)]
    summary: Annotated[str, Field(max_length=_SUMMARY_CHARS)]
    published_at: UtcTime | None
    publisher: Annotated[str, Field(max_length=60)]


class _Kept(Record):
    """What one file holds: the items of the last answer, or why there were none."""

    asked_at: UtcTime
    entries: tuple[_Entry, ...] = ()
    failure: Annotated[str, Field(max_length=300)] | None = None


class Paced:
    """A service that is asked anew only when `every` has passed since it was asked last."""

    def __init__(self, source: NewsSource, folder: Path, clock: Clock, every: timedelta) -> None:
        self.name = source.name
        self.domain = source.domain
        self._source = source
        self._file = folder / f"news_{source.domain}.json"
        self._now = clock.now()
        self._every = every
        self._known: _Kept | None = None

    def fetch(self, limits: FeedLimits, deadline: float) -> bytes:
        from tools.web.fetch import Unreadable

        self._known = self._kept()
        if self._known is None:
            # before it is asked: an answer that comes too late never gets here
            self._write(_Kept(asked_at=self._now, failure=_UNANSWERED))
            try:
                return self._source.fetch(limits, deadline)
            except Unreadable as error:
                self._write(_Kept(asked_at=self._now, failure=str(error)[:300]))
                raise
        if self._known.failure is not None:
            raise Unreadable(f"{self._known.failure} (asked {self._age()} ago)"[:300])
        return b""

    def entries(self, body: bytes) -> tuple[FeedEntry, ...]:
        if self._known is not None:
            found = self._known.entries
            return tuple(
                FeedEntry(e.title, e.summary, e.published_at, publisher=e.publisher) for e in found
            )
        try:
            read = self._source.entries(body)
        except NotAFeed as error:
            self._write(_Kept(asked_at=self._now, failure=str(error)[:300]))
            raise
        self._write(_Kept(asked_at=self._now, entries=tuple(map(_cut, read[:MAX_KEPT]))))
        return read

    def _age(self) -> str:
        assert self._known is not None
        return f"{(self._now - self._known.asked_at) / timedelta(minutes=1):.0f} min"

    def _kept(self) -> _Kept | None:
        """The last answer, as long as it stands; a file that cannot be ours is no answer."""
        try:
            text = kept_text(self._file, _LARGEST_BYTES)
            kept = _Kept.model_validate(one_object(text, max_bytes=_LARGEST_BYTES))
        except (OSError, NotStrict, ValueError, OverflowError):
            return None
        return kept if timedelta(0) <= self._now - kept.asked_at < self._every else None

    def _write(self, kept: _Kept) -> None:
        keep(self._file, kept.model_dump_json())


def read_body[R: BaseModel](record: type[R], body: bytes) -> R:
    """A service's answer as the record that was expected; raises NotAFeed."""
    from tools.web.answer import as_answer
    from tools.web.fetch import Unreadable

    if body.count(b"{") + body.count(b"[") > MAX_ELEMENTS:
        raise NotAFeed(f"it holds more than {MAX_ELEMENTS} elements")
    try:
        return as_answer(record, body, MAX_BYTES)
    except Unreadable as error:
        raise NotAFeed(str(error)) from None


def utc_time(text: str | None) -> datetime | None:
    """An ISO 8601 time with its zone, in UTC; None when it is anything else, or no UTC time."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def asked_once(limits: FeedLimits) -> FeedLimits:
    """The bounds of a service: no redirects, for a key goes to one address, and fewer bytes."""
    most = min(limits.max_bytes, MAX_BYTES)
    return limits.model_copy(update={"max_redirects": 0, "max_bytes": most})


def _cut(entry: FeedEntry) -> _Entry:
    return _Entry(
        title=plain_text(entry.title, _TITLE_CHARS),
        summary=plain_text(entry.summary, _SUMMARY_CHARS),
        published_at=entry.published_at,
        publisher=entry.publisher[:60],
    )
