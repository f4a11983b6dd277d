"""
A model call that no agent makes, told to the same watch and the same transcript as theirs.

The scores of headlines and the sentences of lessons are asked for by the desk itself, beside
CrewAI; whoever reads the transcript or the bill must find such a call like any other.
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
REFLECTING_AGENT, REFLECTING_TASK = "lesson reflections", "reflections"


@dataclass(frozen=True, slots=True)
class _Asked:
    call_id: str
    model: str
    messages: Sequence[Mapping[str, str]]
    agent_role: str
    task_name: str
    tools: tuple[Any, ...] = ()
    type: str = "llm_call_started"


@dataclass(frozen=True, slots=True)
class _Answered:
    call_id: str
    model: str
    response: str
    usage: Mapping[str, int]
    finish_reason: str | None
    agent_role: str
    task_name: str
    type: str = "llm_call_completed"


@dataclass(frozen=True, slots=True)
class _Failed:
    call_id: str
    error: str
    agent_role: str
    task_name: str
    type: str = "llm_call_failed"


class ScoringCalls:
    """Keeps tools.news.model_scoring.ModelCalls for one crew."""

    def __init__(
        self,
        listener: CrewListener,
        watch: CallWatch,
        log: CallLog | None = None,
        attempt: int = 1,
        *,
        asks: tuple[str, str] = (AGENT, TASK),
    ) -> None:
        """`log` records what is said; `attempt` is the crew's; `asks`: by which agent and task."""
        self._listener = listener
        self._watch = watch
        self._log = log
        self._attempt = attempt
        self._agent, self._task = asks
        self._numbers = count(1)

    def ask(self, model: str, messages: Sequence[Mapping[str, str]]) -> "ScoringCall":
        self._watch.before_call()
        number = next(self._numbers)
        place = Place(self._agent, self._task, self._attempt, model, number)
        call = ScoringCall(self._listener, place, self._kept(place, messages))
        self._listener(None, _Asked(call.call_id, model, messages, self._agent, self._task))
        return call

    def _kept(self, place: Place, messages: Sequence[Mapping[str, str]]) -> OpenCall | None:
        return None if self._log is None else self._log.of(place).asked(messages, None)


class ScoringCall:
    """Keeps tools.news.model_scoring.OpenCall."""

    def __init__(self, listener: CrewListener, place: Place, kept: OpenCall | None) -> None:
        self.call_id = f"{place.task}-{place.turn}"
        self._kept = kept
        self._listener = listener
        self._model = place.model
        self._asked_by = place.agent, place.task
        self._over = False

    def waits(self) -> bool:
        """Whether nothing was told of its end; false before any of it is on record."""
        return not self._over

    def answered(
        self, reply: str, *, prompt_tokens: int, completion_tokens: int, finish_reason: str | None
    ) -> None:
        self._over = True
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
        if self._kept is not None:
            self._kept.answered(
                reply, spelled=self._model, finish_reason=finish_reason, usage=usage
            )
        answered = _Answered(
            self.call_id, self._model, reply, usage, finish_reason, *self._asked_by
        )
        self._listener(None, answered)

    def failed(self, error: str) -> None:
        self._over = True
        if self._kept is not None:
            self._kept.failed(ModelFailed(error), spelled=self._model)
        self._listener(None, _Failed(self.call_id, error, *self._asked_by))
