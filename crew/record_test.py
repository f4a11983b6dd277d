"""
A recorded cycle kept as a test: the recording, scrubbed, and a few lines for pytest.

Nothing of this machine is in what is written, and nothing is written that does not replay
identically now.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from crew.cassettes import NotRecorded
from crew.desk import Desk
from crew.home import CHECKOUT
from crew.recording import recording_of
from crew.replay import AS_RECORDED, Changes, Rerun, comparable
from records.cycle import CycleRecord
from records.errors import SettingsError, TradingError

FOLDER = CHECKOUT / "tests" / "recorded"
EXPECTED = "expected.json"
"""The cycle's record, as it ended."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_NEW_LINE = "\n"
_NOT_KEPT = ("models.yaml", "settings.json")
"""A replay reads the models' answers from models.jsonl; the settings are written anew."""
_OF_THIS_MACHINE: dict[str, Any] = {
    "agents_file": "agents.yaml",
    "tasks_file": "tasks.yaml",
    "exchange_url": None,
}
_NESTED_OF_THIS_MACHINE: dict[str, dict[str, Any]] = {
    "replay": {"files": []},
    "news": {"feeds": []},
    "llm": {"base_url": None},
    "context": {"fear_greed_url": None, "dominance_url": None},
}
_BINARY = (".bin", ".z")
_TEMPLATE = '''\
"""Cycle {cycle_id}, kept by `desk record-test`; edit it as you like."""

import pytest

from crew.pytest_plugin import RecordedCycle


@pytest.mark.recorded({mark})
def test_{name}(recorded_cycle: RecordedCycle) -> None:
    """The desk decides as it did when this cycle was recorded."""
    assert recorded_cycle.differences() == ()
    assert recorded_cycle.record.outcome == "{outcome}"
    assert len(recorded_cycle.record.orders) == {orders}
'''


def present_yaml() -> Changes:
    """The agents and tasks of the checkout in the place of the recorded ones."""
    return Changes(agents=CHECKOUT / "agents.yaml", tasks=CHECKOUT / "tasks.yaml")


def write_test(desk: Desk, cycle_id: str, name: str, folder: Path) -> Path:
    """
    Write `folder`/`name`/ and `folder`/test_`name`.py; returns the test's file.

    Raises SettingsError when the name will not do, stands already, cannot be written, or the
    cycle cannot be replayed identically. Then nothing is left of it.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"A test's name is small letters, digits and _, such as late_stop, not {name[:60]!r}. "
            "Nothing was written."
        )
    recording, test = folder / name, folder / f"test_{name}.py"
    for path in (recording, test):
        if _stands(path):
            raise SettingsError(
                f"{path.name!r} exists already in {folder.name!r}. Nothing was written. "
                "Choose another name, or remove it first."
            )
    source, recorded = recording_of(desk, cycle_id), comparable(desk, cycle_id)
    with_yaml = _yaml(source, recorded)
    with _whole_or_gone(recording, test):
        _copy(source, recording, recorded)
        test.write_text(_test(name, recorded, with_yaml))
        _refuse_traces(recording, desk)
    return test


@contextmanager
def _whole_or_gone(recording: Path, test: Path) -> Iterator[None]:
    """Remove what was written when the rest cannot be."""
    folder = recording.parent
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        yield
    except (OSError, SettingsError) as error:
        shutil.rmtree(recording, ignore_errors=True)
        with suppress(OSError):
            test.unlink()
        for one in made:
            with suppress(OSError):
                one.rmdir()
        if isinstance(error, SettingsError):
            raise
        raise _unwritten(folder, error) from None


def _unwritten(folder: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"The test cannot be written to {str(folder)!r} ({error.strerror}). Nothing was left of "
        "it. Name a folder that can be written with --folder."
    )


def _stands(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise _unwritten(path.parent, error) from None


def _yaml(source: Path, recorded: CycleRecord) -> str:
    """Whose YAML the test runs with: the checkout's, if the cycle is the same with it."""
    try:
        if not Rerun(source, recorded, present_yaml()).differences():
            return "present"
    except TradingError:
        pass
    if found := _differences(source, recorded):
        raise SettingsError(
            f"Cycle {recorded.cycle_id!r} does not replay identically, so it is no test: "
            f"{found[0].partition(_NEW_LINE)[0]} Nothing was written. Keep another cycle."
        )
    return "recorded"


def _differences(source: Path, recorded: CycleRecord) -> tuple[str, ...]:
    try:
        return Rerun(source, recorded, AS_RECORDED).differences()
    except NotRecorded as missed:
        return (str(missed),)


def _copy(source: Path, to: Path, recorded: CycleRecord) -> None:
    to.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        if file.is_file() and file.name not in _NOT_KEPT:
            shutil.copyfile(file, to / file.name)
    settings = orjson.loads((source / "settings.json").read_bytes())
    settings.update(_OF_THIS_MACHINE)
    for section, values in _NESTED_OF_THIS_MACHINE.items():
        settings.setdefault(section, {}).update(values)
    (to / "settings.json").write_bytes(orjson.dumps(settings, option=orjson.OPT_INDENT_2))
    (to / EXPECTED).write_text(recorded.model_dump_json(indent=2))


def _test(name: str, recorded: CycleRecord, with_yaml: str) -> str:
    mark = f'"{name}"' if with_yaml == "present" else f'"{name}", yaml="recorded"'
    return _TEMPLATE.format(
        cycle_id=recorded.cycle_id,
        mark=mark,
        name=name,
        outcome=recorded.outcome,
        orders=len(recorded.orders),
    )


def _refuse_traces(folder: Path, desk: Desk) -> None:
    """A path of this machine would tell of it wherever the test is read."""
    traces = {str(path).encode() for path in (desk.home, CHECKOUT, Path.home())}
    for file in folder.iterdir():
        content = b"" if file.suffix in _BINARY else file.read_bytes()
        if any(trace in content for trace in traces if len(trace) > 1):
            raise SettingsError(
                f"A path of this machine stands in {file.name} of the recording. "
                "Nothing was written. Keep another cycle."
            )
