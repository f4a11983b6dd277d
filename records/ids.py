"""Every id derives from the cycle id and a sequence, so that a replay gives the same ids."""

from datetime import datetime
from itertools import count
from threading import Lock


def cycle_id(started_at: datetime, sequence: int) -> str:
    """Sortable and unique in one ledger: `20250303T113000Z-0012`."""
    return f"{started_at:%Y%m%dT%H%M%SZ}-{sequence:04d}"


class IdSequence:
    """Hands out `<cycle>-<letter><n>`, counting each letter for itself; safe across threads."""

    def __init__(self, cycle_id: str) -> None:
        self.cycle_id = cycle_id
        self._counters: dict[str, count[int]] = {}
        self._lock = Lock()

    def next(self, letter: str) -> str:
        with self._lock:
            counter = self._counters.setdefault(letter, count(1))
            return f"{self.cycle_id}-{letter}{next(counter)}"
