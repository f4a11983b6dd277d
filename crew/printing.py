"""
Everything a desk's process prints, without secrets: stdout, stderr, and so cron's log.

A stream is the one thing that messages, JSON documents, tracebacks of every thread, log
handlers and CrewAI's own prints have in common, so the filter stands there and nowhere else.
Lines are passed on whole, because one text may be printed in several pieces.
"""

import io
import os
import sys
from threading import RLock
from typing import BinaryIO, TextIO, cast

from crew.secrets import redactor_for
from records.redaction import NOTHING, Redactor


class _Known:
    """What this process must not print; it grows with the environment, which .env adds to."""

    def __init__(self) -> None:
        self._redactor = NOTHING
        self._variables = 0

    def add(self, redactor: Redactor) -> None:
        self._redactor = self._redactor.joined(redactor)

    def clean(self, data: bytes) -> bytes:
        if len(os.environ) != self._variables:
            self._variables = len(os.environ)
            self.add(redactor_for())
        return self._redactor.data(data)


class _Guarded(io.BufferedIOBase):
    """A binary stream in front of another; `buffer` of what stands in for sys.stdout."""

    def __init__(self, stream: TextIO, known: _Known) -> None:
        self._stream = stream  # which would close the one beneath if nobody held it
        self._beneath = stream.buffer
        self._known = known
        self._begun = b""
        self._lock = RLock()

    def write(self, data) -> int:  # type: ignore[no-untyped-def]  # as io declares it
        """Pass on the lines that are complete."""
        with self._lock:
            lines, end, self._begun = (self._begun + bytes(data)).rpartition(b"\n")
            if end:
                self._beneath.write(self._known.clean(lines + end))
                self._beneath.flush()
        return len(data)

    def flush(self) -> None:
        """Pass on the rest as well."""
        with self._lock:
            begun, self._begun = self._begun, b""
            if begun:
                self._beneath.write(self._known.clean(begun))
            self._beneath.flush()

    def close(self) -> None:
        """Leave the stream beneath open: it is the process's own."""
        if not self.closed and not self._beneath.closed:
            self.flush()
        super().close()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._beneath.isatty()

    def fileno(self) -> int:
        return self._beneath.fileno()


_known = _Known()


def guard() -> None:
    """From now on no secret of the environment is printed by this process."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        beneath = getattr(stream, "buffer", None)
        if beneath is None or isinstance(beneath, _Guarded):
            continue
        stream.flush()
        stands_in = io.TextIOWrapper(
            cast(BinaryIO, _Guarded(stream, _known)),
            encoding=stream.encoding,
            errors=stream.errors,
            newline="\n",
            write_through=True,
        )
        setattr(sys, name, stands_in)


def learn(redactor: Redactor) -> None:
    """Nor what this one knows, which the settings held."""
    _known.add(redactor)
