"""
What CrewAI does in a cycle, turned into transcript lines; and what its model calls cost.

It hears every event in the thread that emits it. A line that cannot be written ends the crew,
and so does an error of the desk's own that CrewAI would turn into words for the model.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from threading import Condition, Lock, local
from time import perf_counter
from typing import Any, NamedTuple

import orjson

from crew.stopping import Stopping
from crew.transcript import OPTIONS, Transcript
from records.cycle import ModelUse
from records.errors import ModelFailed, TradingError
from tools.chart.pictures import without_bytes

Price = Callable[[str, int, int], Decimal | None]
"""(model, prompt tokens, completion tokens) -> USD, or None when unknown."""

Accrue = Callable[[ModelUse], None]
"""Takes what one more call cost; raises LedgerError when it cannot be kept."""

_CHARACTERS_PER_TOKEN = 3
"""Rather too many tokens than too few: an estimate may end a budget early, never late."""


class CrewListener:
    """Turns CrewAI's events into transcript lines, and counts what the models cost."""

    def __init__(
        self,
        transcript: Transcript,
        price: Price,
        stopping: Stopping | None = None,
        accrue: Accrue | None = None,
    ) -> None:
        self._transcript = transcript
        self._accrue = accrue or (lambda use: None)
        self._stopping = stopping or Stopping()
        self._price = price
        self._lock = Lock()
        self._open: dict[str, _Asked] = {}
        self._calls_of_task: dict[str, int] = {}
        self._spent = ModelUse()
        self._spent_by: dict[tuple[str, str], ModelUse] = {}
        self._number = 0
        self._stopped = False
        self._abandoned = False
        self._answered = Condition(self._lock)
        self._last = local()
        self._thoughts: dict[str, list[str]] = {}
        self._described: set[str] = set()

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

    def usage(self) -> Mapping[str, Any] | None:
        """What the last call of this thread used, as the provider told."""
        return getattr(self._last, "usage", None)

    def spent(self) -> ModelUse:
        """What the calls so far cost; those without a known price count nothing."""
        with self._lock:
            return self._spent.model_copy(update={"calls": self._number})

    def spent_by(self) -> Mapping[tuple[str, str], ModelUse]:
        """The same for each task and model, of the calls that were answered."""
        with self._lock:
            return dict(self._spent_by)

    def use(self, waves: tuple[tuple[str, ...], ...]) -> ModelUse:
        """Totals; `waves` are the tasks that ran side by side, wave after wave."""
        rounds = sum(
            max((self._calls_of_task.get(t, 0) for t in wave), default=0) for wave in waves
        )
        return self.spent().model_copy(update={"rounds": rounds})

    def _model_asked(self, event: Any) -> None:
        self._stopping.check()
        self._last.finish_reason = self._last.usage = None
        with self._lock:
            self._number += 1
            number = self._number
            task = str(event.task_name)
            turn = self._calls_of_task[task] = self._calls_of_task.get(task, 0) + 1
        messages = _plain_messages(event.messages)
        self._describe(event.tools or ())
        self._transcript.write(
            "model_request",
            call=number,
            turn=turn,
            agent=event.agent_role,
            task=event.task_name,
            model=event.model,
            messages=messages,
            tools=[_tool_name(tool) for tool in event.tools or ()],
        )
        estimate = _estimated_tokens([messages, event.tools])
        with self._lock:
            self._open[event.call_id] = _Asked(perf_counter(), number, estimate)

    def _describe(self, tools: Sequence[Any]) -> None:
        """Each tool as models are told of it, once; later calls name it."""
        for tool in tools:
            told = _definition(tool)
            with self._lock:
                new = told not in self._described
                self._described.add(told)
            if new:
                self._transcript.write("tool", name=_tool_name(tool), definition=told)

    def _model_thought(self, event: Any) -> None:
        with self._lock:
            self._thoughts.setdefault(event.call_id, []).append(event.chunk)

    def _model_answered(self, event: Any) -> None:
        if (asked := self._closed(event)) is None:
            return
        self._last.finish_reason = getattr(event, "finish_reason", None)
        self._last.usage = event.usage
        use = self._cost_of(asked, event)
        with self._lock:
            self._spent = self._spent.and_then(use)
            place = str(event.task_name), str(event.model)
            self._spent_by[place] = self._spent_by.get(place, ModelUse()).and_then(use)
        self._accrue(use)
        asks_for_tools = isinstance(event.response, list)
        self._transcript.write(
            "model_reply",
            call=asked.number,
            agent=event.agent_role,
            task=event.task_name,
            model=event.model,
            tool_calls=_tool_calls(event.response) if asks_for_tools else [],
            reply=None if asks_for_tools else _text(event.response),
            reasoning=asked.reasoning,
            finish_reason=getattr(event, "finish_reason", None),
            prompt_tokens=use.prompt_tokens,
            completion_tokens=use.completion_tokens,
            tokens_estimated=bool(use.estimated_calls),
            cost_usd=None if use.unpriced_calls else use.cost_usd,
            latency_ms=asked.latency_ms(),
        )

    def _cost_of(self, asked: "_Asked", event: Any) -> ModelUse:
        """What this one call cost; a provider that tells no tokens is not one that bills none."""
        usage = event.usage or {}
        prompt = int(usage.get("prompt_tokens") or 0)
        completion = int(usage.get("completion_tokens") or 0)
        if untold := not prompt + completion:
            prompt, completion = asked.estimated_tokens, _estimated_tokens(event.response)
        cost = self._price(str(event.model), prompt, completion)
        return ModelUse(
            calls=1,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=cost or Decimal(0),
            unpriced_calls=int(cost is None),
            estimated_calls=int(untold),
        )

    def _model_failed(self, event: Any) -> None:
        if (asked := self._closed(event)) is None:
            return
        self._transcript.write(
            "model_failed",
            call=asked.number,
            agent=event.agent_role,
            task=event.task_name,
            error=self._transcript.clean(str(event.error))[:2000],
            reasoning=asked.reasoning,
            latency_ms=asked.latency_ms(),
        )

    def _tool_began(self, event: Any) -> None:
        self._last.tool_began = perf_counter()

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
            duration_ms=_ms_since(getattr(self._last, "tool_began", None)),
        )
        if isinstance(event.error, TradingError):
            raise event.error  # CrewAI would tell the model and go on; a raising sink ends the crew

    def _closed(self, event: Any) -> "_Asked | None":
        """The call this event ends; None when it was told of already."""
        with self._answered:
            asked = self._open.pop(event.call_id, None)
            thoughts = "".join(self._thoughts.pop(event.call_id, ()))
            self._answered.notify_all()
            return asked._replace(reasoning=thoughts or None) if asked else None


