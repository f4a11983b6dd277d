"""
The rulebook as a CrewAI model, for a desk that has no key and no network.

It adds nothing to what the rulebook decides: it translates, reports the same events
as a provider would, so that transcripts look alike, and estimates tokens at four
characters each. The model's name (`rulebook/...`) marks such usage as an estimate.
"""

from typing import Any, cast

import orjson
from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import BaseLLM, llm_call_context
from pydantic import BaseModel, field_validator

from crew.models.rulebook import TemperamentName, answer, estimated_tokens
from crew.models.rules_temperament import temperament_named

_PREFIX = "rulebook/"
_CONTEXT_WINDOW_TOKENS = 128_000


class RulebookLLM(BaseLLM):
    """Answers as the rulebook does; `model` is rulebook/cautious, /balanced or /bold."""

    llm_type: str = "rulebook"

    @field_validator("model")
    @classmethod
    def _known_temperament(cls, model: str) -> str:
        temperament_named(model.removeprefix(_PREFIX))
        return model if model.startswith(_PREFIX) else _PREFIX + model

    @property
    def temperament(self) -> TemperamentName:
        return cast(TemperamentName, self.model.removeprefix(_PREFIX))

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
        """Answer one request: a list of tool calls as chat completions spell them, or JSON text."""
        asked = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        with llm_call_context():
            self._emit_call_started_event(
                messages=messages, tools=tools, from_task=from_task, from_agent=from_agent
            )
            given = answer(asked, tools, self.temperament)
            spoken = isinstance(given, str)
            response = given if isinstance(given, str) else [call.as_openai() for call in given]
            usage = self._usage(asked, tools, response)
            self._track_token_usage_internal(usage)
            self._emit_call_completed_event(
                response=response,
                call_type=LLMCallType.LLM_CALL if spoken else LLMCallType.TOOL_CALL,
                from_task=from_task,
                from_agent=from_agent,
                messages=messages,
                usage=usage,
                finish_reason="stop" if spoken else "tool_calls",
            )
        return response

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The same; it computes for a millisecond and never waits."""
        return self.call(*args, **kwargs)

    def supports_function_calling(self) -> bool:
        """Yes: without this, CrewAI would parse tool calls out of prose."""
        return True

    def get_context_window_size(self) -> int:
        """Large enough that CrewAI never summarises what the rulebook reads digit for digit."""
        return _CONTEXT_WINDOW_TOKENS

    def get_input_tokens_count(
        self, messages: Any, tools: Any = None, response_model: Any = None
    ) -> int:
        """An estimate at four characters to a token."""
        return estimated_tokens(messages if isinstance(messages, str) else _as_text(messages))

    def _usage(self, messages: Any, tools: Any, response: Any) -> dict[str, Any]:
        prompt = self.get_input_tokens_count(messages)
        prompt += estimated_tokens(_as_text(tools)) if tools else 0
        written = estimated_tokens(response if isinstance(response, str) else _as_text(response))
        return {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }


def _as_text(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
