"""The oldest recordings make room for new ones; none that is to be kept goes."""

from pathlib import Path
from typing import Any

import pytest

from crew.rotation import make_room
from crew.sections import RecordingSettings

FIRST, SECOND, THIRD, FOURTH = (f"2026110{day}T010000Z-000{day}" for day in (1, 2, 3, 4))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where recordings lie in a state folder."""
    return tmp_path / "recordings"


def room(newest: Path, **limits: Any) -> tuple[str, ...]:
    """What goes, with the sizes noted in a folder beside the recordings."""
    noted = newest.parents[1] / "cache" / "recordings.json"
    return make_room(newest, noted, RecordingSettings(**limits))


def recorded(folder: Path, *names: str, size: int = 100_000) -> Path:
    """Recordings of that size, oldest first; returns the newest."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "market.json").write_bytes(b"x" * size)
    return folder / names[-1]


def left(folder: Path) -> list[str]:
    """The recordings that are there."""
    return sorted(one.name for one in folder.iterdir() if one.is_dir())


def test_the_oldest_go_beyond_the_count(folder: Path) -> None:
    """By name, which begins with the time."""
    newest = recorded(folder, FIRST, SECOND, THIRD, FOURTH)

    assert room(newest, max_cycles=2) == (FIRST, SECOND)
    assert left(folder) == [THIRD, FOURTH]


def test_the_oldest_go_beyond_the_size(folder: Path) -> None:
    """Together they stay below max_mb."""
    newest = recorded(folder, FIRST, SECOND, THIRD, FOURTH, size=400_000)

    room(newest, max_mb=1)

    assert left(folder) == [THIRD, FOURTH]


def test_what_is_to_be_kept_and_the_running_cycles_stay(folder: Path) -> None:
    """Even when they are larger than what is allowed."""
    newest = recorded(folder, FIRST, SECOND, THIRD, size=2_000_000)

    room(newest, max_mb=1, kept=(FIRST,))

    assert left(folder) == [FIRST, THIRD]


def test_sizes_are_measured_once(folder: Path) -> None:
    """A cycle must not look at every file of every earlier one."""
    room(recorded(folder, FIRST))
    (folder / FIRST / "market.json").write_bytes(b"x" * 5_000_000)

    assert room(recorded(folder, SECOND), max_mb=1) == ()


def test_notes_that_were_spoiled_or_lost_are_made_anew(folder: Path) -> None:
    """They only save time."""
    newest = recorded(folder, FIRST, SECOND, size=900_000)
    room(newest)
    for spoiled in ("[]", "{", '{FIRST: "much"}'):
        (folder.parent / "cache" / "recordings.json").write_text(spoiled)
        room(newest)

    assert room(newest, max_mb=1) == (FIRST,)


def test_what_is_no_recording_is_neither_counted_nor_removed(folder: Path) -> None:
    """People put folders and links there; only what an unfinished cycle left is the desk's."""
    mine = recorded(folder, "0_notes", f"{FIRST}.bak")
    (folder / SECOND).symlink_to(mine)
    newest = recorded(folder, f"{FIRST}.left-1", THIRD)

    assert room(newest, max_cycles=1) == (f"{FIRST}.left-1",)
    assert left(folder) == ["0_notes", f"{FIRST}.bak", SECOND, THIRD]
