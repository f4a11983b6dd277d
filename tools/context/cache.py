"""
Remembers a slow source between cycles: its last good reading, and its last failure.

A fresh reading saves the question. After a failure the last one may stand in for a while,
with its age in words, and the source is left alone for some minutes, so that a dead one does
not cost every cycle its deadline. The file is only a memory: one that is corrupt, dated in
the future, of another source or of impossible values is ignored, and one that cannot be
written is done without. No address and no key gets into it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from records.base import Record, UtcTime
from records.context import Reading, Reason, Unit
from records.kept_file import keep, kept_text
from records.strict import read_as

_LARGEST_BYTES = 10_000
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Source:
    """Where one kind of reading comes from, and for how long it is good."""

    name: str
    unit: Unit
    host: str
    plausible: Callable[[Decimal], bool]
    fresh: timedelta
    """So long a reading is used without asking again."""
    oldest: timedelta
    """A value of a moment farther back is no value."""
    stale: timedelta = timedelta(hours=24)
    """So long after it was read it may stand in for one that failed."""
    pause: timedelta = timedelta(minutes=5)
    """So long a source that failed is left alone."""


class Failure(Record):
    """When a source was asked in vain, and why it gave nothing."""

    at: UtcTime
    why: Reason


class Kept(Record):
    """What one file holds."""

    source: str
    reading: Reading | None = None
    failure: Failure | None = None


class ReadingCache:
    """The memory of one source, in one file."""

    def __init__(self, folder: Path, source: Source) -> None:
        self._file = folder / f"{source.name}.json"
        self._source = source

    def known(self, now: datetime) -> Reading | None:
        """The reading that needs no question, be it a missing one; None: ask the source."""
        kept = self._kept(now)
        if kept.reading is not None and now - kept.reading.read_at < self._source.fresh:
            return kept.reading
        if kept.failure is not None and now - kept.failure.at < self._source.pause:
            return self._instead(kept.reading, kept.failure, now)
        return None

    def keep(self, value: Decimal, at: datetime, now: datetime) -> Reading:
        """Remember what the source said, if it can be true; else that it failed."""
        reading = self._reading(value, at, now)
        if (fault := self._fault(reading, now)) is not None:
            return self.fail(fault, now)
        self._write(Kept(source=self._source.host, reading=reading))
        return reading

    def fail(self, why: str, now: datetime) -> Reading:
        """Remember that the source gave nothing; the last reading, or a missing one."""
        kept, failure = self._kept(now), Failure(at=now, why=why[:_LONGEST])
        self._write(kept.model_copy(update={"failure": failure}))
        return self._instead(kept.reading, failure, now)

    def _instead(self, last: Reading | None, failure: Failure, now: datetime) -> Reading:
        if last is None or now - last.read_at > self._source.stale:
            return self._reading(None, None, failure.at, failure.why)
        age_h = (now - last.read_at) / timedelta(hours=1)
        finding = f"read {age_h:.1f} h ago; since then {failure.why}"[:_LONGEST]
        return last.model_copy(update={"finding": finding})

    def _reading(
        self,
        value: Decimal | None,
        at: datetime | None,
        read_at: datetime,
        finding: str | None = None,
    ) -> Reading:
        return Reading(
            name=self._source.name,
            value=value,
            unit=self._source.unit,
            source=self._source.host,
            at=at,
            read_at=read_at,
            finding=finding,
        )

    def _fault(self, reading: Reading, now: datetime) -> str | None:
        """What speaks against a reading; None: nothing does."""
        if reading.value is None or reading.at is None or not self._source.plausible(reading.value):
            return "its value is impossible"
        if max(reading.at, reading.read_at) > now:
            return "its value is dated in the future"
        if now - reading.at > self._source.oldest:
            return f"its value is of {reading.at:%Y-%m-%d}, which is too long ago"
        return None

    def _kept(self, now: datetime) -> Kept:
        """What the file holds and may be used now."""
        nothing = Kept(source=self._source.host)
        try:
            kept = read_as(Kept, kept_text(self._file, _LARGEST_BYTES))
        except (OSError, ValueError, OverflowError):  # the last: a time beyond the year 9999
            return nothing
        reading, failure = kept.reading, kept.failure
        if kept.source != nothing.source:
            return nothing
        if reading is not None and self._foreign(reading, now):
            reading = None
        if failure is not None and failure.at > now:
            failure = None
        return Kept(source=kept.source, reading=reading, failure=failure)

    def _foreign(self, reading: Reading, now: datetime) -> bool:
        """Whether this desk would not have kept such a reading, or should not use it now."""
        ours = self._reading(reading.value, reading.at, reading.read_at, reading.finding)
        return reading != ours or reading.finding is not None or bool(self._fault(reading, now))

    def _write(self, kept: Kept) -> None:
        keep(self._file, kept.model_dump_json())
