"""
A recorded cycle again, offline: same market, same clock, same answers of the models.

It runs in a folder of its own and changes nothing of the desk. Models are not asked: what
the recording does not hold is an error, and so is what nobody asked for. Whatever differs
is named.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from crew.cassettes import NotRecorded
from crew.comparing import differences
from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.market_tape import RecordedMarket, ReplayedClock, quotes_recorded, undamaged
from crew.offline import offline
from crew.recording import (
    recorded_calls,
    recorded_ledger,
    recorded_news,
    recorded_outside,
    recorded_recalls,
    recording_of,
    recordings,
)
from crew.setting_faults import explained
from crew.settings import Settings
from records.base import Record
from records.cycle import CycleRecord
from records.errors import SettingsError, TradingError
from records.risk import Budget

_NEVER_S = 600
_PATIENCE_S = 60
"""A picture that is late here would be missing where the recorded model saw one."""
_TIMED_OUT = frozenset({"deadline", "stopped"})


@dataclass(frozen=True, slots=True)
class Changes:
    """What a replay puts in the place of what was recorded."""

    agents: Path | None = None
    tasks: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Nested, as crew.settings.nested gives them."""


AS_RECORDED = Changes()


class Replayed(Record):
    """One line of a replayed history."""

    cycle_id: str
    result: Literal["identical", "differs", "cannot"]
    why: str = ""


def replay_cycle(desk: Desk, cycle_id: str, changes: Changes = AS_RECORDED) -> tuple[str, ...]:
    """
    Run a recorded cycle again; returns what differs, in words (nothing: it is the same).

    Raises NotRecorded, naming agent, task and turn, when a model is asked something else
    than it was; where decisions differ as well, it names them too.
    """
    folder = recording_of(desk, cycle_id)
    recorded = comparable(desk, cycle_id)
    try:
        return Rerun(folder, recorded, changes).differences()
    except NotRecorded as missed:
        all_the_same = Rerun(folder, recorded, changes, by_place=True)
        raise NotRecorded("\n".join((str(missed), *all_the_same.decisions()))) from None


def replay_all(
    desk: Desk, since: datetime | None, changes: Changes = AS_RECORDED
) -> Iterator[Replayed]:
    """Every recorded cycle since then, oldest first, one after another."""
    for cycle_id in recordings(desk.home):
        found = desk.ledger.cycles.cycle(cycle_id)
        if found is None or since is None or found.started_at >= since:
            yield _replayed(desk, cycle_id, changes)


def _replayed(desk: Desk, cycle_id: str, changes: Changes) -> Replayed:
    try:
        found = replay_cycle(desk, cycle_id, changes)
    except NotRecorded as missed:
        return Replayed(cycle_id=cycle_id, result="differs", why=str(missed))
    except TradingError as refused:
        return Replayed(cycle_id=cycle_id, result="cannot", why=str(refused))
    except Exception as broken:  # noqa: BLE001 - one damaged folder must not hide the others
        why = f"Its recording cannot be run ({type(broken).__name__}: {str(broken)[:200]})."
        return Replayed(cycle_id=cycle_id, result="cannot", why=why)
    if found:
        return Replayed(cycle_id=cycle_id, result="differs", why=found[0])
    return Replayed(cycle_id=cycle_id, result="identical")


class Rerun:
    """A recorded cycle run again in a throw-away state folder, with no network."""

    def __init__(
        self,
        folder: Path,
        recorded: CycleRecord,
        changes: Changes = AS_RECORDED,
        *,
        by_place: bool = False,
    ) -> None:
        """`by_place` gives every prompt the answer that was given in its place."""
        from crew.models.recorded import RecordedModels

        self.recorded = recorded
        self.calls = recorded_calls(folder, recorded)
        clock = ReplayedClock(recorded.started_at)
        settings = settings_of(folder, changes)
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            recorded_ledger(folder, home / "ledger.db")
            again = stack.enter_context(open_desk(settings, home, clock))
            models = RecordedModels(
                self.calls, tick=clock.advance_to, by_place=by_place, redactor=again.redactor
            )
            news = recorded_news(folder)
            again.stand_in(
                RecordedMarket(folder, clock),
                news,
                recorded_outside(folder),
                models,
                recorded_recalls(folder, settings),
            )
            again.tell_scoring = self.calls.refuse_news if news is None else models.tell_scoring
            again.tell_reflections = models.tell_reflections
            again.draws = self.calls.pictured
            stack.enter_context(offline())
            self.record = run_cycle(again, lambda _text: None)

    def differences(self) -> tuple[str, ...]:
        """What differs; raises NotRecorded when another thing was asked than was recorded."""
        edited = self.calls.edited
        if self.calls.missed is not None:
            raise NotRecorded("\n".join((*edited, str(self.calls.missed))))
        found = self.decisions()
        if (left := self.calls.unheard()) is not None:
            raise NotRecorded("\n".join((*edited, left, *found)))
        return *edited, *found

    def decisions(self) -> tuple[str, ...]:
        """What differs in the cycle's record."""
        return differences(self.recorded, self.record)


