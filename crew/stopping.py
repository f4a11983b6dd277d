"""
How a cycle ends before its time: by SIGINT or SIGTERM, or at its deadline.

A handler only notes it, and from then on the desk counts as halted. The cycle ends at the
next safe point: between two stages, before a model is asked, or at once while the main
thread does nothing but wait for one. It is never ended inside order work or half-way
through a line of the record. A cycle that does not even end then is left to the next one,
which recovers: a process that hangs would keep every other from starting.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread, current_thread, main_thread
from time import monotonic
from types import FrameType
from typing import Literal

from records.errors import ModelFailed

GRACE_S = 30.0
_AGAIN_S = 0.2
_Handler = Callable[[int, FrameType | None], None]
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CycleStopped(BaseException):
    """The cycle ends here. Not an Exception: CrewAI catches those and goes on."""


@dataclass(frozen=True, slots=True)
class Stop:
    """What ended a cycle, in a word and in a sentence."""

    reason: Literal["stopped", "deadline"]
    message: str


class Stopping:
    """Whether this process is to end its cycle, and when that may happen."""

    def __init__(self) -> None:
        self.asked: Stop | None = None
        self.code_when_hung = 4
        self._left = False
        self._watched = False
        self._shields = 0
        self._lock = Lock()
        self._waiting: Callable[[], bool] = lambda: False
        self._ends = float("inf")

    def left_s(self) -> float:
        """Seconds to the cycle's deadline; infinite where none is kept."""
        return self._ends - monotonic()

    def why(self) -> str | None:
        """Why nothing new may be begun, or None."""
        return None if self.asked is None else "the desk is shutting down"

    def ask(self, reason: Literal["stopped", "deadline"], message: str) -> None:
        """Note that the cycle is to end; the first reason stands."""
        if self.asked is None:
            self.asked = Stop(reason, message)

    def check(self) -> None:
        """A safe point: raises CycleStopped when the cycle is to end."""
        if self.asked is None:
            return
        if current_thread() is not main_thread():  # CrewAI would wait for this thread for ever
            raise ModelFailed(f"{self.asked.message} No model was asked any more.")
        raise CycleStopped

    def leave(self) -> Stop:
        """The cycle has left its work: nothing is interrupted any more. Returns why."""
        self._left = True
        assert self.asked is not None, "only a cycle that was told to end leaves"
        return self.asked

    @contextmanager
    def watching(self, deadline_s: float) -> Iterator[None]:
        """Listen for signals and the deadline while a cycle runs in the main thread."""
        self._ends = monotonic() + deadline_s
        if current_thread() is not main_thread():
            yield
            return
        over = Event()
        late = f"The cycle ran longer than deadline_s, {deadline_s:g} s, and was ended."
        with _handlers(self._signalled, lambda *_: self._deadline(late)):
            self._watched = True
            signal.setitimer(signal.ITIMER_REAL, deadline_s)
            Thread(target=self._watch, args=(over, deadline_s), daemon=True).start()
            try:
                yield
            finally:
                over.set()
                self._watched = False
                signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """For a command: a signal between two cycles, or after the last, is heard as well."""
        with _handlers(self._signalled, lambda *_: None):
            yield
        if self.asked is not None:  # the process leaves; impatience must not cut it short
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def interruptible(self, waiting: Callable[[], bool]) -> Iterator[None]:
        """Let the handlers end the cycle at once whenever `waiting` for a model."""
        self._waiting = waiting
        try:
            yield
        finally:
            self._waiting = lambda: False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Work that is done to its end, whatever comes."""
        with self._lock:
            self._shields += 1
        try:
            yield
        finally:
            with self._lock:
                self._shields -= 1

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self.ask("stopped", f"{signal.Signals(number).name} ended the cycle.")
        self._deliver()

    def _deadline(self, message: str) -> None:
        self.ask("deadline", message)
        self._deliver()

    def _deliver(self) -> None:
        """
        Raise where the main thread only waits for a model; look again shortly.

        Once is not enough: asyncio and thread pools wait for their threads on the way out.
        """
        if self._left or not self._watched:
            return
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        if self._waiting() and not self._shields:
            raise CycleStopped

    def _watch(self, over: Event, deadline_s: float) -> None:
        """Leave the process when the deadline alone did not end the cycle."""
        if over.wait(deadline_s + GRACE_S):
            return
        said = (
            f"desk: the cycle hung: it did not end within {GRACE_S:g} s of its deadline "
            f"({deadline_s:g} s). The process was left; the next cycle resolves what is open.\n"
        )
        os.write(2, said.encode())
        os._exit(self.code_when_hung)


@contextmanager
def _handlers(on_signal: _Handler, on_alarm: _Handler) -> Iterator[None]:
    """Handle the signals that end a cycle, save those that the process was told to ignore."""
    wanted = [n for n in _SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, on_signal) for number in wanted}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, on_alarm)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
