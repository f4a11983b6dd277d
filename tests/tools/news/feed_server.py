"""A loopback feed server: real sockets, so that caps and deadlines are tested where they bind."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["FeedHandler"], None]


class FeedHandler(BaseHTTPRequestHandler):
    """Lets the test's function answer, and counts what was asked."""

    server: "FeedServer"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
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


class FeedServer(ThreadingHTTPServer):
    """Answers by path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: dict[str, Answer]) -> None:
        super().__init__(("127.0.0.1", 0), FeedHandler)
        self.answers = answers
        self.asked: list[str] = []
        self.stopping = threading.Event()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(answers: dict[str, Answer]) -> Iterator[FeedServer]:
    """A running server, stopped at the end."""
    with FeedServer(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


def rss(*items: tuple[str, str, str]) -> bytes:
    """An RSS document of (title, RFC 822 date, summary), escaped as feeds do."""
    from html import escape

    rows = "".join(
        f"<item><title>{escape(title)}</title><pubDate>{date}</pubDate>"
        f"<link>http://127.0.0.1:9/never</link><description>{escape(summary)}</description></item>"
        for title, date, summary in items
    )
    return f'<rss version="2.0"><channel><title>f</title>{rows}</channel></rss>'.encode()
