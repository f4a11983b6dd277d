"""`desk replay` by command: exit codes, one JSON document, and a word for every wrong use."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew.cassettes import NotRecorded, difference
from crew.cli_replay import _line
from crew.opening import opened_for_recordings
from crew.replay import Replayed
from records.cycle import CycleRecord
from tests.crew.desks import one_cycle
from tests.crew.test_cli import desk, refused

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CycleRecord]:
    """A recorded cycle in which no model was asked, which is quick to run again."""
    home = tmp_path_factory.mktemp("home")
    return home, one_cycle(home, "screen.min_strength=5", "model=rulebook/cautious", at=AT)


def test_an_identical_cycle_ends_with_0(held: tuple[Path, CycleRecord]) -> None:
    """And says so in one document."""
    home, record = held
    done = desk("replay", record.cycle_id, "--json", home=home)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "cycle_id": record.cycle_id, "identical": True, "differences": [],
    }  # fmt: skip


@pytest.mark.long
def test_a_history_ends_with_5_when_a_line_is_not_identical(
    held: tuple[Path, CycleRecord], tmp_path: Path
) -> None:
    """A line for each recorded cycle, and how many were the same."""
    home, record = held
    changed = desk("replay", "--all", "--set", "paper.cash=9000", home=home)
    same = desk("replay", "--all", "--since", "2026-11-03", "--json", home=home)

    assert changed.returncode == 5
    assert changed.stdout.startswith(f"{record.cycle_id}  differs")
    assert changed.stdout.endswith("0 of 1 identical.\n")
    assert same.returncode == 0
    assert [one["result"] for one in json.loads(same.stdout)] == ["identical"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name a recorded cycle"),
        (("x", "--all"), "not both"),
        (("x", "--since", "1d"), "--since goes with --all"),
        (("../x",), "was not recorded"),
        (("--all", "--since", "yesterday"), "--since takes"),
        (("--all", "--since", "2027-01-01"), "No cycle was recorded"),
        (("x", "--agents", "no.yaml"), "There is no file 'no.yaml'"),
        (("x", "--set", "risk"), "--set takes NAME=VALUE"),
        (("x", "--set", "llm.api_key=abc"), "never in --set"),
        (("x", "--set", "api_secret=abc"), "stands in --set"),
    ],
)
def test_a_wrong_use_is_told_in_a_sentence(
    words: tuple[str, ...], said: str, held: tuple[Path, CycleRecord]
) -> None:
    """Exit code 2, and nothing was run."""
    assert said in refused(desk("replay", *words, home=held[0]), 2)


def test_a_setting_that_is_none_is_refused(held: tuple[Path, CycleRecord]) -> None:
    """As everywhere, with a guess."""
    home, record = held

    ended = desk("replay", record.cycle_id, "--set", "risk.max_leverag=2", home=home)

    assert "max_leverage" in refused(ended, 2)


def test_what_a_recording_says_steers_no_terminal(
    held: tuple[Path, CycleRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """YAML and recordings come from others: in a difference, a line of --all and a refusal."""
    monkeypatch.setenv("DESK_HOME", str(held[0]))
    hostile = "\x1b]0;title\x07"
    said = difference([{"content": "before"}], [{"content": hostile}])
    line = _line(Replayed(cycle_id="x", result="differs", why=hostile))
    with pytest.raises(NotRecorded) as raised, opened_for_recordings():
        raise NotRecorded(hostile)

    for text in (said, line, str(raised.value)):
        assert "]0;title" in text
        assert text.replace("\n", "").isprintable()


def test_a_cycle_is_kept_as_a_test_in_one_document(
    held: tuple[Path, CycleRecord], tmp_path: Path
) -> None:
    """Scripts learn where it lies."""
    words = ("record-test", held[1].cycle_id, "held", "--folder", str(tmp_path), "--json")
    found = json.loads(desk(*words, home=held[0]).stdout)

    assert found == {
        "cycle_id": held[1].cycle_id,
        "test": str(tmp_path / "test_held.py"),
        "folder": str(tmp_path / "held"),
    }
    assert Path(found["test"]).is_file() and Path(found["folder"]).is_dir()
