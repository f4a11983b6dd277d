"""A loopback web server: real sockets, so that caps and deadlines are tested where they bind."""

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["WebHandler"], None]


class WebHandler(BaseHTTPRequestHandler):
    """Lets the test's function answer, and keeps what was asked."""

    server: "WebServer"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.heard.append(dict(self.headers))
        try:
            self.server.answers[self.path.partition("?")[0]](self)
        except OSError:  # the reader hung up, as it should
            self.close_connection = True

    def give(self, body: bytes, **headers: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def lead_to(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class WebServer(ThreadingHTTPServer):
    """Answers by path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: dict[str, Answer]) -> None:
        super().__init__(("127.0.0.1", 0), WebHandler)
        self.answers = answers
        self.asked: list[str] = []
        self.heard: list[dict[str, str]] = []
        self.sent = 0
        self.stopping = threading.Event()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(answers: dict[str, Answer]) -> Iterator[WebServer]:
    """A running server, stopped at the end."""
    with WebServer(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


def flood(request: WebHandler) -> None:
    """A hundred megabytes, unannounced."""
    request.send_response(200)
    request.end_headers()
    while request.server.sent < 100_000_000 and not request.server.stopping.is_set():
        request.wfile.write(b"<item>" * 10_000)
        request.server.sent += 60_000


def drip(request: WebHandler) -> None:
    """One byte at a time, from the status line on."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000:
        if request.server.stopping.wait(0.05):
            return
        request.wfile.write(bytes([byte]))
        request.wfile.flush()


def drip_body(request: WebHandler) -> None:
    """Headers at once, then one byte at a time."""
    request.send_response(200)
    request.end_headers()
    while not request.server.stopping.wait(0.05):
        request.wfile.write(b" ")
        request.wfile.flush()


@cache
def bomb(megabytes: int = 300) -> bytes:
    """Zeros, gzipped a thousand to one."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = [squeezer.compress(bytes(1_000_000)) for _ in range(megabytes)]
    return b"".join(packed) + squeezer.flush()
