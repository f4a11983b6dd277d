"""
The transcript of one cycle: every model call, tool call and guard decision, in order.

Append-only JSON lines, written synchronously: when a line cannot be written the cycle
ends untraded. Each line carries the hash of the one before it, and the ledger keeps the
last hash and the line count, so a later edit or cut is found.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from errno import ENOSPC
from hashlib import sha256
from os import strerror
from pathlib import Path
from threading import Condition, Lock, local
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import orjson

from crew.home import set_aside
from crew.stopping import Stopping
from records.clock import Clock
from records.cycle import ModelUse, TranscriptSeal
from records.errors import LedgerError, ModelFailed, TradingError
from records.redaction import NOTHING, Redactor

_FIRST = "0" * 64
_LONGEST = 65_536
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS

Price = Callable[[str, int, int], Any]
"""(model, prompt tokens, completion tokens) -> USD as Decimal, or None when unknown."""


class Transcript:
    """Writes one cycle's transcript; safe across the threads of a crew."""

    def __init__(self, path: Path, clock: Clock, redactor: Redactor = NOTHING) -> None:
        self._path = path
        self._clock = clock
        self._redactor = redactor
        self._lock = Lock()
        self._hash = _FIRST
        self._lines = 0
        self._failure: LedgerError | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            set_aside(path)
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise self._failed(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, kind: str, **data: Any) -> None:
        """Append one line; raises LedgerError when the disk refuses it."""
        with self._lock:
            self._refuse_after_failure()
            row = {
                "n": self._lines + 1,
                "at": self._clock.now(),
                "kind": kind,
                **{name: self._shortened(value) for name, value in data.items()},
                "previous": self._hash,
            }
            body = self._redactor.data(orjson.dumps(row, default=_encode, option=_OPTIONS))
            digest = sha256(body).hexdigest()
            self._append(body[:-1] + b',"hash":"' + digest.encode() + b'"}\n')
            self._hash = digest
            self._lines += 1

    def seal(self) -> TranscriptSeal:
        """The line count and last hash, for the ledger."""
        with self._lock:
            self._refuse_after_failure()
            return TranscriptSeal(lines=self._lines, last_hash=self._hash)

    def clean(self, text: str) -> str:
        """The text without secrets, for whoever cuts it: half of one would not be found."""
        return self._redactor.text(text)

    def _shortened(self, value: Any) -> Any:
        """The same as text that can be written: a long one only by its start, no half character."""
        if isinstance(value, str):
            return self._writable(value)
        if isinstance(value, list | tuple):
            return [self._shortened(one) for one in value]
        if isinstance(value, dict):
            return {name: self._shortened(one) for name, one in value.items()}
        return value

    def _writable(self, text: str) -> str:
        if not text.isascii():  # half of a character, which models can write, is no text
            text = text.encode("utf-8", "replace").decode()
        if len(text) <= _LONGEST:
            return text
        clean = self.clean(text)  # before the cut, which could halve a secret
        digest = sha256(clean.encode()).hexdigest()
        return f"{clean[:_LONGEST]}… [cut: {len(clean)} characters, sha256 {digest}]"

    def _append(self, line: bytes) -> None:
        """The whole line or an error: a full disk may take a part of it without saying so."""
        try:
            if self._file.write(line) != len(line):
                raise OSError(ENOSPC, strerror(ENOSPC))
        except OSError as error:
            self._failure = self._failed(error)
            raise self._failure from None

    def _refuse_after_failure(self) -> None:
        """Once a line was lost no other is written: CrewAI swallows some errors of its sinks."""
        if self._failure is not None:
            raise self._failure

    def _failed(self, error: OSError) -> LedgerError:
        return LedgerError(
            f"The transcript {self._path.name} cannot be written ({error.strerror}). What cannot "
            "be recorded is not traded: the cycle ends here. Free disk space or mend permissions."
        )


