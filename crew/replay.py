"""
A recorded cycle again, offline: same market, same clock, same answers of the models.

It runs in a folder of its own and changes nothing of the desk. Whatever differs is named.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from crew.cassettes import replaying
from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.recording import (
    RecordedMarket,
    quotes_recorded,
    recorded_mood,
    recorded_news,
    recording_of,
)
from crew.settings import Settings
from records.base import Record
from records.clock import FixedClock
from records.cycle import CycleRecord
from records.errors import SettingsError

_NEVER_S = 600
_COMPARED = (
    "outcome",
    "shortlist",
    "reports",
    "proposals",
    "verdicts",
    "approvals",
    "refusals",
    "orders",
    "fills",
    "account",
)


def replay_cycle(desk: Desk, cycle_id: str) -> tuple[str, ...]:
    """Run a recorded cycle again; returns what differs, in words (nothing: it is the same)."""
    folder = recording_of(desk, cycle_id)
    recorded = desk.ledger.cycles.cycle(cycle_id)
    if recorded is None:
        raise SettingsError(f"Cycle {cycle_id!r} never ended; it cannot be compared.")
    if recorded.mode != "paper":
        raise SettingsError(
            f"Cycle {cycle_id!r} ran in mode {recorded.mode!r}: what the exchange said of the "
            "account is not in a recording, so it cannot be run again. Nothing was run. "
            "`desk transcript` shows it."
        )
    return tuple(_differences(recorded, rerun(folder, recorded)))


def rerun(folder: Path, recorded: CycleRecord) -> CycleRecord:
    """The cycle of that recording, run again in a throw-away state folder."""
    clock = FixedClock(recorded.started_at)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copyfile(folder / "before.db", home / "ledger.db")
        again = stack.enter_context(open_desk(_settings(folder), home, clock))
        market = RecordedMarket(folder / "market.json", clock)
        again.stand_in(market, recorded_news(folder), recorded_mood(folder))
        if (folder / "models.yaml").is_file():
            stack.enter_context(replaying(folder / "models.yaml"))
        return run_cycle(again, lambda _text: None)


def _settings(folder: Path) -> Settings:
    """The settings as they were; a provider's key is not needed to hear its recorded answers."""
    document = orjson.loads((folder / "settings.json").read_bytes())
    document["agents_file"] = str(folder / "agents.yaml")
    document["tasks_file"] = str(folder / "tasks.yaml")
    document["record"] = False
    document["quote_max_age_s"] = 0 if quotes_recorded(folder) else _NEVER_S
    document["llm"]["api_key"] = "replayed"
    return Settings.model_validate(document)


def _differences(recorded: CycleRecord, again: CycleRecord) -> Iterator[str]:
    for name in _COMPARED:
        before, after = (_timeless(getattr(record, name)) for record in (recorded, again))
        if before != after:
            yield f"{name} differ: recorded {str(before)[:200]}, now {str(after)[:200]}"


def _timeless(found: Any) -> Any:
    """The same without its times: a recorded clock went on, the replayed one stands still."""
    if isinstance(found, Record):
        fields = ((name, getattr(found, name)) for name in type(found).model_fields)
        return {name: _timeless(v) for name, v in fields if not isinstance(v, datetime)}
    if isinstance(found, tuple):
        return [_timeless(part) for part in found]
    if isinstance(found, dict):
        return {key: _timeless(value) for key, value in found.items()}
    return found
