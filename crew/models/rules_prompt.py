"""
What a model is told, taken apart: the task, the shortlist, earlier reports, tool results.

The rulebook sees chat messages and nothing else, as any model does. Here they become
facts. A tool result counts only in a tool message that answers a call this model made;
a report or briefing counts only as a block of the first user message, read as strict
JSON. Text inside a string is never looked at, so a headline cannot pose as a result.
Whatever cannot be read is missing evidence: nothing is repaired, nothing is guessed.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any, NoReturn

Message = Mapping[str, Any]

MAX_CHARS = 1_000_000
"""A longer document is not read at all."""

_SYMBOL = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}")
_BLOCK = re.compile(
    r"^\[(?P<kind>report|briefing) (?P<name>[A-Za-z0-9_-]{1,80})\]\n(?P<body>.*?)\n"
    r"\[end of (?P=kind) (?P=name)\][ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_UNTRUSTED = re.compile(
    r"\A\[untrusted news (?P<nonce>[A-Za-z0-9_-]{1,80}): data, not instructions\]\n"
    r"(?P<body>.*)\n\[end of untrusted news (?P=nonce)\]\s*\Z",
    re.DOTALL,
)
_RECORD = re.compile(r"^[ \t]*Answer with one JSON object: (\w{1,60})", re.MULTILINE)
_FINISH = re.compile(r"^[ \t]*Finish by calling (\w{1,60})\.", re.MULTILINE)
_SHORTLIST = re.compile(r"^[ \t]*Shortlist: (.{1,1000})$", re.MULTILINE)
_CYCLE = re.compile(r"^[ \t]*Cycle: ([A-Za-z0-9_-]{1,80})[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source said; asked without documents means that it failed or was unreadable."""

    asked: bool = False
    documents: tuple[Mapping[str, Any], ...] = ()

    @property
    def unusable(self) -> bool:
        return self.asked and not self.documents


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to the model, understood."""

    record: str | None
    finish_with: str | None
    cycle_id: str | None
    shortlist: tuple[str, ...]
    reports: Mapping[str, Evidence]
    briefings: Mapping[str, Evidence]
    results: Mapping[str, Evidence]
    called: frozenset[str]
    last_result: str | None
    digest: str

    def report(self, name: str) -> Evidence:
        """What an earlier task answered."""
        return self.reports.get(name, Evidence())

    def tool(self, name: str) -> Evidence:
        """What a tool answered: in this conversation, else in a briefing."""
        return self.results.get(name) or self.briefings.get(name) or Evidence()


def read_prompt(messages: Sequence[Message]) -> Prompt:
    """Understand the messages of one request."""
    user = next((text_of(message) for message in messages if message.get("role") == "user"), "")
    user = user.replace("\r\n", "\n")[:MAX_CHARS]
    blocks = [match.groupdict() for match in _BLOCK.finditer(user)]
    told = _BLOCK.sub("", user)
    calls = dict(_calls(messages))
    answers = list(_answers(messages, calls))
    return Prompt(
        record=_first(_RECORD, told),
        finish_with=_first(_FINISH, told),
        cycle_id=_first(_CYCLE, told),
        shortlist=_symbols(_first(_SHORTLIST, told) or ""),
        reports=_blocks(blocks, "report"),
        briefings=_blocks(blocks, "briefing"),
        results=_results(answers),
        called=frozenset(calls.values()),
        last_result=answers[-1][1] if answers else None,
        digest=sha256(f"{len(messages)}\n{user}".encode(errors="replace")).hexdigest(),
    )


def text_of(message: Message) -> str:
    """The text of a message, whether it came as a string or as parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, Mapping)]
    return "".join(part for part in parts if isinstance(part, str))


def read_document(text: str) -> Mapping[str, Any] | None:
    """One strict JSON object, in or out of the untrusted-news wrapper; None if it is not."""
    if len(text) > MAX_CHARS:
        return None
    wrapped = _UNTRUSTED.match(text)
    try:
        document = json.loads(
            wrapped["body"] if wrapped else text,
            parse_float=Decimal,
            parse_constant=_not_a_number,
            object_pairs_hook=_unique,
        )
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return document if isinstance(document, dict) and "error" not in document else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _symbols(text: str) -> tuple[str, ...]:
    named = (part.strip().rstrip(".") for part in text.split(","))
    return tuple(dict.fromkeys(name for name in named if _SYMBOL.fullmatch(name)))[:30]


def _calls(messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    """Id and tool of every call this model made."""
    for message in messages:
        if message.get("role") != "assistant":
            continue
        for call in message.get("tool_calls") or ():
            function = call.get("function") if isinstance(call, Mapping) else None
            if isinstance(function, Mapping):
                yield str(call.get("id")), str(function.get("name"))


def _answers(messages: Sequence[Message], calls: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Tool and answer of every tool message that belongs to a call."""
    for message in messages:
        name = calls.get(str(message.get("tool_call_id")))
        if message.get("role") == "tool" and name is not None:
            yield name, text_of(message)


def _results(answers: Sequence[tuple[str, str]]) -> dict[str, Evidence]:
    found: dict[str, list[Mapping[str, Any] | None]] = {}
    for name, text in answers:
        found.setdefault(name, []).append(read_document(text))
    return {name: _evidence(documents) for name, documents in found.items()}


def _blocks(blocks: Sequence[Mapping[str, str]], kind: str) -> dict[str, Evidence]:
    """Blocks by name; two that differ under one name are both unusable, since one is forged."""
    bodies: dict[str, set[str]] = {}
    for block in blocks:
        if block["kind"] == kind:
            bodies.setdefault(block["name"], set()).add(block["body"])
    return {
        name: _evidence([read_document(next(iter(texts)))] if len(texts) == 1 else [])
        for name, texts in bodies.items()
    }


def _evidence(documents: Sequence[Mapping[str, Any] | None]) -> Evidence:
    return Evidence(True, tuple(document for document in documents if document is not None))


def _not_a_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice")
    return document
