"""An index whose files are not as they were left is never mapped into memory."""

from datetime import timedelta
from pathlib import Path

import pytest

from memory.lessons import LessonMemory
from memory.seal import is_sealed, seal
from records.lesson import Lesson
from tests.memory.test_lessons import LATER, START, lesson

SITUATION = "long strength 3; rsi_14@3m 33"
MANY = 1_100
"""chromadb writes its graph from 1,000 lessons on; before that SQLite holds all."""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index-000001"
    (folder / "graph").mkdir(parents=True)
    (folder / "graph" / "data.bin").write_bytes(b"0123456789")
    (folder / "graph" / "meta.pickle").write_bytes(b"")
    (folder / "chroma.sqlite3").write_bytes(b"rows")
    seal(folder)
    return folder


def test_what_was_left_is_recognised(index: Path) -> None:
    """SQLite's file changes by itself and finds its own faults."""
    (index / "chroma.sqlite3").write_bytes(b"other rows")

    assert is_sealed(index)


@pytest.mark.parametrize("change", ["flip", "cut", "grow", "gone", "more", "moved", "unsealed"])
def test_a_changed_file_is_noticed(index: Path, change: str) -> None:
    """One byte is enough to end the process."""
    data = index / "graph" / "data.bin"
    match change:
        case "flip":
            data.write_bytes(b"0123456788")
        case "cut":
            data.write_bytes(b"012345678")
        case "grow":
            data.write_bytes(b"0123456789\0")
        case "gone":
            data.unlink()
        case "more":
            (index / "graph" / "more.bin").write_bytes(b"")
        case "moved":
            data.rename(index / "graph" / "other.bin")
        case _:
            (index / "seal").unlink()

    assert not is_sealed(index)


def test_an_index_without_such_files_needs_no_seal(tmp_path: Path) -> None:
    """A young store, or one that a killed process left before it wrote any."""
    assert is_sealed(tmp_path)


def test_a_damaged_graph_is_built_again_and_answers_the_same(tmp_path: Path) -> None:
    """Noise in chromadb's graph ended the whole process, and a missing part gave other answers."""
    rows = [_of(number) for number in range(MANY)]

    def asked() -> tuple[tuple[Lesson, ...], str | None]:
        memory = LessonMemory(tmp_path, lessons_known=MANY, lessons=lambda: rows)
        try:
            return memory.recall(SITUATION, ["BTC/USDT"], LATER, 20), memory.note
        finally:
            memory.close()

    before, note = asked()
    assert before and note is None
    assert asked() == (before, None), "an index in order is not built again"
    for name in ("data_level0.bin", "header.bin", "index_metadata.pickle"):
        (file,) = tmp_path.rglob(name)
        file.write_bytes(bytes(len(file.read_bytes())))
        again, note = asked()
        assert again == before
        assert note is not None and "built again from 1100 lessons" in note


def _of(number: int) -> Lesson:
    """Of 70 situations, seven hours apart."""
    one = lesson(number, f"long strength {number % 5}; rsi_14@3m {20 + number % 70}")
    return one.model_copy(update={"learned_at": START + timedelta(hours=7 * number)})
