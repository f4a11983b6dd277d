"""
Keeps everything one cycle was given, so that it can be run again offline.

A folder per cycle: the ledger as it was before, every answer of the market and of the
models, the news, and the settings and YAML in force; of models behind HTTP the traffic as
well. All text passes through the redactor, so that no key is among it. market.json is
written last: a folder without it is no recording.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from crew.desk import Desk
from crew.home import set_aside
from crew.market_tape import Tape, undamaged
from crew.rotation import make_room
from crew.setting_faults import NESTED_SECRETS, SECRETS
from crew.settings import MODELS
from records.clock import Clock
from records.context import Outside
from records.cycle import CycleRecord
from records.errors import LedgerError, SettingsError
from records.ids import is_cycle_id
from records.ports import MarketSource
from tools.ledger.excerpt import excerpt, unpack

if TYPE_CHECKING:
    from crew.models.call_log import CallLog
    from crew.models.recorded import RecordedCalls
    from crew.recalls import Recalls
    from crew.settings import Settings
    from tools.news.item import NewsReading

_log = logging.getLogger(__name__)
_LEDGER, _CALLS = "before.db.z", "models.jsonl"
_SECRET_SETTINGS: dict[str, Any] = {
    "llm": {"api_key"},
    **{section: set(names) for section, names in NESTED_SECRETS.items()},
    **dict.fromkeys(SECRETS, True),
}


class Recorder:
    """Writes one cycle's recording, piece by piece."""

    def __init__(self, desk: Desk, cycle_id: str) -> None:
        self.folder = desk.home / "recordings" / cycle_id
        self._desk = desk
        self._tape: Tape | None = None
        self._calls: CallLog | None = None

    def begin(self) -> None:
        """Keep the ledger, the settings and the YAML as they are before the cycle."""
        settings = self._desk.settings
        with _recordable():
            set_aside(self.folder)
            self.folder.mkdir(parents=True)
            self._keep("agents.yaml", settings.path(settings.agents_file).read_bytes())
            self._keep("tasks.yaml", settings.path(settings.tasks_file).read_bytes())
            (self.folder / _LEDGER).write_bytes(excerpt(self._desk.ledger.path))
        self._write("settings.json", settings.model_dump(mode="json", exclude=_SECRET_SETTINGS))

    def listen(self, market: MarketSource) -> MarketSource:
        """The same market, with every answer kept."""
        self._tape = Tape(market)
        return self._tape

    @contextmanager
    def models(self) -> Iterator[None]:
        """Keep the models' HTTP traffic, where there is any."""
        if not self._over_http():
            yield
            return
        from crew.cassettes import recording

        with recording(self.folder / "models.yaml", self._desk.redactor):
            yield

    def calls(self, clock: Clock) -> "CallLog":
        """Where the crew's model calls are kept; one log for the whole cycle."""
        from crew.models.call_log import CallLog

        if self._calls is None:
            self._calls = CallLog(self.folder / _CALLS, clock, self._desk.redactor)
        return self._calls

    def news(self, reading: "NewsReading") -> "NewsReading":
        """Keep what was read."""
        self._write("news.json", reading.model_dump(mode="json"))
        return reading

    def recalls(self, recalls: "Recalls") -> None:
        """Keep what was remembered so far."""
        self._write("recalls.json", recalls.model_dump(mode="json"))

    def outside(self, outside: Outside) -> None:
        """Keep what was read and remembered beside the market."""
        self._write("outside.json", outside.model_dump(mode="json"))

    def finish(self) -> None:
        """Write the market's answers, and make room for the next cycle."""
        if self._calls is not None:
            self._calls.close()
        with _recordable():
            if self._tape is not None:
                self._tape.keep(self._put)
        try:
            noted = self._desk.home / "cache" / "recordings.json"
            make_room(self.folder, noted, self._desk.settings.recording)
        except OSError as error:
            _log.warning("old recordings could not be removed: %s", error.strerror)

    def _over_http(self) -> bool:
        settings, agents = self._desk.settings, self._desk.spec.agents.values()
        asked = {settings.model, *(agent.model for agent in agents if agent.model)}
        return settings.news.scoring == "model" or any(one not in MODELS for one in asked)

    def _write(self, name: str, document: Any) -> None:
        with _recordable():
            self._keep(name, orjson.dumps(document))

    def _put(self, name: str, content: bytes) -> None:
        """Numbers, which are packed, hold no secret; text is looked through."""
        packed = name.endswith(".bin")
        (self.folder / name).write_bytes(content) if packed else self._keep(name, content)

    def _keep(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(self._desk.redactor.data(content))


def recordings(home: Path) -> tuple[str, ...]:
    """The cycles that were recorded whole, oldest first; not what an unfinished one left."""
    found = (file.parent.name for file in (home / "recordings").glob("*/market.json"))
    return tuple(sorted(name for name in found if is_cycle_id(name)))


def recorded_ledger(folder: Path, to: Path) -> None:
    """Write the ledger as it was before the cycle."""
    file = folder / _LEDGER
    if not file.is_file():
        raise _older(folder)
    with undamaged(_LEDGER):
        content = file.read_bytes()
    unpack(content, to)


def recorded_calls(folder: Path, recorded: CycleRecord) -> "RecordedCalls":
    """What the models were asked and answered; raises SettingsError when it was not kept."""
    from crew.models.recorded import RecordedCalls

    file, began = folder / _CALLS, recorded.started_at
    if file.is_file():
        return RecordedCalls.read(file, began=began)
    if recorded.model.calls:
        raise _older(folder)
    return RecordedCalls((), began=began)


def _older(folder: Path) -> SettingsError:
    return SettingsError(
        f"The recording {folder.name!r} was written by an older release, which kept less than a "
        "replay needs. Nothing was run. Record a cycle again."
    )


def recorded_news(folder: Path) -> "NewsReading | None":
    """The news the cycle read, None when it read none; raises SettingsError when damaged."""
    from tools.news.item import NewsReading

    file = folder / "news.json"
    if not file.is_file():
        return None
    with undamaged(file.name):
        return NewsReading.model_validate_json(file.read_bytes())


def recorded_outside(folder: Path) -> Outside | None:
    """What was read beside the market, None for nothing; raises SettingsError when damaged."""
    file = folder / "outside.json"
    if not file.is_file():
        return None
    with undamaged(file.name):
        return Outside.model_validate_json(file.read_bytes())


def recording_of(desk: Desk, cycle_id: str) -> Path:
    """The folder of a recorded cycle; raises SettingsError when it was not recorded."""
    folder = desk.home / "recordings" / cycle_id
    if not cycle_id or Path(cycle_id).name != cycle_id or not (folder / "market.json").is_file():
        raise SettingsError(
            f"Cycle {cycle_id!r} was not recorded; nothing was replayed. "
            "`record: true` in desk.yaml records every cycle from then on."
        )
    return folder


def recorded_recalls(folder: Path, settings: "Settings") -> "Recalls | None":
    """
    What a model's embedding found, None where our own is asked again.

    `settings` are the recorded ones. Raises SettingsError when it is damaged or does not belong.
    """
    from crew.recalls import Recalls

    file, ours = folder / "recalls.json", settings.memory.embedding == "hash"
    if not file.is_file():
        return None if ours else Recalls(recalls=())
    if ours:
        raise SettingsError(
            f"{file.name} was not written by this recording, whose memory is asked again. Nothing "
            "was run. Remove it, if you did not put it there."
        )
    with undamaged(file.name):
        return Recalls.model_validate_json(file.read_bytes())


@contextmanager
def _recordable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"The cycle cannot be recorded ({error.strerror}). What cannot be recorded is not "
            "traded. Free disk space, mend permissions, or set record: false."
        ) from None