class CrewListener:
    """Turns CrewAI's events into transcript lines, and counts what the models cost."""

    def __init__(
        self, transcript: Transcript, price: Price, stopping: Stopping | None = None
    ) -> None:
        self._transcript = transcript
        self._stopping = stopping or Stopping()
        self._price = price
        self._lock = Lock()
        self._open: dict[str, tuple[float, int]] = {}
        self._calls_of_task: dict[str, int] = {}
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._cost = Decimal(0)
        self._unpriced = False
        self._number = 0
        self._stopped = False
        self._abandoned = False
        self._answered = Condition(self._lock)
        self._last = local()

    def __call__(self, source: Any, event: Any) -> None:
        """A stream sink: called in the emitting thread, in the order things happen."""
        handler = None if self._abandoned else _HANDLERS.get(event.type)
        if handler is not None and (not self._stopped or event.type in _ANSWERS):
            with self._stopping.shielded():
                handler(self, event)
        if (self._stopped or self._abandoned) and event.type.endswith("_started"):
            raise ModelFailed("This cycle's deliberation is over; a task that ran on was ended.")

    def stop(self, timeout_s: float) -> None:
        """After a failure: let no task go on, and wait for the answers already paid for."""
        self._stopped = True
        deadline = perf_counter() + timeout_s
        with self._answered:
            while self._open and (left := deadline - perf_counter()) > 0:
                self._answered.wait(left)

    def abandon(self) -> None:
        """After a stop: nothing that comes now belongs to this cycle any more."""
        self._abandoned = True

    def waits(self) -> bool:
        """Whether a model was asked and has not answered yet."""
        return bool(self._open) and not self._abandoned

    def finish_reason(self) -> str | None:
        """Why the last call of this thread ended, as the provider told."""
        return getattr(self._last, "finish_reason", None)

    def spent(self) -> ModelUse:
        """What the calls so far cost; those without a known price count nothing."""
        with self._lock:
            return ModelUse(
                calls=self._number,
                prompt_tokens=self._prompt_tokens,
                completion_tokens=self._completion_tokens,
                cost_usd=self._cost,
            )

    def use(self, waves: tuple[tuple[str, ...], ...]) -> ModelUse:
        """Totals; `waves` are the tasks that ran side by side, wave after wave."""
        rounds = sum(
            max((self._calls_of_task.get(t, 0) for t in wave), default=0) for wave in waves
        )
        return ModelUse(
            calls=self._number,
            rounds=rounds,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            cost_usd=None if self._unpriced else self._cost,
        )

    def _model_asked(self, event: Any) -> None:
        self._stopping.check()
        self._last.finish_reason = None
        with self._lock:
            self._number += 1
            number = self._number
            task = str(event.task_name)
            self._calls_of_task[task] = self._calls_of_task.get(task, 0) + 1
        self._transcript.write(
            "model_request",
            call=number,
            agent=event.agent_role,
            task=event.task_name,
            model=event.model,
            messages=_plain_messages(event.messages),
            tools=[_tool_name(tool) for tool in event.tools or ()],
        )
        with self._lock:
            self._open[event.call_id] = (perf_counter(), number)

    def _model_answered(self, event: Any) -> None:
        if (asked := self._closed(event)) is None:
            return
        started, number = asked
        self._last.finish_reason = getattr(event, "finish_reason", None)
        usage = event.usage or {}
        prompt = int(usage.get("prompt_tokens") or 0)
        completion = int(usage.get("completion_tokens") or 0)
        cost = self._price(str(event.model), prompt, completion)
        with self._lock:
            self._prompt_tokens += prompt
            self._completion_tokens += completion
            self._unpriced = self._unpriced or cost is None
            self._cost += cost or Decimal(0)
        asks_for_tools = isinstance(event.response, list)
        self._transcript.write(
            "model_reply",
            call=number,
            agent=event.agent_role,
            task=event.task_name,
            model=event.model,
            tool_calls=_tool_calls(event.response) if asks_for_tools else [],
            reply=None if asks_for_tools else _text(event.response),
            finish_reason=getattr(event, "finish_reason", None),
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=cost,
            latency_ms=round((perf_counter() - started) * 1000, 3),
        )

    def _model_failed(self, event: Any) -> None:
        if (asked := self._closed(event)) is None:
            return
        started, number = asked
        self._transcript.write(
            "model_failed",
            call=number,
            agent=event.agent_role,
            task=event.task_name,
            error=self._transcript.clean(str(event.error))[:2000],
            latency_ms=round((perf_counter() - started) * 1000, 3),
        )

    def _tool_done(self, event: Any) -> None:
        duration = (event.finished_at - event.started_at).total_seconds() * 1000
        self._transcript.write(
            "tool_call",
            agent=event.agent_role,
            task=event.task_name,
            tool=event.tool_name,
            arguments=event.tool_args,
            result=_text(event.output),
            duration_ms=round(duration, 3),
        )

    def _tool_failed(self, event: Any) -> None:
        self._transcript.write(
            "tool_error",
            agent=event.agent_role,
            task=event.task_name,
            tool=event.tool_name,
            arguments=event.tool_args,
            error=self._transcript.clean(str(event.error))[:2000],
        )
        if isinstance(event.error, TradingError):
            raise event.error  # CrewAI would tell the model and go on; a raising sink ends the crew

    def _closed(self, event: Any) -> tuple[float, int] | None:
        """The call this event ends; None when it was told of already."""
        with self._answered:
            asked = self._open.pop(event.call_id, None)
            self._answered.notify_all()
            return asked


