"""Which recorded cycles are asked about, and which of them cannot answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crew.desk import Desk
from crew.recording import recorded_calls, recording_of, recordings
from crew.replay import comparable
from records.cycle import CycleRecord
from records.errors import SettingsError, TradingError
from records.ids import is_cycle_id

LAST = "LAST_50"
_LAST = re.compile(r"LAST_([1-9][0-9]{0,3})", re.ASCII)
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded cycle that can be run again."""

    cycle_id: str
    folder: Path
    recorded: CycleRecord


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A cycle that was asked about in vain, and why."""

    cycle_id: str
    why: str


def chosen(
    desk: Desk, cycles: str | None, since: datetime | None, newest: int | None = None
) -> tuple[str, ...]:
    """
    The ids of the cycles that are meant, oldest first; raises SettingsError for none.

    `newest` bounds how many are meant when none are named.
    """
    if cycles is not None and since is not None:
        raise SettingsError("Give --cycles or --since, not both. Nothing was run.")
    usual = LAST if newest is None else f"LAST_{newest}"
    named = _since(desk, since) if since is not None else _named(desk, cycles or usual)
    found = tuple(sorted(named))
    if cycles is None and newest is not None:
        found = found[-newest:]
    if not found:
        raise SettingsError(
            "No recorded cycle is meant. Nothing was run. `record: true` in desk.yaml records "
            "every cycle from then on."
        )
    if len(found) > _MOST:
        raise SettingsError(
            f"{len(found)} cycles are meant; at most {_MOST} are run again at once. Nothing was "
            "run. Name fewer."
        )
    return found


def case(desk: Desk, cycle_id: str) -> Case | Unanswered:
    """The cycle, ready to be run again, or why it cannot be."""
    try:
        folder, recorded = recording_of(desk, cycle_id), comparable(desk, cycle_id)
    except TradingError as refused:
        return Unanswered(cycle_id, str(refused))
    return Case(cycle_id, folder, recorded)


def unread(one: Case) -> str | None:
    """Why the model calls of a cycle cannot be heard again; None: they can."""
    try:
        calls = recorded_calls(one.folder, one.recorded)
    except TradingError as refused:
        return str(refused)
    return f"{calls.edited[0]}." if calls.edited else None


def _named(desk: Desk, cycles: str) -> Iterator[str]:
    if last := _LAST.fullmatch(cycles.strip()):
        yield from tuple(recordings(desk.home))[-int(last[1]) :]
        return
    names = [name.strip() for name in cycles.split(",")]
    if wrong := [name for name in names if not is_cycle_id(name)]:
        raise SettingsError(
            f"--cycles takes LAST_1 to LAST_9999, or ids of cycles with commas between them, not "
            f"{(wrong[0] or cycles)[:40]!r}. Nothing was run. `desk transcript list` shows the ids."
        )
    for name in dict.fromkeys(names):
        recording_of(desk, name)
        yield name


def _since(desk: Desk, since: datetime) -> Iterator[str]:
    for cycle_id in recordings(desk.home):
        found = desk.ledger.cycles.cycle(cycle_id)
        if found is not None and found.started_at >= since:
            yield cycle_id
