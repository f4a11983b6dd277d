"""
The file of one cycle's transcript: every model call, tool call and guard decision, in order.

Append-only JSON lines, written synchronously: when a line cannot be written the cycle
ends untraded. Each line carries the hash of the one before it, and the ledger keeps the
last hash and the line count, so a later edit or cut is found.
"""

from collections.abc import Iterable, Iterator
from errno import ENOSPC
from hashlib import sha256
from os import strerror
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import orjson

from crew.home import set_aside
from records.clock import Clock
from records.cycle import TranscriptSeal
from records.errors import LedgerError
from records.redaction import NOTHING, Redactor

_FIRST = "0" * 64
_LONGEST = 65_536
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class Transcript:
    """Writes one cycle's transcript; safe across the threads of a crew."""

    def __init__(self, path: Path, clock: Clock, redactor: Redactor = NOTHING) -> None:
        self._path = path
        self._clock = clock
        self._redactor = redactor
        self._lock = Lock()
        self._hash = _FIRST
        self._lines = 0
        self._failure: LedgerError | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            set_aside(path)
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise self._failed(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, kind: str, **data: Any) -> None:
        """Append one line; raises LedgerError when the disk refuses it."""
        with self._lock:
            self._refuse_after_failure()
            row = {
                "n": self._lines + 1,
                "at": self._clock.now(),
                "kind": kind,
                **{name: self._shortened(value) for name, value in data.items()},
                "previous": self._hash,
            }
            body = self._redactor.data(orjson.dumps(row, default=_encode, option=OPTIONS))
            digest = sha256(body).hexdigest()
            self._append(body[:-1] + b',"hash":"' + digest.encode() + b'"}\n')
            self._hash = digest
            self._lines += 1

    def seal(self) -> TranscriptSeal:
        """The line count and last hash, for the ledger."""
        with self._lock:
            self._refuse_after_failure()
            return TranscriptSeal(lines=self._lines, last_hash=self._hash)

    def clean(self, text: str) -> str:
        """The text without secrets, for whoever cuts it: half of one would not be found."""
        return self._redactor.text(text)

    def _shortened(self, value: Any) -> Any:
        """The same as text that can be written: a long one only by its start, no half character."""
        if isinstance(value, str):
            return self._writable(value)
        if isinstance(value, list | tuple):
            return [self._shortened(one) for one in value]
        if isinstance(value, dict):
            return {name: self._shortened(one) for name, one in value.items()}
        return value

    def _writable(self, text: str) -> str:
        if not text.isascii():  # half of a character, which models can write, is no text
            text = text.encode("utf-8", "replace").decode()
        if len(text) <= _LONGEST:
            return text
        clean = self.clean(text)  # before the cut, which could halve a secret
        digest = sha256(clean.encode()).hexdigest()
        return f"{clean[:_LONGEST]}… [cut: {len(clean)} characters, sha256 {digest}]"

    def _append(self, line: bytes) -> None:
        """The whole line or an error: a full disk may take a part of it without saying so."""
        try:
            if self._file.write(line) != len(line):
                raise OSError(ENOSPC, strerror(ENOSPC))
        except OSError as error:
            self._failure = self._failed(error)
            raise self._failure from None

    def _refuse_after_failure(self) -> None:
        """Once a line was lost no other is written: CrewAI swallows some errors of its sinks."""
        if self._failure is not None:
            raise self._failure

    def _failed(self, error: OSError) -> LedgerError:
        return LedgerError(
            f"The transcript {self._path.name} cannot be written ({error.strerror}). What cannot "
            "be recorded is not traded: the cycle ends here. Free disk space or mend permissions."
        )


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a transcript, in order."""
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


class Chain:
    """Follows a transcript line by line and keeps the first place where it was edited or cut."""

    def __init__(self) -> None:
        self.lines = 0
        self.fault: str | None = None
        self._last_hash = _FIRST

    def take(self, line: bytes) -> dict[str, Any] | None:
        """The row that was written; None when this line is not what was written."""
        self.lines += 1
        row, digest = _checked(line)
        if row is None:
            torn = "" if line.endswith(b"\n") else " or torn off"
            self._find(f"line {self.lines} was changed{torn}")
        elif row.get("previous") != self._last_hash:
            self._find(f"a line is missing before line {self.lines}")
        self._last_hash = digest
        return row

    def end(self, seal: TranscriptSeal | None) -> str | None:
        """The first fault in words, the seal compared with what was taken; None: it is whole."""
        if seal is not None and self.lines != seal.lines:
            self._find(f"it has {self.lines} lines, the ledger says {seal.lines}")
        if seal is not None and self._last_hash != seal.last_hash:
            self._find("it was written anew: its last hash is not the one in the ledger")
        return self.fault

    def _find(self, fault: str) -> None:
        self.fault = self.fault or fault


def first_fault(path: Path, seal: TranscriptSeal | None) -> str | None:
    """Where the transcript was edited or cut, in words; None when it is whole."""
    chain = Chain()
    with path.open("rb") as file:
        for line in file:
            chain.take(line)
    return chain.end(seal)


def _checked(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """The row of a line and its hash; no row when the two do not belong together."""
    body, found, rest = line.rpartition(b',"hash":"')
    digest = rest[:64].decode("ascii", "replace")
    if not found or rest[64:] != b'"}\n' or sha256(body + b"}").hexdigest() != digest:
        return None, digest
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, digest
    return (row if isinstance(row, dict) else None), digest


def joined(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The transcript as one list: each model call is one entry, request and reply together."""
    entries: list[dict[str, Any]] = []
    asked: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = {key: value for key, value in row.items() if key not in ("previous", "hash")}
        call = str(entry.get("call"))
        if entry["kind"] == "model_request":
            if call in asked:  # a second crew counts anew
                entries.append(asked[call])
            asked[call] = entry
        elif entry["kind"] in _ENDED:
            request = asked.pop(call, {})
            entries.append({**request, **entry, "kind": _ENDED[entry["kind"]]})
        else:
            entries.append(entry)
    return sorted([*entries, *asked.values()], key=lambda entry: int(entry["n"]))


_ENDED = {"model_reply": "model_call", "model_failed": "model_failed"}


def _encode(value: Any) -> Any:
    from decimal import Decimal

    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
