"""Answers of sources, over the loopback web server."""

import json
from typing import Any

from tests.tools.web.web_server import Answer, WebHandler


def giving(body: Any, **headers: str) -> Answer:
    """This body, written as JSON unless it is bytes."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda request: request.give(sent, **headers)


def silent(request: WebHandler) -> None:
    """Takes the question and says nothing."""
    request.server.stopping.wait(10)


def fails(request: WebHandler) -> None:
    """An error of the server."""
    request.send_response(500)
    request.end_headers()
