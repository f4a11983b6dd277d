"""
What the desk's modules say beside the record: JSON lines in `logs/desk.jsonl`.

They are for whoever looks for a fault. Ledger and transcript are the record, so a log that cannot
be written ends nothing. Modules log with `logging.getLogger(__name__)`; structlog makes the lines.
It takes a tenth of a second to import and comes with the first line, so a quiet cycle, which has
none at level info, does not pay for it.
"""

import fcntl
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, StringConstraints

from records.base import Record, UtcTime
from records.errors import TradingError
from records.redaction import Redactor
from records.risk import Whole

NAME = "desk.jsonl"
DESK = ("crew", "tools", "memory", "records")
"""The desk's own components; of all others only warnings and worse are kept."""

Level = Literal["debug", "info", "warning", "error", "critical"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error", "critical")
Component = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,99}$")]

_LONGEST = 8192
_LONGEST_FIELD = 1000
_MOST_FIELDS = 40
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every record of the standard library has; the rest are fields."""

_log = logging.getLogger("crew")


class LogSettings(Record):
    """What is written to `logs/desk.jsonl`, and how much of it is kept."""

    level: Level = Field(default="info", description="Least level of the desk's own lines.")
    components: Mapping[Component, Level] = Field(
        default_factory=dict,
        description="Another least level for a component and all below it, by its name.",
    )
    max_mb: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        default=5, description="Size at which the file is set aside, megabytes."
    )
    keep: Annotated[Whole, Field(ge=0, le=100)] = Field(
        default=4, description="Files set aside that are kept."
    )


class LogLine(Record):
    """One line of the log."""

    at: UtcTime
    level: Level
    component: str = Field(description="The module that says it, such as tools.exchange.ccxt.")
    process: int
    cycle_id: str | None = Field(description="The cycle this process was running then.")
    message: str
    fields: Mapping[str, Any] = {}
    error: str | None = Field(default=None, description="The traceback of an unexpected error.")


class DeskLog(logging.Handler):
    """Writes the lines of one desk; a line is written whole, whoever else writes meanwhile."""

    def __init__(self, folder: Path, settings: LogSettings, redactor: Redactor) -> None:
        super().__init__()
        self.running: Callable[[], str | None] = lambda: None
        """Tells the id of the cycle that is running."""
        self.levels: Mapping[str, int] = {
            name: logging.getLevelNamesMapping()[level.upper()]
            for name, level in {
                **dict.fromkeys(DESK, settings.level),
                **settings.components,
            }.items()
        }
        self._path = folder / NAME
        self._max_bytes = settings.max_mb * 1_000_000
        self._keep = settings.keep
        self._redactor = redactor
        self._file: int | None = None
        self._said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the most specific level that is set lets it pass."""
        name = record.name
        while name and name not in self.levels:
            name = name.rpartition(".")[0]
        return record.levelno >= self.levels.get(name, logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a disk that refuses it is told of once, on stderr."""
        try:
            if self.formatter is None:
                self.formatter = _formatter(self)
            self._append(self._redactor.data(self.format(record).encode()) + b"\n")
        except OSError as error:
            self._tell(error)
        except Exception:  # noqa: BLE001 - a line that cannot be made must not end a cycle
            self.handleError(record)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        super().close()

    def as_line(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What structlog collected, as a LogLine spells it."""
        record: logging.LogRecord = event["_record"]
        fields = [name for name in vars(record) if name not in _PLAIN][:_MOST_FIELDS]
        line = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": _level(record.levelno),
            "component": record.name,
            "process": record.process,
            "cycle_id": self.running(),
            "message": self._cut(str(event["event"])),
            "fields": {name[:80]: self._value(getattr(record, name)) for name in fields},
        }
        return line | ({"error": self._cut(error)} if (error := event.get("exception")) else {})

    def _value(self, given: Any) -> Any:
        if given is None or isinstance(given, bool | float):
            return given
        if isinstance(given, int) and abs(given) < 2**63:
            return given
        return self._cut(str(given), _LONGEST_FIELD)

    def _cut(self, text: str, longest: int = _LONGEST) -> str:
        """Its end is what tells most of a traceback, so the middle of a long text goes."""
        clean = self._redactor.text(text.encode("utf-8", "replace").decode())
        if len(clean) <= longest:
            return clean
        half = longest // 2
        return f"{clean[:half]} … [{len(clean) - 2 * half} characters] … {clean[-half:]}"

    def _append(self, line: bytes) -> None:
        file = self._current()
        if 0 < os.fstat(file).st_size > self._max_bytes - len(line):
            file = self._set_aside(file)
        if os.write(file, line) != len(line):
            raise OSError(ENOSPC, os.strerror(ENOSPC))

    def _current(self) -> int:
        """The file under its name; another process may have set the one aside that was open."""
        if self._file is not None and not _is_at(self._path, self._file):
            os.close(self._file)
            self._file = None
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o644)
        return self._file

    def _set_aside(self, file: int) -> int:
        """Number the full file and begin another; of several processes one does it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another one is about it; a line more does not matter
            return file
        try:
            if _is_at(self._path, file):
                self._renumber()
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
        return self._current()

    def _renumber(self) -> None:
        for number, path in reversed([(0, self._path), *numbered(self._path.parent)]):
            if number >= self._keep:
                path.unlink(missing_ok=True)
            else:
                path.rename(self._path.with_name(f"{NAME}.{number + 1}"))

    def _tell(self, error: OSError) -> None:
        if not self._said:
            self._said = True
            sys.stderr.write(
                f"desk: the log {self._path} cannot be written ({error.strerror}). The desk works "
                "on without it; ledger and transcript are written as ever.\n"
            )


def numbered(folder: Path) -> list[tuple[int, Path]]:
    """The files set aside, newest first: 1 is the one before the present."""
    found = folder.glob(f"{NAME}.*")
    return sorted((int(file.suffix[1:]), file) for file in found if file.suffix[1:].isdecimal())


@contextmanager
def writing(folder: Path, settings: LogSettings, redactor: Redactor) -> Iterator[DeskLog]:
    """
    Send what is logged to this folder's log, and what ends the desk as well.

    A desk inside another one, such as a replay's, has the log to itself meanwhile.
    """
    root, log = logging.getLogger(), DeskLog(folder, settings, redactor)
    outer = [handler for handler in root.handlers if isinstance(handler, DeskLog)]
    before = {name: logging.getLogger(name).level for name in log.levels}
    _exchange(root, outer, [log])
    for name, level in log.levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield log
    except TradingError as error:
        _log.error(str(error), extra={"code": type(error).__name__})
        raise
    except Exception as error:
        if not hasattr(error, "exit_code"):  # which a command's own ending has
            _log.exception("An unexpected error ended the desk.")
        raise
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
        _exchange(root, [log], outer)
        log.close()


def _exchange(root: logging.Logger, old: list[DeskLog], new: list[DeskLog]) -> None:
    for handler in old:
        root.removeHandler(handler)
    for handler in new:
        root.addHandler(handler)


def _formatter(log: DeskLog) -> logging.Formatter:
    import structlog

    def ordered(_logger: Any, _method: str, event: Any) -> dict[str, Any]:
        return log.as_line(event)

    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.processors.format_exc_info,
            ordered,
            structlog.processors.JSONRenderer(serializer=_as_json),
        ]
    )


def _level(number: int) -> str:
    """The standard library's level at or below it: libraries have some of their own."""
    known = logging.getLevelNamesMapping()
    return next((name for name in reversed(LEVELS) if number >= known[name.upper()]), LEVELS[0])


def _as_json(line: Mapping[str, Any], **_options: Any) -> str:
    return orjson.dumps(line, option=orjson.OPT_UTC_Z).decode()


def _is_at(path: Path, file: int) -> bool:
    """Whether this open file is the one that has the name now."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False
