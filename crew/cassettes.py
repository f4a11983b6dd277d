"""
Records the models' HTTP traffic of a cycle with vcrpy, and plays it back.

vcrpy's default matching ignores the body, which hands parallel tasks each other's
answers; here a request matches only when model, messages and tools are the same. A
request that was not recorded is an error that names the agent whose prompt changed.
"""

import difflib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from records.errors import ModelFailed

_HEADERS = ("authorization", "api-key", "x-api-key", "cookie", "openai-organization", "user-agent")
_RESPONSE_HEADERS = ("set-cookie", "openai-organization", "openai-project", "x-request-id")
_COMPARED = ("model", "messages", "tools", "response_format", "stream")
_SHOWN_CHARS = 600


class NotRecorded(ModelFailed):
    """A model was asked something that the recording does not hold."""


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Write every model call to a new cassette; keys and cookies are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _recorder().use_cassette(str(path), record_mode="new_episodes"):
        yield


@contextmanager
def replaying(path: Path) -> Iterator[None]:
    """Answer every model call from the cassette; raises NotRecorded on a miss or a rest."""
    if not path.is_file():
        raise NotRecorded(f"There is no recording {path.name!r}. Nothing was replayed.")
    asked: list[Any] = []
    with _recorder(asked).use_cassette(str(path), record_mode="none") as cassette:
        asked.clear()  # loading the cassette shows its own requests
        try:
            yield
        finally:
            _refuse_missed(asked, cassette.requests)
        if not cassette.all_played:
            raise NotRecorded(
                f"{len(cassette) - cassette.play_count} recorded model calls of {path.name!r} were "
                "not asked for. The cycle took another way than the recorded one."
            )


def _refuse_missed(asked: list[Any], recorded: list[Any]) -> None:
    known = [normalised(request.body) for request in recorded]
    for request in asked:
        if (body := normalised(request.body)) not in known:
            raise NotRecorded(_explain(body, known))


def normalised(body: bytes | str | None) -> dict[str, Any]:
    """What of a chat request decides its answer."""
    if not body:
        return {}
    request = json.loads(body)
    return {key: request[key] for key in _COMPARED if key in request}


def _recorder(asked: list[Any] | None = None) -> Any:
    import vcr

    def seen(request: Any) -> Any:
        if asked is not None:
            asked.append(request)
        return request

    recorder = vcr.VCR(
        match_on=["method", "path", "chat"],
        filter_headers=[(name, None) for name in _HEADERS],
        before_record_request=seen,
        before_record_response=_without_secrets,
        decode_compressed_response=True,
    )
    recorder.register_matcher("chat", _same_chat)
    return recorder


def _same_chat(asked: Any, recorded: Any) -> None:
    assert normalised(asked.body) == normalised(recorded.body), "another prompt"


def _without_secrets(response: dict[str, Any]) -> dict[str, Any]:
    headers = response.get("headers", {})
    response["headers"] = {
        name: value for name, value in headers.items() if name.lower() not in _RESPONSE_HEADERS
    }
    return response


def _explain(asked: dict[str, Any], recorded: list[dict[str, Any]]) -> str:
    nearest = max(recorded, key=lambda other: _likeness(asked, other), default={})
    return (
        f"A model call of agent {_agent(asked)!r} is not in the recording: its prompt changed. "
        f"Nothing was traded on it.\n{_difference(nearest, asked)}\n"
        "Undo the edit, or record the cycle again."
    )


def _likeness(asked: dict[str, Any], other: dict[str, Any]) -> float:
    more_turns = abs(len(asked.get("messages", [])) - len(other.get("messages", [])))
    alike = difflib.SequenceMatcher(None, _text(asked), _text(other), autojunk=False)
    return alike.quick_ratio() - more_turns


def _agent(request: dict[str, Any]) -> str:
    """The role in the system message: `You are <role>. ...`."""
    first = request.get("messages", [{}])[0].get("content") or ""
    return str(first).removeprefix("You are ").partition(".")[0][:80]


def _difference(recorded: dict[str, Any], asked: dict[str, Any]) -> str:
    lines = difflib.unified_diff(
        _text(recorded).splitlines(),
        _text(asked).splitlines(),
        "recorded",
        "asked",
        n=0,
        lineterm="",
    )
    return "\n".join(line[:200] for line in lines)[:_SHOWN_CHARS]


def _text(request: dict[str, Any]) -> str:
    return "\n".join(
        str(message.get("content") or message.get("tool_calls"))
        for message in request.get("messages", [])
    )