class _Asked(NamedTuple):
    """A call that has no answer yet."""

    started: float
    number: int
    estimated_tokens: int
    reasoning: str | None = None

    def latency_ms(self) -> float | None:
        return _ms_since(self.started)


_HANDLERS: Mapping[str, Callable[[CrewListener, Any], None]] = {
    "llm_call_started": CrewListener._model_asked,
    "llm_thinking_chunk": CrewListener._model_thought,
    "llm_call_completed": CrewListener._model_answered,
    "llm_call_failed": CrewListener._model_failed,
    "tool_usage_started": CrewListener._tool_began,
    "tool_usage_finished": CrewListener._tool_done,
    "tool_usage_error": CrewListener._tool_failed,
}
_ANSWERS = frozenset({"llm_call_completed", "llm_call_failed", "llm_thinking_chunk"})


def _plain_messages(messages: Any) -> list[dict[str, Any]]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return [
        {key: _plain_content(value) for key, value in message.items() if key != "cache_breakpoint"}
        for message in messages or ()
    ]


def _plain_content(value: Any) -> Any:
    """Pictures by size and fingerprint; their files are kept with the cycle."""
    return without_bytes(value) if isinstance(value, list) else value


def _tool_name(tool: Any) -> str:
    return (
        str(tool["function"]["name"])
        if isinstance(tool, dict) and "function" in tool
        else str(tool)
    )


def _definition(tool: Any) -> str:
    """A tool's schema as one text, the same for the same tool."""
    return orjson.dumps(tool, default=str, option=OPTIONS | orjson.OPT_SORT_KEYS).decode()


def _ms_since(began: float | None) -> float | None:
    return None if began is None else round((perf_counter() - began) * 1000, 3)


def _tool_calls(calls: list[Any]) -> list[dict[str, str]]:
    return [_tool_call(call) for call in calls]


def _tool_call(call: Any) -> dict[str, str]:
    """One call, whether a provider gave a mapping or an object of its own."""
    asked = call["function"] if isinstance(call, dict) else call.function.model_dump()
    return {"tool": str(asked["name"]), "arguments": str(asked["arguments"])}


def _estimated_tokens(value: Any) -> int:
    """Of what was sent or answered; pictures count as the words that stand for them here."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str, option=OPTIONS)
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
