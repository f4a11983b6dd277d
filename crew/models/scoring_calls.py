"""
A model call that no agent makes, told to the same watch and the same transcript as theirs.

The scores of headlines are asked for by the desk itself, beside CrewAI; whoever reads the
transcript or the bill must find that call like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from crew.listener import CrewListener
from crew.models.call_log import CallLog, OpenCall
from crew.models.calls import Place
from crew.models.watch import CallWatch
from records.errors import ModelFailed

AGENT, TASK = "news scoring", "news"


@dataclass(frozen=True, slots=True)
class _Asked:
    call_id: str
    model: str
    messages: Sequence[Mapping[str, str]]
    agent_role: str = AGENT
    task_name: str = TASK
    tools: tuple[Any, ...] = ()
    type: str = "llm_call_started"


@dataclass(frozen=True, slots=True)
class _Answered:
    call_id: str
    model: str
    response: str
    usage: Mapping[str, int]
    finish_reason: str | None
    agent_role: str = AGENT
    task_name: str = TASK
    type: str = "llm_call_completed"


@dataclass(frozen=True, slots=True)
class _Failed:
    call_id: str
    error: str
    agent_role: str = AGENT
    task_name: str = TASK
    type: str = "llm_call_failed"


class ScoringCalls:
    """Keeps tools.news.model_scoring.ModelCalls for one crew."""

    def __init__(
        self, listener: CrewListener, watch: CallWatch, log: CallLog | None = None, attempt: int = 1
    ) -> None:
        """`log` records what is said; `attempt` is the crew's."""
        self._listener = listener
        self._watch = watch
        self._log = log
        self._attempt = attempt
        self._numbers = count(1)

    def ask(self, model: str, messages: Sequence[Mapping[str, str]]) -> "ScoringCall":
        self._watch.before_call()
        number = next(self._numbers)
        call = ScoringCall(
            self._listener, f"{TASK}-{number}", model, self._kept(model, number, messages)
        )
        self._listener(None, _Asked(call.call_id, model, messages))
        return call

    def _kept(
        self, model: str, turn: int, messages: Sequence[Mapping[str, str]]
    ) -> OpenCall | None:
        if self._log is None:
            return None
        return self._log.of(Place(AGENT, TASK, self._attempt, model, turn)).asked(messages, None)


class ScoringCall:
    """Keeps tools.news.model_scoring.OpenCall."""

    def __init__(
        self, listener: CrewListener, call_id: str, model: str, kept: OpenCall | None
    ) -> None:
        self.call_id = call_id
        self._kept = kept
        self._listener = listener
        self._model = model

    def answered(
        self, reply: str, *, prompt_tokens: int, completion_tokens: int, finish_reason: str | None
    ) -> None:
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
        if self._kept is not None:
            self._kept.answered(
                reply, spelled=self._model, finish_reason=finish_reason, usage=usage
            )
        answered = _Answered(self.call_id, self._model, reply, usage, finish_reason)
        self._listener(None, answered)

    def failed(self, error: str) -> None:
        if self._kept is not None:
            self._kept.failed(ModelFailed(error), spelled=self._model)
        self._listener(None, _Failed(self.call_id, error))
