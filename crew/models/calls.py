"""
One model call as a recording keeps it: what was asked, and what came back.

A line of models.jsonl holds the request as it was sent, except for the bytes of pictures,
whose files are kept with the cycle. It stands in plain JSON, so that people can read it; two
fingerprints tell whether it still is what was written.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

import orjson
from pydantic import BaseModel

from crew.models.answers import MOST_CALLS, spelled
from records.redaction import Redactor
from records.strict import MAX_BYTES
from tools.chart.pictures import without_bytes, without_pictures

_LONGEST = MAX_BYTES + 1
"""What is longer is refused unread, and so is its beginning of this length."""
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
_NOT_SENT = frozenset({"cache_breakpoint"})
"""A mark of CrewAI's own on a message."""

_FIELDS = frozenset(
    [
        "n",
        "at",
        "agent",
        "task",
        "attempt",
        "turn",
        "model",
        "request",
        "pictures",
        "sha256",
        "spelled",
        "reply",
        "error",
        "finish_reason",
        "usage",
        "reply_sha256",
        "seconds",
    ]
)

Reply = str | list[dict[str, Any]]
"""Text, or tool calls as chat completions spell them."""


@dataclass(frozen=True)
class CallRequest:
    """What a model was asked; `attempt` and `turn` count from 1 within the cycle and the task."""

    agent: str
    task: str
    attempt: int
    turn: int
    model: str
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]]

    @classmethod
    def of(
        cls,
        place: "Place",
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] | None,
        redactor: Redactor,
    ) -> "CallRequest":
        """As it was sent, without secrets, and pictures by their size and fingerprint."""
        sent = [{k: v for k, v in one.items() if k not in _NOT_SENT} for one in messages]
        light = _clean({"messages": without_bytes(sent), "tools": tools or []}, redactor)
        return cls(
            agent=place.agent,
            task=place.task,
            attempt=place.attempt,
            turn=place.turn,
            model=place.model,
            messages=light["messages"],
            tools=light["tools"],
        )

    @property
    def place(self) -> tuple[int, str, int]:
        """Where in the cycle it was asked: attempt, task, turn."""
        return self.attempt, self.task, self.turn

    @property
    def named(self) -> str:
        """Who asked, in words."""
        again = "" if self.attempt == 1 else f", attempt {self.attempt}"
        return f"agent {self.agent!r}, task {self.task!r}, turn {self.turn}{again}"

    @property
    def pictured(self) -> bool:
        """Whether pictures are in it."""
        return bool(without_pictures(self.messages) != self.messages)

    @cached_property
    def text(self) -> str:
        """Everything that decides the answer, in one spelling; one picture is like another."""
        asked = {"agent": self.agent, "model": self.model, "tools": self.tools}
        return _sorted({**asked, "messages": without_pictures(self.messages)})

    @cached_property
    def sha256(self) -> str:
        """The fingerprint of everything that decides the answer."""
        return _fingerprint(self.text)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a cycle a call is made."""

    agent: str
    task: str
    attempt: int
    model: str
    turn: int = 1


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """What came back; `reply` is None when the call failed with `error`."""

    n: int
    at: datetime
    reply: Reply | None
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
    spelled: str = ""
    """The model's name as its provider was told it."""
    error: tuple[str, str] | None = None
    """The kind of the error, and its text."""
    seconds: float = 0.0

    @property
    def answer(self) -> Mapping[str, Any]:
        """Everything of it that the desk acts on."""
        return {
            "reply": self.reply,
            "error": self.error,
            "finish_reason": self.finish_reason,
            "usage": self.usage,
        }

    @property
    def sha256(self) -> str:
        """The fingerprint of what came back."""
        return _fingerprint(_sorted(self.answer))


