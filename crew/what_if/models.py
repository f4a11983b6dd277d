"""
Models of which an unchanged request is answered by the recording, and any other one now.

A request is unchanged when agent, model, temperature, messages and offered tools are, and it
is made in the same place of the cycle: attempt, task and turn.
"""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crewai.llms.base_llm import BaseLLM
from pydantic import BaseModel, PrivateAttr

from crew.models.calls import CallRequest, Place, RecordedReply
from crew.models.factory import check_model
from crew.models.recorded import RecordedCalls, RecordedLLM
from crew.models.source import LiveModels
from crew.what_if.purse import Purse
from records.redaction import NOTHING, Redactor

if TYPE_CHECKING:
    from crew.sections import LlmSettings
    from crew.specs import AgentSpec

_CONTEXT_WINDOW_TOKENS = 128_000
_CHARS_PER_TOKEN = 4


class MixedModels:
    """Keeps crew.models.source.ModelSource."""

    def __init__(
        self,
        calls: RecordedCalls,
        reached_by: "LlmSettings",
        purse: Purse,
        *,
        tick: Callable[[datetime], None],
        always_anew: Collection[str] = (),
        redactor: Redactor = NOTHING,
    ) -> None:
        """`tick` is told when each recorded answer came; tasks `always_anew` hear none."""
        self._calls = calls
        self._reached_by = reached_by
        self._live = LiveModels(reached_by)
        self._purse = purse
        self._tick = tick
        self._always_anew = frozenset(always_anew)
        self._redactor = redactor
        self._attempts: Counter[str] = Counter()

    def llm(self, model: str, agent: "AgentSpec", task: str) -> BaseLLM:
        self._attempts[task] += 1
        place = Place(agent.role, task, self._attempts[task], model)
        return MixedLLM(place, self._recorded, lambda: self._asked_now(model, agent, task),
                        self._purse, redactor=self._redactor)  # fmt: skip

    def _recorded(self, request: CallRequest) -> RecordedReply | None:
        if request.task in self._always_anew:
            return None
        if (given := self._calls.reply_for(request)) is not None:
            self._tick(given.at)
        return given

    def _asked_now(self, model: str, agent: "AgentSpec", task: str) -> BaseLLM:
        check_model(model, self._reached_by, f"what-if, task {task}")
        return self._live.llm(model, agent, task)


class MixedLLM(BaseLLM):
    """One task's model; which of the two answers is decided call by call."""

    llm_type: str = "mixed"
    _place: Place = PrivateAttr()
    _recorded: Callable[[CallRequest], RecordedReply | None] = PrivateAttr()
    _make: Callable[[], BaseLLM] = PrivateAttr()
    _purse: Purse = PrivateAttr()
    _redactor: Redactor = PrivateAttr()
    _turn: int = PrivateAttr(default=0)
    _live: BaseLLM | None = PrivateAttr(default=None)

    def __init__(
        self,
        place: Place,
        recorded: Callable[[CallRequest], RecordedReply | None],
        make: Callable[[], BaseLLM],
        purse: Purse,
        *,
        redactor: Redactor = NOTHING,
    ) -> None:
        """`make` builds the model to be asked; it is called when there is something to ask."""
        super().__init__(model=place.model)
        self._place, self._recorded, self._make = place, recorded, make
        self._purse, self._redactor = purse, redactor

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
        """The recorded answer to this very request, else the model's own."""
        asked = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        request = self._request(asked, tools)
        whose = {"from_task": from_task, "from_agent": from_agent}
        if (given := self._recorded(request)) is None:
            return self._ask(request, messages, tools, whose)
        self._purse.hear()
        return RecordedLLM(self._place, lambda _again: given).call(messages, tools, **whose)

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The same; the desk runs its crew synchronously."""
        return self.call(*args, **kwargs)

    def supports_function_calling(self) -> bool:
        return True

    def get_context_window_size(self) -> int:
        """That of the model when it is asked; a recorded conversation is never summarised."""
        return self._live.get_context_window_size() if self._live else _CONTEXT_WINDOW_TOKENS

    def _request(self, asked: Any, tools: Any) -> CallRequest:
        self._turn += 1
        first = self._place
        here = Place(first.agent, first.task, first.attempt, first.model, self._turn)
        return CallRequest.of(here, asked, tools, self._redactor)

    def _ask(self, request: CallRequest, messages: Any, tools: Any, whose: Any) -> Any:
        """Ask now, within the purse; raises BudgetExhausted before anything is sent."""
        model = self._place.model
        estimated = len(request.text) // _CHARS_PER_TOKEN
        likely = self._purse.begin(model, estimated)
        prompt = completion = 0
        try:
            if self._live is None:
                self._live = self._make()
            before = self._live.get_token_usage_summary()
            reply = self._live.call(messages, tools=tools, **whose)
            after = self._live.get_token_usage_summary()
            prompt = after.prompt_tokens - before.prompt_tokens
            completion = after.completion_tokens - before.completion_tokens
            if not prompt + completion:
                prompt, completion = estimated, len(str(reply)) // _CHARS_PER_TOKEN
        finally:
            self._purse.end(model, likely, prompt_tokens=prompt, completion_tokens=completion)
        return reply
