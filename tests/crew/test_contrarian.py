"""The sixth agent of the shipped YAML: one word enables it, and the gate stays what it was."""

from pathlib import Path
from typing import Any

import pytest

from crew.home import CHECKOUT
from crew.transcript import joined, read
from records.cycle import CycleRecord
from tests.crew.desks import one_cycle
from tests.crew.test_cycle import BUSY, SIX


@pytest.fixture
def enabled(tmp_path: Path) -> str:
    """The setting that names a tasks.yaml in which one word is changed."""
    tasks, file = (CHECKOUT / "tasks.yaml").read_text(), tmp_path / "tasks.yaml"
    assert tasks.count("enabled: false") == 1
    file.write_text(tasks.replace("enabled: false", "enabled: true"))
    return f"tasks_file={file}"


def asked(home: Path, record: CycleRecord, task: str) -> str:
    """All that the model of a task was told."""
    entries = joined(read(home / "transcripts" / f"{record.cycle_id}.jsonl"))
    messages: list[dict[str, Any]] = [
        message
        for entry in entries
        if entry.get("task") == task
        for message in entry.get("messages", [])
    ]
    return "\n".join(str(message["content"]) for message in messages)


def test_one_word_lets_the_contrarian_speak_before_the_officer(
    tmp_path: Path, enabled: str
) -> None:
    """Its note stands in the ledger and in the officer's prompt, with the rulebook's figures."""
    home = tmp_path / "home"
    record = one_cycle(home, *SIX, enabled, at=BUSY)

    note = record.reports.notes["contrarian"]
    assert note.points
    assert "[report contrarian]" in asked(home, record, "verdict")
    assert note.points[0] in asked(home, record, "verdict")
    assert "[report contrarian]" not in asked(home, record, "proposal")


def test_the_gate_binds_a_crew_of_six_as_it_does_one_of_five(tmp_path: Path, enabled: str) -> None:
    """One position is allowed, so one is opened and the other proposals are refused by code."""
    one = ("risk.max_open_positions=1", *SIX)
    five = one_cycle(tmp_path / "five", *one, at=BUSY)
    six = one_cycle(tmp_path / "six", *one, enabled, at=BUSY)

    assert six.model.calls == five.model.calls + 1
    assert len(six.proposals) > 1
    assert len(six.approvals) == len(five.approvals) == 1
    assert [o.intent for o in six.orders] == [o.intent for o in five.orders]
    assert [r.code for r in six.refusals] == [r.code for r in five.refusals] != []


def test_nobody_proposing_leaves_nothing_to_argue_against(tmp_path: Path, enabled: str) -> None:
    """A quiet cycle costs as many calls with the contrarian as without."""
    record = one_cycle(tmp_path / "home", enabled)
    without = one_cycle(tmp_path / "five")

    assert record.hold_reason == "no_proposal"
    assert record.reports.notes == {}
    assert record.model.calls == without.model.calls
