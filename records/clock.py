"""One clock per desk: the venue's. Nothing else in the desk asks what time it is."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is at the venue, in aware UTC; never goes backwards within a cycle."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, shifted by what the venue's clock said when it was asked."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


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
