"""
The one way a model is asked: budget before the call, strict reading after it.

CrewAI reads tool arguments with a lenient parser (of a key that stands twice the last
value wins), maps look-alike names to tools, and parses calls out of prose. So whatever a
model answers is read here first, and only what is exactly one offered tool and exactly
one strict JSON object goes on, written anew with every digit kept. A bad call is told to
the model once; a second one ends its task. Nothing is repaired.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson
from crewai.llms.base_llm import BaseLLM
from crewai.utilities.agent_utils import is_native_tool_calling_unsupported_error
from pydantic import BaseModel, ConfigDict, PrivateAttr

from crew.models.answers import MOST_CALLS, BadCall, Call, canonical, check_text, read_call
from crew.models.call_log import OpenCall, TaskCalls
from crew.models.offers import offered_plainly
from crew.models.vision import Gallery
from records.errors import AnswerRefused, LedgerError, ModelFailed

_MAY_TRY_AGAIN = 1
_CUT_OFF = frozenset({"length", "max_tokens", "MAX_TOKENS", "content_filter", "incomplete"})


class Guard(Protocol):
    """What watches over the calls of one crew; raising in any of these ends the task."""

    def before_call(self) -> None:
        """Refuse a call that the budget does not allow; raises BudgetExhausted."""
        ...

    def finish_reason(self) -> str | None:
        """Why the call that just ended in this thread ended, as the provider told."""
        ...

    def usage(self) -> Mapping[str, Any] | None:
        """What the call that just ended in this thread used, as the provider told."""
        ...

    def redact(self, text: str) -> str:
        """The text without secrets."""
        ...

    def bad_call(self, agent: str, task: str, fault: BadCall) -> None:
        """Put on record a tool call that was not carried out."""
        ...


class GuardedLLM(BaseLLM):
    """A model of CrewAI behind the guard; it reports nothing itself, the inner model does."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    llm_type: str = "guarded"
    _inner: BaseLLM = PrivateAttr()
    _guard: Guard = PrivateAttr()
    _agent: str = PrivateAttr()
    _offered: Mapping[str, type[BaseModel]] = PrivateAttr()
    _gallery: Gallery | None = PrivateAttr()
    _calls: TaskCalls | None = PrivateAttr()

    def __init__(
        self,
        inner: BaseLLM,
        guard: Guard,
        *,
        agent: str,
        offered: Mapping[str, type[BaseModel]],
        gallery: Gallery | None = None,
        calls: TaskCalls | None = None,
    ) -> None:
        """`gallery` holds the pictures for a model that can see; `calls` records what is said."""
        super().__init__(model=inner.model)
        self._inner, self._guard = inner, guard
        self._agent, self._offered = agent, offered
        self._gallery = gallery
        self._calls = calls

    def call(
        self,
        messages: Any,
        tools: list[dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        available_functions: dict[str, Any] | None = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: type[BaseModel] | None = None,
    ) -> Any:
        """Ask once, and once more when a tool call cannot be taken."""
        task = str(getattr(from_task, "name", None) or "")
        asked = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        said = "it called no tool"
        for _ in range(_MAY_TRY_AGAIN + 1):
            reply = self._ask(asked, offered_plainly(tools), from_task, from_agent, task)
            if not isinstance(reply, list):
                return self._text(reply, task)
            found = [read_call(call, self._offered) for call in reply[:MOST_CALLS]]
            faults = [one for one in found if isinstance(one, BadCall)]
            if found and not faults:
                return [self._passed(one) for one in found if isinstance(one, Call)]
            for fault in faults:
                self._guard.bad_call(self._agent, task, fault)
                said = fault.message
            asked = [*asked, *_told(found)]
        raise self._refused(task, said)

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The same; the desk runs its crew synchronously."""
        return self.call(*args, **kwargs)

    def supports_function_calling(self) -> bool:
        """Yes, always: CrewAI would otherwise parse tool calls out of prose, and repair them."""
        return True

    def supports_stop_words(self) -> bool:
        return self._inner.supports_stop_words()

    def supports_multimodal(self) -> bool:
        return self._inner.supports_multimodal()

    def get_context_window_size(self) -> int:
        return self._inner.get_context_window_size()

    def get_input_tokens_count(
        self, messages: Any, tools: Any = None, response_model: Any = None
    ) -> int:
        return self._inner.get_input_tokens_count(messages, tools, response_model)

    def _ask(self, asked: Any, tools: Any, from_task: Any, from_agent: Any, task: str) -> Any:
        self._guard.before_call()
        if self._gallery is not None:
            asked = self._gallery.shown(asked, self._inner.provider)
        call = self._calls.asked(asked, tools) if self._calls is not None else None
        try:
            reply = self._inner.call(asked, tools=tools, from_task=from_task, from_agent=from_agent)
        except Exception as error:
            if call is not None and not isinstance(error, LedgerError):
                call.failed(error, spelled=self.model)
            # CrewAI takes such an error as leave to parse tool calls out of prose
            if is_native_tool_calling_unsupported_error(error):
                raise ModelFailed(_NO_TOOLS.format(model=self.model)) from None
            raise
        if call is not None:
            self._keep(call, reply)
        if self._gallery is not None:
            self._gallery.sent(task)
        if (reason := self._guard.finish_reason()) in _CUT_OFF:
            raise self._refused(task, f"it was cut off ({reason})")
        return reply

    def _keep(self, call: OpenCall, reply: Any) -> None:
        call.answered(
            reply,
            spelled=self.model,
            finish_reason=self._guard.finish_reason(),
            usage=self._guard.usage(),
            pictures=self._gallery.files() if self._gallery is not None else (),
        )

    def _text(self, reply: Any, task: str) -> Any:
        if not isinstance(reply, str):
            return reply
        if (fault := check_text(reply)) is not None:
            raise self._refused(task, fault)
        return self._guard.redact(reply)

    def _passed(self, call: Call) -> dict[str, Any]:
        """The call as chat completions spell it, with arguments that are ours to the digit."""
        arguments = self._guard.redact(canonical(call.arguments))
        function = {"name": call.name, "arguments": arguments}
        return {"id": call.call_id, "type": "function", "function": function}

    def _refused(self, task: str, detail: str) -> AnswerRefused:
        return AnswerRefused(agent=self._agent, task=task, detail=detail)


_NO_TOOLS = (
    "Model {model!r} cannot call tools by itself, and the desk takes no call out of prose. "
    "Nothing was traded on it. Choose another model."
)


def _told(found: Sequence[Call | BadCall]) -> list[Mapping[str, Any]]:
    """The bad answer and what was wrong with it, as the next turn of the conversation."""
    calls = [
        {
            "id": one.call_id,
            "type": "function",
            "function": {"name": one.name or "unknown", "arguments": "{}"},
        }
        for one in found
    ]
    return [
        {"role": "assistant", "content": None, "tool_calls": calls},
        *({"role": "tool", "tool_call_id": one.call_id, "content": _answer(one)} for one in found),
    ]


def _answer(one: Call | BadCall) -> str:
    if isinstance(one, BadCall):
        error = {"code": one.code, "message": one.message}
    else:
        error = {"code": "not_run", "message": "another call of this turn was refused, so none ran"}
    return orjson.dumps({"error": error}).decode()
