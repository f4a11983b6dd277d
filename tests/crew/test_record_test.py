"""`desk record-test`: a cycle kept as a test, which passes until the desk decides otherwise."""

import errno
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew.home import CHECKOUT
from crew.record_test import write_test
from records.cycle import CycleRecord
from records.errors import SettingsError
from tests.crew.desks import a_desk, one_cycle

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
_PACKED = (".bin", ".z")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, CycleRecord]:
    """A state folder, a folder of tests with one cycle kept in it, and that cycle."""
    home, tests = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("tests")
    record = one_cycle(home, "model=rulebook/bold", at=AT)
    with a_desk(home, at=AT) as desk:
        write_test(desk, record.cycle_id, "first_trade", tests)
    return home, tests, record


def ran(folder: Path) -> str:
    """What pytest says of the tests in a folder that is not the desk's."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_it_passes_at_once_in_any_folder(kept: tuple[Path, Path, CycleRecord]) -> None:
    """The fixture and the marker come with the package; nothing else need be set up."""
    assert "1 passed" in ran(kept[1])


def test_it_fails_when_an_agent_is_told_something_else(
    kept: tuple[Path, Path, CycleRecord], tmp_path: Path
) -> None:
    """With the recorded YAML edited, as the checkout's would be: the agent is named."""
    folder = tmp_path / "tests"
    shutil.copytree(kept[1], folder)
    test = folder / "test_first_trade.py"
    test.write_text(test.read_text().replace('("first_trade")', '("first_trade", yaml="recorded")'))
    agents = folder / "first_trade" / "agents.yaml"
    agents.write_text(agents.read_text().replace("Veto every proposal", "Welcome every proposal"))

    said = ran(folder)

    assert "1 failed" in said
    assert "agent 'Risk officer', task 'verdict', turn 1" in said


def test_it_fails_when_a_setting_decides_otherwise(
    kept: tuple[Path, Path, CycleRecord], tmp_path: Path
) -> None:
    """A setting may be tried in the marker."""
    folder = tmp_path / "tests"
    shutil.copytree(kept[1], folder)
    test = folder / "test_first_trade.py"
    marked = '("first_trade", settings={"paper": {"taker_fee_pct": 1}})'
    test.write_text(test.read_text().replace('("first_trade")', marked))

    assert "fee was" in ran(folder)


def test_nothing_of_this_machine_is_in_it(kept: tuple[Path, Path, CycleRecord]) -> None:
    """Tests are committed and read elsewhere."""
    home, tests, _ = kept
    text = b"".join(
        file.read_bytes()
        for file in tests.rglob("*")
        if file.is_file() and file.suffix not in (*_PACKED, ".pyc")
    )

    assert str(home).encode() not in text
    assert str(CHECKOUT).encode() not in text


@pytest.mark.parametrize("name", ["../out", "Late", "a-b", "", "a" * 61, "1st", "é", "a/b"])
def test_a_name_that_is_no_plain_word_is_refused(
    kept: tuple[Path, Path, CycleRecord], name: str, tmp_path: Path
) -> None:
    """It becomes a folder, a file and a function."""
    home, _, record = kept
    with a_desk(home, at=AT) as desk, pytest.raises(SettingsError, match="Nothing was written"):
        write_test(desk, record.cycle_id, name, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_stands_is_not_overwritten(kept: tuple[Path, Path, CycleRecord]) -> None:
    """Somebody may have edited it."""
    home, tests, record = kept
    with a_desk(home, at=AT) as desk, pytest.raises(SettingsError, match="exists already"):
        write_test(desk, record.cycle_id, "first_trade", tests)


def test_a_cycle_that_does_not_replay_is_no_test(
    kept: tuple[Path, Path, CycleRecord], tmp_path: Path
) -> None:
    """A test that fails at once tells nothing."""
    home, _, record = kept
    spoiled = tmp_path / "home"
    shutil.copytree(home, spoiled)
    calls = spoiled / "recordings" / record.cycle_id / "models.jsonl"
    calls.write_text(calls.read_text().replace("approve", "veto"))

    with a_desk(spoiled, at=AT) as desk, pytest.raises(SettingsError, match="identically"):
        write_test(desk, record.cycle_id, "spoiled", tmp_path / "tests")

    assert not (tmp_path / "tests").exists()


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(
    kept: tuple[Path, Path, CycleRecord], tmp_path: Path
) -> None:
    """No folder was there, so none is afterwards."""
    home, _, record = kept
    (tmp_path / "file").write_text("mine")
    calls = home / "recordings" / record.cycle_id / "models.jsonl"
    with a_desk(home, at=AT) as desk:
        for folder in (tmp_path / "file" / "x", Path("/proc/x")):
            with pytest.raises(SettingsError, match="--folder"):
                write_test(desk, record.cycle_id, "first_trade", folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("crew.record_test.shutil.copyfile", _full)
            with pytest.raises(SettingsError, match="No space left"):
                write_test(desk, record.cycle_id, "first_trade", tmp_path / "a" / "b")

    assert calls.is_file()
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def _full(*_files: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
