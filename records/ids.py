"""Every id derives from the cycle id and a sequence, so that a replay gives the same ids."""

import re
from datetime import datetime
from itertools import count
from threading import Lock

CYCLE_ID = r"[0-9]{8}T[0-9]{6}Z-[0-9]{4,}"
"""What `cycle_id` makes, as a pattern."""


def is_cycle_id(text: str) -> bool:
    """Whether this is spelled as a cycle's id."""
    return re.fullmatch(CYCLE_ID, text, re.ASCII) is not None


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
