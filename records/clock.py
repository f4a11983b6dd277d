"""One clock per desk: the venue's. Nothing else in the desk asks what time it is."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

TIME_IN_TEXT = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?")
"""A time as the desk writes it; what strangers wrote may look like one and be none."""


class Clock(Protocol):
    """Says what time it is at the venue, in aware UTC; never goes backwards within a cycle."""

    def now(self) -> datetime: ...


class SystemClock:
    """
    The machine's clock, shifted by what the venue's clock said when it was asked.

    It is looked at once: from then on time passes as the machine's monotonic clock counts it,
    suspended hours included, so that a clock that is set in mid-cycle changes nothing.
    """

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset
        self._began = datetime.now(UTC) + offset
        self._began_ns = _elapsed_ns()

    def now(self) -> datetime:
        return self._began + timedelta(microseconds=(_elapsed_ns() - self._began_ns) // 1000)


def _elapsed_ns() -> int:
    """Nanoseconds that passed on this machine since some moment."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; a Mac's monotonic clock sleeps
    return time.monotonic_ns() if boottime is None else time.clock_gettime_ns(boottime)


class FixedClock:
    """A clock that stands still until it is moved: replayed markets, recorded cycles, tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, **delta: float) -> None:
        """Move forward by `timedelta(**delta)`."""
        self._at += timedelta(**delta)


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, exactly (no float in between)."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_epoch_ms(ms: int) -> datetime:
    """The aware UTC time of an epoch in milliseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
