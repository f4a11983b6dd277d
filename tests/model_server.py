"""
A model server on loopback that speaks chat completions and answers by the rulebook.

It lets a test (or a recording) run a real provider's client end to end without a key.
It can also misbehave on purpose, in the ways real providers do. It listens on
127.0.0.1 alone and is no part of the product.
"""

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Literal, Self, cast, get_args

from crew.models.rulebook import TemperamentName, ToolCalls, answer, estimated_tokens

Fault = Literal[
    "error_500", "error_429", "not_json", "html_page", "truncated", "wrong_tool_args", "hang"
]

_HANG_AT_MOST_S = 30.0


class ModelServer:
    """
    Answers POST /v1/chat/completions; `base_url` is what a client is given.

    `fault` spoils the first `faulty_calls` answers (None: all of them). `bodies` holds
    every request as it came.
    """

    def __init__(self, *, fault: Fault | None = None, faulty_calls: int | None = None) -> None:
        self.fault = fault
        self.faulty_calls = faulty_calls
        self.bodies: list[dict[str, Any]] = []
        self.closing = Event()
        self._lock = Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._http.model_server = self  # type: ignore[attr-defined]
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=5)

    def news_scores(self, body: dict[str, Any]) -> str:
        """Half good for every item; tests put another answer in its place."""
        items = json.loads(body["messages"][-1]["content"].splitlines()[1])["items"]
        return json.dumps({"scores": [{"id": item["id"], "score": 0.5} for item in items]})

    def reflections(self, body: dict[str, Any]) -> str:
        """One sentence for every lesson; tests put another answer in its place."""
        rows = json.loads(body["messages"][-1]["content"])["lessons"]
        said = [{"id": row["id"], "sentence": f"The {row['side']} was late."} for row in rows]
        return json.dumps({"reflections": said})

    def record(self, body: dict[str, Any]) -> Fault | None:
        """Keep a request; says how its answer is to be spoiled."""
        with self._lock:
            self.bodies.append(body)
            spoiled = self.faulty_calls is None or len(self.bodies) <= self.faulty_calls
            return self.fault if spoiled else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _owner(self) -> ModelServer:
        return cast(ModelServer, self.server.model_server)  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        """One chat completion."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        fault = self._owner.record(body)
        temperament = str(body.get("model")).rpartition("-")[2]
        if self.path != "/v1/chat/completions" or temperament not in get_args(TemperamentName):
            return self._send(404, _error("no such path or model", "not_found"))
        if fault == "hang":
            self._owner.closing.wait(_HANG_AT_MOST_S)
            return self._drop()
        if fault in ("error_500", "error_429"):
            return self._send(int(fault[-3:]), _error("spoiled on purpose", fault))
        if fault in ("not_json", "html_page"):
            kind = "text/html" if fault == "html_page" else "application/json"
            return self._send(200, b"<html>Bad gateway</html>", kind=kind)
        return self._answer(body, cast(TemperamentName, temperament), fault)

    def log_message(self, *args: Any) -> None:
        """Keep test output clean."""

    def _answer(self, body: dict[str, Any], name: TemperamentName, fault: Fault | None) -> None:
        if "news_scores" in str(body.get("response_format")):
            given: ToolCalls | str = self._owner.news_scores(body)
        elif "lesson_reflections" in str(body.get("response_format")):
            given = self._owner.reflections(body)
        else:
            given = answer(body["messages"], body.get("tools"), name)
        if fault == "truncated" and isinstance(given, str):
            given = given[: len(given) // 2]
        message = _message(given, wrong_args=fault == "wrong_tool_args")
        if body.get("stream"):
            chunks = b"".join(_chunks(body, message, fault))
            return self._send(200, chunks, kind="text/event-stream")
        return self._send(200, json.dumps(_completion(body, message, fault)).encode())

    def _send(self, status: int, content: bytes, *, kind: str = "application/json") -> None:
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the client left
            self.close_connection = True

    def _drop(self) -> None:
        self.close_connection = True


def _error(message: str, code: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": code, "code": code}}).encode()


def _message(given: ToolCalls | str, *, wrong_args: bool) -> dict[str, Any]:
    if isinstance(given, str):
        return {"role": "assistant", "content": given}
    tool_calls = [call.as_openai() for call in given]
    for call in tool_calls if wrong_args else ():
        call["function"]["arguments"] = '{"symbols": 7, "surprise": true}'
    return {"role": "assistant", "content": None, "tool_calls": tool_calls}


def _finish_reason(message: Mapping[str, Any], fault: Fault | None) -> str:
    if fault == "truncated":
        return "length"
    return "tool_calls" if "tool_calls" in message else "stop"


def _usage(body: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, int]:
    prompt = estimated_tokens(json.dumps([body["messages"], body.get("tools")]))
    written = estimated_tokens(json.dumps(message))
    total = prompt + written
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": total}


def _completion(
    body: Mapping[str, Any], message: Mapping[str, Any], fault: Fault | None
) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(message, fault)}
    return {
        "id": "chatcmpl-rulebook",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": _usage(body, message),
    }


def _chunks(
    body: Mapping[str, Any], message: Mapping[str, Any], fault: Fault | None
) -> Iterator[bytes]:
    """The same answer as server-sent events; a truncated one ends without its last line."""
    yield _event(body, {"role": "assistant"}, None)
    for index, call in enumerate(message.get("tool_calls") or ()):
        yield _event(body, {"tool_calls": [{"index": index, **call}]}, None)
    content = message.get("content") or ""
    for start in range(0, len(content), 400):
        yield _event(body, {"content": content[start : start + 400]}, None)
    if fault == "truncated":
        return
    yield _event(body, {}, _finish_reason(message, fault))
    yield _data({**_chunk(body), "choices": [], "usage": _usage(body, message)})
    yield b"data: [DONE]\n\n"


def _chunk(body: Mapping[str, Any]) -> dict[str, Any]:
    kind = "chat.completion.chunk"
    return {"id": "chatcmpl-rulebook", "object": kind, "created": 0, "model": body["model"]}


def _event(body: Mapping[str, Any], delta: dict[str, Any], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _data({**_chunk(body), "choices": [choice]})


def _data(document: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(document)}\n\n".encode()