def comparable(desk: Desk, cycle_id: str) -> CycleRecord:
    """The record of a cycle that can be run again; raises SettingsError."""
    recorded = desk.ledger.cycles.cycle(cycle_id)
    if recorded is None:
        raise SettingsError(f"Cycle {cycle_id!r} never ended; it cannot be compared.")
    if recorded.mode != "paper":
        raise SettingsError(
            f"Cycle {cycle_id!r} ran in mode {recorded.mode!r}: what the exchange said of the "
            "account is not in a recording, so it cannot be run again. Nothing was run. "
            "`desk transcript` shows it."
        )
    if recorded.outcome == "failed":
        raise SettingsError(
            f"Cycle {cycle_id!r} failed, and what did not answer then is not in a recording, so "
            "it cannot be run again. Nothing was run. `desk transcript` shows it. It failed with: "
            f"{recorded.message}"
        )
    if recorded.hold_reason in _TIMED_OUT:
        raise SettingsError(
            f"Cycle {cycle_id!r} was ended from outside ({recorded.hold_reason}), at a moment "
            "that no recording gives again. Nothing was run. `desk transcript` shows it."
        )
    return recorded


class _AsRecorded(Settings):
    """Settings that are all in one document: no file, no environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def settings_of(folder: Path, changes: Changes = AS_RECORDED) -> Settings:
    """The settings as they were, and what is changed in them; raises SettingsError."""
    asked_anew = quotes_recorded(folder)
    with undamaged("settings.json"):
        document = orjson.loads((folder / "settings.json").read_bytes())
        document["agents_file"] = str(changes.agents or folder / "agents.yaml")
        document["tasks_file"] = str(changes.tasks or folder / "tasks.yaml")
        document["record"] = False
        document.setdefault("charts", {})["wait_s"] = _PATIENCE_S
        document["quote_max_age_s"] = 0 if asked_anew else _NEVER_S
        document["llm"]["api_key"] = "replayed"
        document["budget"] = _set_by_a_person(document.get("budget", {}))
    _refuse_other_memory(document, changes.settings)
    try:
        return _AsRecorded(**_merged(document, changes.settings))
    except ValidationError as error:
        raise explained(error, "settings.json of the recording", Settings) from None


_EMBEDDING = frozenset({"embedding", "embedding_model"})
_OF_LOOKING_UP = frozenset({"half_life_days", "max_lessons"})


def _refuse_other_memory(document: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """What a model embedded is told as it was found, and no model is asked to embed again."""
    then, now = document.get("memory", {}), changed.get("memory", {})
    fixed = _EMBEDDING if then.get("embedding", "hash") == "hash" else _EMBEDDING | _OF_LOOKING_UP
    if asked := sorted(name for name in fixed & now.keys() if now[name] != then.get(name)):
        raise SettingsError(
            f"memory.{asked[0]} cannot be changed in a recorded cycle: no lesson is embedded or "
            "looked up anew for it. Nothing was run. memory.enabled can be."
        )


def _set_by_a_person(budget: dict[str, Any]) -> dict[str, Any]:
    """Without the defaults: a budget in USD that is set must have prices that bind it."""
    usual = Budget().model_dump(mode="json")
    return {name: value for name, value in budget.items() if value != usual.get(name)}


def _merged(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for name, value in changes.items():
        inner = merged.get(name)
        if isinstance(value, Mapping) and isinstance(inner, dict):
            merged[name] = _merged(inner, value)
        else:
            merged[name] = value
    return merged
