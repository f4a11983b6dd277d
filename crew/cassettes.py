"""
Records the models' HTTP traffic of a cycle with vcrpy, and plays it back.

vcrpy's default matching ignores the body, which hands parallel tasks each other's
answers; here a request matches only when model, messages and tools are the same. Of a
picture it counts that there is one: its numbers are in the recording, and its bytes are
those of one release of a drawing library. A request that was not recorded is an error
that names the agent whose prompt changed.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

from crew.visible import visible
from records.errors import ModelFailed
from records.redaction import NOTHING, Redactor
from tools.chart.pictures import PNG_BEGINS, without_bytes, without_pictures
from tools.news.model_scoring import SCHEMA_NAME

_HEADERS = ("authorization", "api-key", "x-api-key", "cookie", "openai-organization", "user-agent")
_RESPONSE_HEADERS = ("set-cookie", "openai-organization", "openai-project", "x-request-id")
_COMPARED = ("model", "messages", "tools", "response_format", "stream")
_SHOWN_CHARS = 600
_LINE_CHARS = 160
_BEFORE_CHARS = 60
_DEEPEST = 20


class NotRecorded(ModelFailed):
    """A model was asked something that the recording does not hold."""


@contextmanager
def recording(path: Path, redactor: Redactor = NOTHING) -> Iterator[None]:
    """Write every model call to a new cassette; keys and cookies are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _recorder(redactor).use_cassette(str(path), record_mode="new_episodes"):
        yield


@contextmanager
def replaying(path: Path, redactor: Redactor = NOTHING) -> Iterator[None]:
    """Answer every model call from the cassette; raises NotRecorded on a miss or a rest."""
    if not path.is_file():
        raise NotRecorded(f"There is no recording {path.name!r}. Nothing was replayed.")
    asked: list[Any] = []
    with _recorder(redactor, asked).use_cassette(str(path), record_mode="none") as cassette:
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
    request = without_pictures(json.loads(body))
    return {key: request[key] for key in _COMPARED if key in request}


def _scores_news(body: bytes | str | None) -> bool:
    """Whether headlines are scored: their scores stand in the news that was read, not here."""
    asked = normalised(body).get("response_format")
    schema = asked.get("json_schema") if isinstance(asked, dict) else None
    return isinstance(schema, dict) and schema.get("name") == SCHEMA_NAME


def _recorder(redactor: Redactor, asked: list[Any] | None = None) -> Any:
    import vcr

    def seen(request: Any) -> Any:
        if _scores_news(request.body):
            return None
        request.uri = redactor.text(request.uri)
        request.body = _clean(redactor, _light(request.body))
        request.headers = _clean(redactor, dict(request.headers))
        if asked is not None:
            asked.append(request)
        return request

    def heard(response: dict[str, Any]) -> dict[str, Any]:
        return {name: _clean(redactor, part) for name, part in _without_secrets(response).items()}

    recorder = vcr.VCR(
        match_on=["method", "path", "chat"],
        filter_headers=[(name, None) for name in _HEADERS],
        before_record_request=seen,
        before_record_response=heard,
        decode_compressed_response=True,
    )
    recorder.register_matcher("chat", _same_chat)
    return recorder


def _light(body: Any) -> Any:
    """The body without the bytes of pictures, which are kept with the cycle."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    if not isinstance(text, str) or PNG_BEGINS not in text:
        return body
    return json.dumps(without_bytes(json.loads(text)))


def _same_chat(asked: Any, recorded: Any) -> None:
    assert normalised(asked.body) == normalised(recorded.body), "another prompt"


def _without_secrets(response: dict[str, Any]) -> dict[str, Any]:
    headers = response.get("headers", {})
    response["headers"] = {
        name: value for name, value in headers.items() if name.lower() not in _RESPONSE_HEADERS
    }
    return response


def _clean(redactor: Redactor, part: Any) -> Any:
    """The same without secrets; a body need not be text."""
    if isinstance(part, str):
        return redactor.text(part)
    if isinstance(part, bytes):
        return redactor.data(_clean_events(redactor, part))
    if isinstance(part, dict):
        return {name: _clean(redactor, inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_clean(redactor, inner) for inner in part]
    return part


def _clean_events(redactor: Redactor, body: bytes) -> bytes:
    """A streamed answer: the pieces of one text are spread over many events."""
    if not body.startswith((b"data:", b"event:")):
        return body
    lines = body.split(b"\n")
    events = {number: found for number, line in enumerate(lines) if (found := _event(line))}
    pieces: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
    for event in events.values():
        for path, place in _texts(event):
            pieces.setdefault(path, []).append(place)
    spread = False
    for places in pieces.values():
        whole = "".join(holder[key] for holder, key in places)
        if (clean := redactor.text(whole)) is not whole:
            spread = True
            for holder, key in places:
                holder[key] = ""
            first, key = places[0]
            first[key] = clean
    if not spread:
        return body
    told = {number: b"data: " + json.dumps(event).encode() for number, event in events.items()}
    return b"\n".join(told.get(number, line) for number, line in enumerate(lines))


def _event(line: bytes) -> Any:
    """What one line of the stream tells; None when that is nothing that can be read."""
    try:
        told = json.loads(line.removeprefix(b"data:"))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _texts(value: Any, *path: Any) -> Iterator[tuple[tuple[Any, ...], tuple[Any, Any]]]:
    """Every text in a JSON value: its path, and where it is held."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in inner:
        if isinstance(part, str):
            yield (*path, key), (value, key)
        elif isinstance(part, dict | list) and len(path) < _DEEPEST:
            yield from _texts(part, *path, key)


def _explain(asked: dict[str, Any], recorded: list[dict[str, Any]]) -> str:
    nearest = max(recorded, key=lambda other: _likeness(asked, other), default={})
    told = difference(nearest.get("messages", ()), asked.get("messages", ()))
    return (
        f"A model call of agent {_agent(asked)!r} is not in the recording: its prompt changed. "
        f"Nothing was traded on it.\n{told}\n"
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


def difference(recorded: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]]) -> str:
    """What changed between two conversations: of each line the part around the change."""
    before, after = _spoken(recorded).splitlines(), _spoken(asked).splitlines()
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    lines = ["--- recorded", "+++ asked"]
    for kind, i, to_i, j, to_j in changes:
        if kind != "equal":
            for old, new in zip_longest(before[i:to_i], after[j:to_j], fillvalue=""):
                lines.extend(_around(old, new))
    return visible("\n".join(lines))[:_SHOWN_CHARS]


def _around(old: str, new: str) -> Iterator[str]:
    pairs = enumerate(zip(old, new, strict=False))
    same = next((n for n, (one, other) in pairs if one != other), min(len(old), len(new)))
    start = max(0, same - _BEFORE_CHARS)
    for sign, line in (("-", old), ("+", new)):
        if line:
            end = start + _LINE_CHARS
            more = "…" if line[end:] else ""
            yield f"{sign}{'…' if start else ''}{line[start:end]}{more}"


def _text(request: dict[str, Any]) -> str:
    return _spoken(request.get("messages", ()))


def _spoken(messages: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(
        str(message.get("content") or message.get("tool_calls")) for message in messages
    )
