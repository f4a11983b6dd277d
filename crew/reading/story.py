"""
One cycle's transcript, found and checked: what was written, and where it was edited or cut.

A line that is not what was written is never read as if it were: it is shown as damaged, as
raw text, in its place. Beside the lines stand the ledger's own records of what was decided,
which an edit of the file does not reach.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crew.reading.cases import Case, cases_of
from crew.transcript import Chain, first_fault
from records.cycle import CycleRecord, TranscriptSeal
from records.errors import LedgerError, SettingsError
from tools.ledger.ledger import Ledger

Row = dict[str, Any]

_A_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LARGEST = 256 * 1024 * 1024
_DAMAGED_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Story:
    """A cycle for reading; without a record it has not ended, or was killed."""

    cycle_id: str
    rows: tuple[Row, ...]
    fault: str | None
    record: CycleRecord | None
    cases: tuple[Case, ...]
    beside: tuple[str, ...]
    """Refusals that belong to no proposal, in words."""
    charts: Path

    @property
    def seal(self) -> str:
        """Whether the file is what was written, in words."""
        if self.fault is not None:
            return f"NOT what was written: {self.fault}"
        if self.record is None or self.record.transcript is None:
            return "whole as far as it goes; no ledger seal yet, because the cycle has not ended"
        return "whole: every line's hash and the ledger's seal agree"


def story_of(ledger: Ledger, home: Path, cycle_id: str | None) -> Story:
    """
    The cycle of that id, the last one if None.

    Raises SettingsError for a cycle nobody knows, LedgerError for a transcript that is gone.
    """
    name = cycle_id or last_id(ledger)
    record = ledger.cycles.cycle(name)
    path = transcript_path(home, name, record)
    seal = record.transcript if record is not None else None
    rows, fault = checked(path, seal, finished=record is not None)
    cases, beside = cases_of(ledger, name, record)
    return Story(
        cycle_id=name,
        rows=rows,
        fault=fault,
        record=record,
        cases=cases,
        beside=beside,
        charts=home / "charts" / name,
    )


def transcript_path(home: Path, name: str, record: CycleRecord | None) -> Path:
    """Where the transcript lies; raises as story_of does."""
    path = home / "transcripts" / f"{name}.jsonl"
    if _A_NAME.fullmatch(name) and path.is_file():
        if path.stat().st_size > _LARGEST:
            raise LedgerError(
                f"The transcript of cycle {name} is larger than {_LARGEST // 1024**2} MB, so it is "
                "not the desk's. It was not read."
            )
        return path
    if record is not None and record.transcript is not None:
        raise LedgerError(
            f"The transcript of cycle {name} is gone; the ledger says it had "
            f"{record.transcript.lines} lines. Restore it from a backup of the state folder."
        )
    raise SettingsError(
        f"There is no transcript of cycle {name[:80]!r}. `desk transcript list` lists cycles."
    )


def fault_of(home: Path, record: CycleRecord) -> str | None:
    """Where a cycle's transcript was edited, cut or lost; None when it is whole."""
    try:
        path = transcript_path(home, record.cycle_id, record)
    except (LedgerError, SettingsError) as error:
        return str(error)
    return first_fault(path, record.transcript)


def checked(
    path: Path, seal: TranscriptSeal | None, *, finished: bool = True
) -> tuple[tuple[Row, ...], str | None]:
    """
    Every row of a file, and where it was edited or cut; None: it is whole.

    Not `finished`: the last line may be half written, and is left out then.
    """
    chain = Chain()
    with path.open("rb") as file:
        lines = (line for line in file if finished or line.endswith(b"\n"))
        rows = tuple(taken(chain, line) for line in lines)
    return rows, chain.end(seal)


def taken(chain: Chain, line: bytes) -> Row:
    """The row of a line; one of kind `damaged` with its raw text when it was changed."""
    row = chain.take(line)
    if row is None or not _readable(row):
        raw = line[:_DAMAGED_SHOWN].decode("utf-8", "replace")
        return {"n": chain.lines, "kind": "damaged", "size": len(line), "raw": raw}
    return row


def _readable(row: Row) -> bool:
    """Whether it is of the desk's form: a file written anew by another hand need not be."""
    return type(row.get("n")) is int and isinstance(row.get("kind"), str)


def last_id(ledger: Ledger) -> str:
    """The newest cycle; raises SettingsError when there is none."""
    name = ledger.cycles.last_id()
    if name is None:
        raise SettingsError("No cycle has run yet. `desk cycle` runs one.")
    return name
