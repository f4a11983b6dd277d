"""OpenAI's embeddings over a loopback server: the key stays in the header, a failure is a note."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from memory.embedding import embed
from memory.lessons import LessonMemory, openai_embedding
from tests.memory.test_lessons import LATER, LIKE_LONG, LONG, ids, lesson

KEY = "sk-test-not-a-real-key"


class Server(ThreadingHTTPServer):
    """Answers as the embeddings API does, with our own vectors."""

    asked: list[tuple[str, str, Any]]
    fails = False


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        if self.server.fails:
            self.send_error(500)
            return
        data = [
            {"object": "embedding", "index": place, "embedding": embed(text).tolist()}
            for place, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        told = {"object": "list", "data": data, "model": body["model"], "usage": usage}
        answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Server(("127.0.0.1", 0), Handler) as found:
        found.asked = []
        thread = Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def memory(folder: Path, server: Server) -> LessonMemory:
    rows = [lesson(1), lesson(2, LIKE_LONG)]
    address = f"http://127.0.0.1:{server.server_port}/v1"
    return LessonMemory(
        folder,
        lessons_known=2,
        lessons=lambda: rows,
        embedding=openai_embedding("text-embedding-3-small", address),
    )


def test_situations_are_compared_by_the_model_that_settings_name(
    tmp_path: Path, server: Server
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
    tmp_path: Path, server: Server
) -> None:
    """A cycle is never ended by its memory, and the note holds no key."""
    server.fails = True
    one = memory(tmp_path, server)

    assert one.recall(LONG, ["BTC/USDT"], LATER, 5) == ()
    assert one.note is not None
    assert "did not answer" in one.note
    assert KEY not in one.note
    one.close()
