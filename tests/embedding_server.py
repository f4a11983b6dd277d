"""A loopback server that answers as OpenAI's embeddings API does, with our own vectors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from memory.embedding import embed


class EmbeddingServer(ThreadingHTTPServer):
    """What it was asked: path, authorization and body of each request."""

    asked: list[tuple[str, str, Any]]
    fails = False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer

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


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """Serves until left."""
    with EmbeddingServer(("127.0.0.1", 0), _Handler) as found:
        found.asked = []
        thread = Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()