_HANDLERS: Mapping[str, Callable[[CrewListener, Any], None]] = {
    "llm_call_started": CrewListener._model_asked,
    "llm_call_completed": CrewListener._model_answered,
    "llm_call_failed": CrewListener._model_failed,
    "tool_usage_finished": CrewListener._tool_done,
    "tool_usage_error": CrewListener._tool_failed,
}
_ANSWERS = frozenset({"llm_call_completed", "llm_call_failed"})


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a transcript, in order."""
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def first_fault(path: Path, seal: TranscriptSeal | None) -> str | None:
    """Where the transcript was edited or cut, in words; None when it is whole."""
    previous, lines = _FIRST, 0
    with path.open("rb") as file:
        for line in file:
            lines += 1
            body, found, rest = line.rpartition(b',"hash":"')
            written = rest[:64].decode(errors="replace")
            if not found or rest[64:] != b'"}\n' or sha256(body + b"}").hexdigest() != written:
                return f"line {lines} was changed"
            if orjson.loads(line)["previous"] != previous:
                return f"a line is missing before line {lines}"
            previous = written
    if seal is not None and (lines, previous) != (seal.lines, seal.last_hash):
        return f"it has {lines} lines, the ledger says {seal.lines}"
    return None


def joined(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """The transcript as one list: each model call is one entry, request and reply together."""
    entries: list[dict[str, Any]] = []
    asked: dict[int, dict[str, Any]] = {}
    for row in rows:
        entry = {key: value for key, value in row.items() if key not in ("previous", "hash")}
        if entry["kind"] == "model_request":
            asked[entry["call"]] = entry
        elif entry["kind"] in ("model_reply", "model_failed"):
            request = asked.pop(entry["call"], {})
            entries.append({**request, **entry, "kind": _ENDED[entry["kind"]]})
        else:
            entries.append(entry)
    return sorted([*entries, *asked.values()], key=lambda entry: int(entry["n"]))


_ENDED = {"model_reply": "model_call", "model_failed": "model_failed"}


def _plain_messages(messages: Any) -> list[dict[str, Any]]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return [
        {key: value for key, value in message.items() if key != "cache_breakpoint"}
        for message in messages or ()
    ]


def _tool_name(tool: Any) -> str:
    return (
        str(tool["function"]["name"])
        if isinstance(tool, dict) and "function" in tool
        else str(tool)
    )


def _tool_calls(calls: list[Any]) -> list[dict[str, str]]:
    return [_tool_call(call) for call in calls]


def _tool_call(call: Any) -> dict[str, str]:
    """One call, whether a provider gave a mapping or an object of its own."""
    asked = call["function"] if isinstance(call, dict) else call.function.model_dump()
    return {"tool": str(asked["name"]), "arguments": str(asked["arguments"])}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _encode(value: Any) -> Any:
    from decimal import Decimal

    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
