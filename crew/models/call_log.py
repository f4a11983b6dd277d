"""
Writes models.jsonl: one line for each model call of a cycle, before its answer is used.

Synchronous, like the transcript: a call that cannot be recorded ends the cycle untraded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from errno import ENOSPC
from itertools import count
from os import strerror
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

from crew.models.calls import CallRequest, Place, RecordedReply, plain_reply, row
from records.clock import Clock
from records.errors import LedgerError
from records.redaction import Redactor


class CallLog:
    """All model calls of one cycle; safe across the threads of a crew."""

    def __init__(self, path: Path, clock: Clock, redactor: Redactor) -> None:
        self.redactor = redactor
        self.clock = clock
        self._path = path
        self._lock = Lock()
        self._numbers = count(1)
        self._failure: LedgerError | None = None
        self._closed = False

    def close(self) -> None:
        """Take no more: what a task that ran on says belongs to no cycle."""
        with self._lock:
            self._closed = True

    def of(self, place: Place) -> "TaskCalls":
        """The calls of one task, the first of which is made at this place."""
        return TaskCalls(self, place)

    def append(self, request: CallRequest, given: RecordedReply, pictures: Iterable[Any]) -> None:
        """Write one line; raises LedgerError when the disk refuses it, then and ever after."""
        with self._lock:
            if self._closed:
                return
            if self._failure is not None:
                raise self._failure
            line = row(request, replace(given, n=next(self._numbers)), pictures) + b"\n"
            try:
                with self._path.open("ab", buffering=0) as file:
                    if file.write(line) != len(line):
                        raise OSError(ENOSPC, strerror(ENOSPC))
            except OSError as error:
                self._failure = LedgerError(
                    f"The recording {self._path.name} cannot be written ({error.strerror}). What "
                    "cannot be recorded is not traded: the cycle ends here. Free disk space, mend "
                    "permissions, or set record: false."
                )
                raise self._failure from None


class TaskCalls:
    """The calls that one task makes, turn after turn."""

    def __init__(self, log: CallLog, place: Place) -> None:
        self._log = log
        self._place = place

    def asked(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] | None
    ) -> "OpenCall":
        """A model is about to be asked this."""
        request = CallRequest.of(self._place, messages, tools, self._log.redactor)
        self._place = replace(self._place, turn=self._place.turn + 1)
        return OpenCall(self._log, request)


class OpenCall:
    """A call that has no answer yet."""

    def __init__(self, log: CallLog, request: CallRequest) -> None:
        self._log = log
        self._request = request
        self._began = perf_counter()

    def answered(
        self,
        reply: Any,
        *,
        spelled: str,
        finish_reason: str | None,
        usage: Mapping[str, Any] | None,
        pictures: Iterable[Any] = (),
    ) -> None:
        """Keep what came back."""
        given = RecordedReply(
            n=0,
            at=self._log.clock.now(),
            reply=plain_reply(reply, self._log.redactor),
            spelled=spelled,
            finish_reason=finish_reason and self._log.redactor.text(finish_reason[:200]),
            usage=usage,
            seconds=self._seconds(),
        )
        self._log.append(self._request, given, pictures)

    def failed(self, error: Exception, *, spelled: str) -> None:
        """Keep that nothing came back, and why."""
        said = self._log.redactor.text(str(error)[:20_000])
        given = RecordedReply(
            n=0,
            at=self._log.clock.now(),
            reply=None,
            spelled=spelled,
            error=(type(error).__name__, said),
            seconds=self._seconds(),
        )
        self._log.append(self._request, given, ())

    def _seconds(self) -> float:
        return round(perf_counter() - self._began, 6)