def plain_reply(reply: Any, redactor: Redactor) -> Reply:
    """A provider's answer as it is kept: digit for digit, but no longer than is ever read."""
    if isinstance(reply, list):
        calls: Reply = _clean([_plain_call(call) for call in reply[:MOST_CALLS]], redactor)
        return calls
    return redactor.text(str(reply))[:_LONGEST]


def row(request: CallRequest, given: RecordedReply, pictures: Iterable[Any] = ()) -> bytes:
    """One line of models.jsonl, without the line's end."""
    return _json(
        {
            "n": given.n,
            "at": given.at,
            "agent": request.agent,
            "task": request.task,
            "attempt": request.attempt,
            "turn": request.turn,
            "model": request.model,
            "request": {"messages": request.messages, "tools": request.tools},
            "pictures": list(pictures),
            "sha256": request.sha256,
            "spelled": given.spelled,
            **given.answer,
            "reply_sha256": given.sha256,
            "seconds": given.seconds,
        }
    )


def read_row(line: bytes) -> tuple[CallRequest, RecordedReply, bool]:
    """A line again, and whether it is what was written; raises ValueError when it is none."""
    try:
        found = json.loads(line, object_pairs_hook=_once, parse_constant=_refuse_constant)
        if unknown := sorted(set(found) - _FIELDS):
            raise ValueError(f"it holds {unknown[0][:80]!r}, which is not known")
        request, given = _request(found), _given(found)
        whole = (request.sha256, given.sha256) == (found["sha256"], found["reply_sha256"])
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"it lacks or misspells {error}") from None
    return request, given, whole


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose every key stands once; of two, each reader would take another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it holds a key twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is no number")


def _request(found: Mapping[str, Any]) -> CallRequest:
    messages, tools = found["request"]["messages"], found["request"]["tools"]
    if not (_are_mappings(messages) and _are_mappings(tools)):
        raise ValueError("its request is none")
    return CallRequest(
        agent=str(found["agent"]),
        task=str(found["task"]),
        attempt=int(found["attempt"]),
        turn=int(found["turn"]),
        model=str(found["model"]),
        messages=messages,
        tools=tools,
    )


def _given(found: Mapping[str, Any]) -> RecordedReply:
    reply, error, at = found["reply"], found["error"], datetime.fromisoformat(found["at"])
    if at.tzinfo is None or (found["usage"] is not None and not isinstance(found["usage"], dict)):
        raise ValueError("its time or its usage is none")
    if error is None and not (isinstance(reply, str) or _are_mappings(reply)):
        raise ValueError("its reply is neither text nor tool calls")
    return RecordedReply(
        n=int(found["n"]),
        at=at,
        reply=reply,
        finish_reason=None if found["finish_reason"] is None else str(found["finish_reason"]),
        usage=found["usage"],
        spelled=str(found["spelled"]),
        error=_error(error),
        seconds=float(found["seconds"]),
    )


def _error(found: Any) -> tuple[str, str] | None:
    if found is None:
        return None
    if not (isinstance(found, list) and len(found) == 2):
        raise ValueError("its error is none")
    return str(found[0]), str(found[1])


def _are_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _plain_call(call: Any) -> dict[str, Any]:
    call_id, name, arguments = spelled(call)
    if not isinstance(arguments, str):
        arguments = _json(arguments).decode()
    function = {"name": name[:_LONGEST], "arguments": arguments[:_LONGEST]}
    return {"id": call_id[:200], "type": "function", "function": function}


def _clean(value: Any, redactor: Redactor) -> Any:
    return json.loads(redactor.data(_json(value)))


def _json(value: Any) -> bytes:
    """Compact; half characters, which models can write, as JSON's escapes."""
    try:
        return orjson.dumps(value, default=_encode, option=_OPTIONS)
    except TypeError:
        return json.dumps(value, default=_encode, separators=(",", ":")).encode()


def _fingerprint(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _sorted(value: Any) -> str:
    return json.dumps(value, default=_encode, sort_keys=True, separators=(",", ":"))


def _encode(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
