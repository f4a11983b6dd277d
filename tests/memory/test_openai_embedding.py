"""OpenAI's embeddings over a loopback server: the key stays in the header, a failure is a note."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.lessons import LessonMemory, openai_embedding
from tests.embedding_server import EmbeddingServer, embedding_server
from tests.memory.test_lessons import LATER, LIKE_LONG, LONG, ids, lesson

KEY = "sk-test-not-a-real-key"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with embedding_server() as found:
        yield found


def memory(folder: Path, server: EmbeddingServer) -> LessonMemory:
    rows = [lesson(1), lesson(2, LIKE_LONG)]
    return LessonMemory(
        folder,
        lessons_known=2,
        lessons=lambda: rows,
        embedding=openai_embedding("text-embedding-3-small", server.base_url),
    )


def test_situations_are_compared_by_the_model_that_settings_name(
    tmp_path: Path, server: EmbeddingServer
) -> None:
    """Only situations are sent; the key goes to the header and to no file."""
    one = memory(tmp_path, server)
    found = one.recall(LONG, ["BTC/USDT"], LATER, 5)
    one.close()

    assert ids(found) == [1, 2]
    assert {(path, key) for path, key, _ in server.asked} == {("/v1/embeddings", f"Bearer {KEY}")}
    assert {body["model"] for _, _, body in server.asked} == {"text-embedding-3-small"}
    assert {text for *_, body in server.asked for text in body["input"]} == {LONG, LIKE_LONG}
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in held


def test_a_model_that_does_not_answer_means_no_lessons_and_a_note(
    tmp_path: Path, server: EmbeddingServer
) -> None:
    """A cycle is never ended by its memory, and the note holds no key."""
    server.fails = True
    one = memory(tmp_path, server)

    assert one.recall(LONG, ["BTC/USDT"], LATER, 5) == ()
    assert one.note is not None
    assert "did not answer" in one.note
    assert KEY not in one.note
    one.close()
