"""
The log read again: which lines are asked for, in the order they were written.

A line that is none, such as half a line after a full disk, is counted and passed over.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from time import sleep
from typing import BinaryIO

from pydantic import ValidationError

from crew.logs import LEVELS, NAME, Level, LogLine, numbered
from crew.visible import in_one_line, visible
from records.base import in_utc
from records.errors import SettingsError

_LONGEST = 1_000_000
_POLL_S = 0.5
_AGO = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are wanted; None asks for all."""

    cycle_id: str | None = None
    component: str | None = None
    """A component, and all below it."""
    level: Level = "debug"
    since: datetime | None = None

    def has(self, line: LogLine) -> bool:
        """Whether the line is one of them."""
        return (
            (self.cycle_id is None or line.cycle_id == self.cycle_id)
            and (self.component is None or f"{line.component}.".startswith(f"{self.component}."))
            and LEVELS.index(line.level) >= LEVELS.index(self.level)
            and (self.since is None or line.at >= self.since)
        )


class LogFiles:
    """The log of one desk and the files that were set aside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unreadable = 0
        """Lines so far that were none."""

    def lines(self, asked: Asked) -> Iterator[LogLine]:
        """The lines that are there now; raises SettingsError when a file cannot be read."""
        yield from self._aside(asked)
        with _opened(self._folder / NAME) as file:
            yield from self._rest(file, asked)

    def follow(self, asked: Asked) -> Iterator[LogLine]:
        """Those and, for ever, the ones that come."""
        path = self._folder / NAME
        yield from self._aside(asked)
        while True:
            with _opened(path) as file:
                while _is_at(path, file):
                    yield from self._rest(file, asked)
                    sleep(_POLL_S)
                yield from self._rest(file, asked)  # what came before it was set aside
            if not path.exists():
                sleep(_POLL_S)

    def _aside(self, asked: Asked) -> Iterator[LogLine]:
        for _, path in reversed(numbered(self._folder)):
            with _opened(path) as file:
                yield from self._rest(file, asked)

    def _rest(self, file: BinaryIO, asked: Asked) -> Iterator[LogLine]:
        while raw := file.readline(_LONGEST):
            if (line := self._read(raw)) is not None and asked.has(line):
                yield line

    def _read(self, raw: bytes) -> LogLine | None:
        try:
            return LogLine.model_validate_json(raw)
        except ValidationError:
            self.unreadable += 1
            return None


def shown(line: LogLine) -> str:
    """The line as people read it, a traceback below it."""
    cycle = f" [{line.cycle_id}]" if line.cycle_id else ""
    fields = "".join(f" {name}={value}" for name, value in line.fields.items() if value is not None)
    said = in_one_line(f"{line.component}{cycle}: {line.message}{fields}")
    below = (line.error or "").splitlines()
    head = f"{line.at:%Y-%m-%d %H:%M:%S} {line.level:<8} {said}"
    return "\n".join([head, *(f"    {visible(text)}" for text in below)])


def since(text: str, now: datetime) -> datetime:
    """`2h` (s, m, h, d) before now, or a time, UTC unless it says otherwise."""
    try:
        if (ago := _AGO.fullmatch(text)) is not None:
            return now - timedelta(**{_UNITS[ago["unit"]]: int(ago["number"])})
        named = datetime.fromisoformat(text)
        return in_utc(named if named.tzinfo else named.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise SettingsError(
            f"--since takes 30m, 2h, 1d or a time such as 2026-11-02T05:00, not {text[:40]!r}. "
            "Nothing was read."
        ) from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, or an empty one where there is none."""
    try:
        file: BinaryIO = path.open("rb")
    except FileNotFoundError:
        file = BytesIO()
    except OSError as error:
        raise SettingsError(f"The log {path} cannot be read ({error.strerror}).") from None
    with file:
        yield file


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Whether this open file still has the name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:  # also: an empty stand-in has no number
        return False
