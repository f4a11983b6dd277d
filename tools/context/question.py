"""
One question to a slow source, asked beside the market: `start` it, observe, take the `value`.

It waits no longer than its deadline from the start on, is asked at most once in a cycle, and
not at all while the remembered reading will do. A source that is down, slow or lies gives a
missing value and its reason, never an exception.
"""

import time
from abc import ABC, abstractmethod
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from pydantic import BaseModel

from records.clock import Clock
from records.context import Reading
from tools.context.cache import ReadingCache, Source
from tools.web.address import AddressRefused, checked
from tools.web.limits import WebLimits

DEADLINE_S = 2.0
_GRACE_S = 0.1  # so that a question that hits the deadline itself can still say so


class Question[A: BaseModel](ABC):
    """The question of one cycle to one source; each source says what an answer looks like."""

    answer: type[A]
    """The record a true answer has: one JSON object."""
    max_bytes: int

    def __init__(
        self,
        url: str,
        folder: Path,
        clock: Clock,
        *,
        allow_private: bool = False,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Nothing is asked or read yet; `folder` is where readings are remembered."""
        self._url = url
        self._clock = clock
        self._limits = WebLimits(
            max_bytes=self.max_bytes, deadline_s=deadline_s, allow_private=allow_private
        )
        self._cache = ReadingCache(folder, self.source(url))
        self._arrived: SimpleQueue[A | str] = SimpleQueue()
        self._deadline: float | None = None
        self._reading: Reading | None = None

    @abstractmethod
    def figure(self, answer: A) -> tuple[Decimal, datetime]:
        """The value of an answer, and the moment it is of."""

    @abstractmethod
    def source(self, url: str) -> Source:
        """Who is asked, what is plausible, and for how long it is good."""

    def start(self) -> None:
        """Ask in the background, unless what is remembered will do; returns at once."""
        if self._deadline is not None:
            return
        self._deadline = time.monotonic() + self._limits.deadline_s
        self._reading = self._cache.known(self._clock.now())
        if self._reading is None:
            Thread(target=self._ask, args=(self._deadline,), daemon=True).start()

    def value(self) -> Reading:
        """The reading of this cycle, the same each time; waits no longer than the deadline."""
        self.start()
        if self._reading is None:
            self._reading = self._judged(self._answer())
        return self._reading

    def _ask(self, deadline: float) -> None:
        from tools.web.answer import read_answer
        from tools.web.fetch import Unreadable

        try:
            self._arrived.put(read_answer(self.answer, self._url, self._limits, deadline=deadline))
        except Unreadable as error:
            self._arrived.put(str(error))

    def _answer(self) -> A | str:
        """What came, or why nothing did; a thread that outlives the deadline is left behind."""
        assert self._deadline is not None, "start comes first"
        left = self._deadline + _GRACE_S - time.monotonic()
        try:
            return self._arrived.get(timeout=max(0.0, left))
        except Empty:
            return "it did not answer in time"

    def _judged(self, answer: A | str) -> Reading:
        now = self._clock.now()
        if isinstance(answer, str):
            return self._cache.fail(answer, now)
        return self._cache.keep(*self.figure(answer), now)


def host_of(url: str) -> str:
    """What a reading names as its source: the host, which holds no key."""
    try:
        return checked(url).authority[:60]
    except AddressRefused:
        return "the configured address"
