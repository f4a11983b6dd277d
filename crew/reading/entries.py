"""
Rows of a transcript as entries for reading: who, what, and the texts behind it.

A terminal and a page show the same entries. Nothing is taken for granted about a row's form:
a file that somebody wrote anew is to be read as well, if only to see what it says.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Row = Mapping[str, Any]
Tone = Literal["plain", "good", "bad", "warn"]


@dataclass(frozen=True, slots=True)
class Part:
    """One text of an entry under its label, such as a prompt, a tool's result, a reply."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said or done."""

    number: int
    at: str
    kind: str
    who: str
    head: str
    parts: tuple[Part, ...] = ()
    tone: Tone = "plain"


class Teller:
    """Turns rows into entries, in order; a prompt that was shown before is not shown again."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, list[Part]]] = {}

    def entries(self, rows: Iterable[Row]) -> Iterator[Entry]:
        """All of them."""
        return map(self.entry, rows)

    def entry(self, row: Row) -> Entry:
        """The entry of one row."""
        kind = str(row.get("kind"))
        if kind in _ASKED:
            head, parts, tone = self._call(row)
        else:
            head, parts, tone = _TOLD.get(kind, _anything)(row)
        who = " · ".join(_said(row[key]) for key in ("agent", "task") if row.get(key))
        at = _said(row.get("at") or "")[11:23].rstrip("Z")
        return Entry(int(row.get("n") or 0), at, kind, who, head, tuple(parts), tone)

    def _call(self, row: Row) -> "_Told":
        parts: list[Part] = []
        if "messages" in row:
            parts += self._new_messages(row)
            if row.get("tools"):
                parts.append(Part("offered", ", ".join(map(_said, _list(row["tools"])))))
        if row.get("reasoning"):
            parts.append(Part("reasoning", _said(row["reasoning"])))
        for call in _list(row.get("tool_calls")):
            asked = call if isinstance(call, Mapping) else {}
            parts.append(Part(f"calls {_said(asked.get('tool'))}", _said(asked.get("arguments"))))
        if row.get("reply"):
            parts.append(Part("reply", _said(row["reply"])))
        if row.get("error"):
            parts.append(Part("error", _said(row["error"])))
        return " · ".join(_figures_of_call(row)), parts, "bad" if row.get("error") else "plain"

    def _new_messages(self, row: Row) -> Iterator[Part]:
        """The messages, without those this task was asked with before."""
        task = _said(row.get("task"))
        parts = [_message(message) for message in _list(row.get("messages"))]
        number, before = self._seen.get(task, ("", []))
        self._seen[task] = (_said(row.get("call")), parts)
        again = before and parts[: len(before)] == before
        if again:
            yield Part("asked", f"as in call {number}, and then")
        yield from parts[len(before) :] if again else parts


_Told = tuple[str, list[Part], Tone]
_ASKED = frozenset({"model_call", "model_request", "model_reply", "model_failed"})


def _figures_of_call(row: Row) -> Iterator[str]:
    turn = f", turn {row['turn']}" if row.get("turn") else ""
    yield f"call {row.get('call')}{turn} of {_said(row.get('model'))}"
    if row["kind"] == "model_request":
        yield "no answer yet"
    if row["kind"] == "model_failed":
        yield "failed"
    if row.get("prompt_tokens") is not None:
        about = "about " if row.get("tokens_estimated") else ""
        yield f"{about}{row.get('prompt_tokens')} + {row.get('completion_tokens')} tokens"
        yield "price unknown" if row.get("cost_usd") is None else f"{_said(row['cost_usd'])} USD"
    if row.get("latency_ms") is not None:
        yield f"{row['latency_ms']} ms"
    if row.get("finish_reason") not in (None, "stop", "tool_calls"):
        yield f"ended by {_said(row['finish_reason'])}"


def _message(message: Any) -> Part:
    if not isinstance(message, Mapping):
        return Part("message", _said(message))
    content = message.get("content")
    texts = [_said(content)] if content else []
    texts += [f"calls {_said(call)}" for call in _list(message.get("tool_calls"))]
    return Part(_said(message.get("role") or "message"), "\n".join(texts))


def _cycle(row: Row) -> _Told:
    money = f"{_said(row.get('mode'))} money"
    marks = ["SYNTHETIC market"] if row.get("synthetic") else []
    facts = [_said(row.get("venue")), money, *marks, _said(row.get("model"))]
    return " · ".join(facts), [], "plain"


def _tool_call(row: Row) -> _Told:
    parts = [Part("arguments", _said(row.get("arguments")))]
    parts.append(Part("result", _said(row.get("result"))))
    return _timed(row), parts, "plain"


def _tool_error(row: Row) -> _Told:
    parts = [Part("arguments", _said(row.get("arguments")))]
    parts.append(Part("error", _said(row.get("error"))))
    return f"{_timed(row)} · failed", parts, "bad"


def _timed(row: Row) -> str:
    took = row.get("duration_ms")
    return _said(row.get("tool")) + (f" · {took} ms" if took is not None else "")


def _tool(row: Row) -> _Told:
    what = f"{_said(row.get('name'))}, as models are told of it"
    return what, [Part("definition", _said(row.get("definition")))], "plain"


def _call_refused(row: Row) -> _Told:
    head = (
        f"call of {_said(row.get('tool')) or 'no tool'} not carried out: {_said(row.get('code'))}"
    )
    return head, [Part("why", _said(row.get("detail")))], "warn"


def _accepted(row: Row) -> _Told:
    return "answer taken", [Part("answer", _said(row.get("answer")))], "good"


def _crew(row: Row) -> _Told:
    members = [_mapping(one) for one in _list(row.get("members"))]
    names = ", ".join(_said(one.get("role")) for one in members)
    again = f" (attempt {row['attempt']})" if row.get("attempt", 1) != 1 else ""
    parts = [Part(_said(one.get("agent")), _member(one)) for one in members]
    return f"the crew meets{again}: {names}", parts, "plain"


def _member(member: Row) -> str:
    tasks = ", ".join(map(_said, _list(member.get("tasks")))) or "no task"
    return f"{_said(member.get('role'))}, {_said(member.get('model'))}: {tasks}"


def _crew_ended(row: Row) -> _Told:
    head = f"the crew works no further: {_said(row.get('error'))}"
    return head, [Part("why", _said(row.get("message")))], "bad"


def _gate(row: Row) -> _Told:
    result = _said(row.get("result"))
    head = f"{_said(row.get('symbol'))}: the officer says {_said(row.get('verdict'))}, "
    passed = result == "approved"
    head += "the gate approves" if passed else f"the gate refuses: {result}"
    return head, [Part("detail", _said(row.get("detail")))], "good" if passed else "warn"


def _refusal(row: Row) -> _Told:
    refusal = _mapping(row.get("refusal"))
    head = f"{_said(refusal.get('subject'))} refused: {_said(refusal.get('code'))}"
    return head, [Part("why", _said(refusal.get("message")))], "warn"


def _order(row: Row) -> _Told:
    order = _mapping(row.get("order"))
    intent = _mapping(order.get("intent"))
    words = (intent.get(key) for key in ("role", "symbol", "side", "quantity"))
    head = f"{' '.join(map(_said, words))}: {_said(order.get('status'))}"
    return head, [Part("order", _said(order))], "plain"


def _event(row: Row) -> _Told:
    event = _mapping(row.get("event"))
    head = f"{_said(event.get('level'))} {_said(event.get('kind'))}: {_said(event.get('message'))}"
    details = [Part("detail", _said(event["detail"]))] if event.get("detail") else []
    return head, details, "plain" if event.get("level") == "info" else "bad"


def _screen(row: Row) -> _Told:
    chosen = ", ".join(map(_said, _list(row.get("shortlist")))) or "nothing"
    return f"shortlist: {chosen}", [Part("signals", _said(row.get("signals")))], "plain"


def _snapshot(row: Row) -> _Told:
    markets = ", ".join(map(_said, _list(row.get("markets"))))
    return f"{markets} as of {_said(row.get('as_of'))}", [Part("detail", _rest(row))], "plain"


def _breaker(row: Row) -> _Told:
    state = _mapping(row.get("state"))
    status = _said(state.get("status"))
    return status, [Part("state", _said(state))], "plain" if status == "SAFE" else "warn"


def _ending(row: Row) -> _Told:
    reason = f" ({_said(row['reason'])})" if row.get("reason") else ""
    head = f"{_said(row.get('outcome')).upper()}{reason}: {_said(row.get('message'))}"
    return head, [], "bad" if row.get("exit_code") else "good"


def _damaged(row: Row) -> _Told:
    head = f"THIS LINE IS NOT WHAT WAS WRITTEN ({row.get('size')} bytes)"
    return head, [Part("raw", _said(row.get("raw")))], "bad"


def _anything(row: Row) -> _Told:
    return "", [Part("detail", _rest(row))], "plain"


_TOLD: Mapping[str, Callable[[Row], _Told]] = {
    "cycle": _cycle,
    "tool": _tool,
    "tool_call": _tool_call,
    "tool_error": _tool_error,
    "call_refused": _call_refused,
    "accepted": _accepted,
    "crew": _crew,
    "crew_ended": _crew_ended,
    "gate": _gate,
    "refusal": _refusal,
    "order": _order,
    "event": _event,
    "screen": _screen,
    "snapshot": _snapshot,
    "breaker": _breaker,
    "ending": _ending,
    "damaged": _damaged,
}

_USUAL = frozenset({"n", "at", "kind", "agent", "task", "call", "previous", "hash"})


def _rest(row: Row) -> str:
    """What a row says beyond who and when."""
    return _said({key: value for key, value in row.items() if key not in _USUAL})


def _said(value: Any) -> str:
    """A value as text; what is not text as compact JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str, separators=(", ", ": "))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
