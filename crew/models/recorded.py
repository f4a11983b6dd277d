"""
Models that say again what was recorded, and nothing else.

A request is answered only by the line of the same task and turn, and only when everything
that decides an answer is the same; parallel tasks never get each other's answers. Times
from the cycle's own start on are not compared: a clock that is replayed goes another way
between two calls. What was not recorded is an error, and so is a line that nobody asked for.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, Any

from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import BaseLLM, llm_call_context
from pydantic import BaseModel, PrivateAttr

from crew.cassettes import NotRecorded, difference
from crew.models.calls import CallRequest, Place, RecordedReply, read_row
from crew.models.scoring_calls import REFLECTING_TASK, TASK
from records.clock import TIME_IN_TEXT
from records.errors import ModelFailed, SettingsError
from records.redaction import NOTHING, Redactor

if TYPE_CHECKING:
    from crew.specs import AgentSpec
    from tools.news.model_scoring import ModelCalls

_PATIENCE_S = 10.0
_CONTEXT_WINDOW_TOKENS = 128_000

Answer = Callable[[CallRequest], RecordedReply]
"""What was answered to a request; may raise what ends the task."""


class RecordedCalls:
    """The lines of one models.jsonl, and which of them were heard again."""

    def __init__(
        self,
        lines: Sequence[tuple[CallRequest, RecordedReply]],
        *,
        began: datetime,
        edited: Sequence[str] = (),
    ) -> None:
        """`began` is when the cycle began; times from then on are not compared."""
        self.edited = tuple(edited)
        """Lines that are not what was written, in words."""
        self._began = began
        self._lines = {request.place: (request, given) for request, given in lines}
        self._failed = {request.attempt for request, given in lines if given.error}
        self._heard: set[tuple[int, str, int]] = set()
        self._missed: list[NotRecorded] = []
        self._changed = Condition()

    @classmethod
    def read(cls, path: Path, *, began: datetime) -> "RecordedCalls":
        """All calls of a recording; raises SettingsError when they cannot be read."""
        lines: list[tuple[CallRequest, RecordedReply]] = []
        edited: list[str] = []
        places: set[tuple[int, str, int]] = set()
        for number, line in enumerate(_lines(path), start=1):
            try:
                request, given, whole = read_row(line)
                if request.place in places:
                    raise ValueError(f"{request.named} has a line already")
            except ValueError as error:
                raise SettingsError(
                    f"{path.name}, line {number}, is damaged: {str(error)[:200]}. Nothing was run."
                ) from None
            places.add(request.place)
            lines.append((request, given))
            if not whole:
                edited.append(f"{path.name}, line {number} ({request.named}) was edited")
        return cls(lines, began=began, edited=edited)

    @property
    def pictured(self) -> bool:
        """Whether any model was shown pictures."""
        return any(request.pictured for request, _given in self._lines.values())

    @property
    def missed(self) -> NotRecorded | None:
        """The first request that the recording does not hold."""
        return self._missed[0] if self._missed else None

    def reply_for(self, request: CallRequest) -> RecordedReply | None:
        """What was answered to this very request in this place; None: it was not asked there."""
        found = self._lines.get(request.place)
        if found is None or self._still(found[0]) != self._still(request):
            return None
        return self._hear(request.place)

    def spelled(self, place: Place) -> str | None:
        """How the provider was told the name of the model that answered there."""
        found = self._lines.get((place.attempt, place.task, place.turn))
        return found[1].spelled if found is not None else None

    def reply_at(self, request: CallRequest) -> RecordedReply | None:
        """What was answered in this place, whatever was asked."""
        return self._hear(request.place) if request.place in self._lines else None

    def of(self, task: str) -> Iterator[tuple[CallRequest, RecordedReply]]:
        """What a task asked and was answered, unless it was heard; it counts as heard now."""
        for place, line in self._lines.items():
            if place[1] == task and place not in self._heard:
                self._hear(place)
                yield line

    def refuse(self, request: CallRequest) -> ModelFailed:
        """The error for a request that has no recorded answer; it is remembered."""
        if request.place not in self._lines and request.attempt in self._failed:
            return ModelFailed("This crew had failed by then when it was recorded.")
        missed = NotRecorded(self._explained(request))
        self._missed.append(missed)
        return missed

    def refuse_news(self, _calls: object) -> None:
        """Raise NotRecorded, and remember it: the cycle reads news that the recording lacks."""
        self._missed.append(
            NotRecorded(
                "The news the cycle asks for is not in the recording (news.json is not there). "
                "Nothing was read in its place. Record the cycle again."
            )
        )
        raise self._missed[-1]

    def wait_for_others(self, attempt: int) -> None:
        """Before a failure ends the crew: until what was answered beside it has been heard."""
        answered = {
            place
            for place, (_request, given) in self._lines.items()
            if place[0] == attempt and given.error is None
        }
        with self._changed:
            self._changed.wait_for(lambda: answered <= self._heard, _PATIENCE_S)

    def unheard(self) -> str | None:
        """The recorded calls that nobody asked for, in words."""
        left = [
            request.named
            for place, (request, _given) in self._lines.items()
            if place not in self._heard and place[0] not in self._failed
        ]
        if not left:
            return None
        return (
            f"{len(left)} recorded model calls were not asked for: {left[0]}"
            f"{' and others' if len(left) > 1 else ''}. The cycle took another way than the "
            "recorded one."
        )

    def _hear(self, place: tuple[int, str, int]) -> RecordedReply:
        with self._changed:
            self._heard.add(place)
            self._changed.notify_all()
        return self._lines[place][1]

    def _explained(self, request: CallRequest) -> str:
        found = self._lines.get(request.place)
        if found is None:
            why = "the recorded cycle did not ask then.\nIt asked now:\n"
            told = str(request.messages[-1].get("content"))[:600]
        else:
            why = f"its {_what_changed(found[0], request)} changed.\n"
            told = difference(*_to_compare(found[0], request))
        return (
            f"A model call is not in the recording ({request.named}): {why}{told}\n"
            "Undo the edit, or record the cycle again."
        )

    def _still(self, request: CallRequest) -> str:
        """The request without the times that passed while the cycle ran."""
        return TIME_IN_TEXT.sub(lambda found: _stilled(found, self._began), request.text)


class RecordedModels:
    """Keeps crew.models.source.ModelSource for a replay."""

    def __init__(
        self,
        calls: RecordedCalls,
        *,
        tick: Callable[[datetime], None],
        by_place: bool = False,
        redactor: Redactor = NOTHING,
    ) -> None:
        """
        `tick` is told when each answer came, so that a clock can follow. `by_place` takes
        what was answered in a place whatever is asked there now.
        """
        self._calls = calls
        self._tick = tick
        self._redactor = redactor
        self._by_place = by_place
        self._attempts: Counter[str] = Counter()

    def llm(self, model: str, agent: "AgentSpec", task: str) -> BaseLLM:
        self._attempts[task] += 1
        place = Place(agent.role, task, self._attempts[task], model)
        return RecordedLLM(
            place, self._answer, spelled=self._calls.spelled(place), redactor=self._redactor
        )

    def tell_scoring(self, calls: Callable[[], "ModelCalls"]) -> None:
        """Tell again of what was asked to score the news, whose scores are recorded with them."""
        self._tell_again(TASK, calls)

    def tell_reflections(self, calls: Callable[[], "ModelCalls"]) -> str | None:
        """Tell again of what was asked for lessons; what was answered, None for nothing."""
        replies = self._tell_again(REFLECTING_TASK, calls)
        return replies[0] if replies else None

    def _tell_again(self, task: str, calls: Callable[[], "ModelCalls"]) -> Sequence[str]:
        """What the desk itself asked in a task; the answers."""
        replies: list[str] = []
        for request, given in self._calls.of(task):
            call = calls().ask(request.model, request.messages)
            if given.error is not None:
                call.failed(given.error[1])
                continue
            usage = given.usage or {}
            call.answered(
                str(given.reply),
                prompt_tokens=int(usage.get("prompt_tokens") or 0),
                completion_tokens=int(usage.get("completion_tokens") or 0),
                finish_reason=given.finish_reason,
            )
            replies.append(str(given.reply))
        return replies

    def _answer(self, request: CallRequest) -> RecordedReply:
        look = self._calls.reply_at if self._by_place else self._calls.reply_for
        if (given := look(request)) is None:
            raise self._calls.refuse(request)
        if given.error is not None:
            self._calls.wait_for_others(request.attempt)
        self._tick(given.at)
        return given


class RecordedLLM(BaseLLM):
    """Tells of its calls as a provider would, so that transcript, usage and budget are alike."""

    llm_type: str = "recorded"
    _place: Place = PrivateAttr()
    _answer: Answer = PrivateAttr()
    _redactor: Redactor = PrivateAttr()
    _turn: int = PrivateAttr(default=0)

    def __init__(
        self,
        place: Place,
        answer: Answer,
        *,
        spelled: str | None = None,
        redactor: Redactor = NOTHING,
    ) -> None:
        """`place` is that of the task's first call, `spelled` the model's name as it is told."""
        super().__init__(model=spelled or place.model)
        self._place, self._answer, self._redactor = place, answer, redactor

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
        """The recorded answer to this request."""
        asked = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        whose = {"from_task": from_task, "from_agent": from_agent}
        given = self._answer(self._request(asked, tools))
        with llm_call_context():
            self._emit_call_started_event(messages=messages, tools=tools, **whose)
            if given.error is not None:
                self._emit_call_failed_event(error=given.error[1], **whose)
                raise _error(*given.error)
            self._tell(given, messages, whose)
        return given.reply

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The same; it never waits."""
        return self.call(*args, **kwargs)

    def supports_function_calling(self) -> bool:
        return True

    def get_context_window_size(self) -> int:
        """Large enough that CrewAI never summarises a recorded conversation."""
        return _CONTEXT_WINDOW_TOKENS

    def _request(self, asked: Any, tools: Any) -> CallRequest:
        self._turn += 1
        at = Place(
            self._place.agent, self._place.task, self._place.attempt, self._place.model, self._turn
        )
        return CallRequest.of(at, asked, tools, self._redactor)

    def _tell(self, given: RecordedReply, messages: Any, whose: Mapping[str, Any]) -> None:
        usage = dict(given.usage) if given.usage else None
        if usage:
            self._track_token_usage_internal(usage)
        spoken = isinstance(given.reply, str)
        self._emit_call_completed_event(
            response=given.reply,
            call_type=LLMCallType.LLM_CALL if spoken else LLMCallType.TOOL_CALL,
            messages=messages,
            usage=usage,
            finish_reason=given.finish_reason,
            **whose,
        )


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise SettingsError(
            f"{path.name} of the recording is damaged ({error.strerror}). Nothing was run."
        ) from None


def _error(kind: str, said: str) -> Exception:
    """The recorded error again, or one that is called so."""
    if kind == ModelFailed.__name__:
        return ModelFailed(said)
    made: type[Exception] = type(kind, (Exception,), {})
    return made(said)


def _to_compare(
    before: CallRequest, after: CallRequest
) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    """The conversations; the tools, where the conversations are the same."""
    if before.messages != after.messages:
        return before.messages, after.messages
    return [{"content": tool} for tool in before.tools], [{"content": tool} for tool in after.tools]


def _what_changed(before: CallRequest, after: CallRequest) -> str:
    if before.agent != after.agent:
        return f"agent ({before.agent!r} then)"
    if before.model != after.model:
        return f"model ({before.model!r} then, {after.model!r} now)"
    if before.messages == after.messages:
        return f"offer of tools ({_names(before)} then, {_names(after)} now)"
    return "prompt"


def _names(request: CallRequest) -> str:
    return ", ".join(_tools(request.tools)) or "none"


def _tools(tools: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for tool in tools:
        function = tool.get("function", tool)
        yield str(function.get("name")) if isinstance(function, Mapping) else str(function)


def _stilled(found: re.Match[str], began: datetime) -> str:
    """The time as it stands when it was before the cycle, or is none; else that there was one."""
    try:
        at = datetime.fromisoformat(found[0].replace(" UTC", "+00:00"))
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return found[0] if at < began else "(then)"
    except (ValueError, OverflowError):
        return found[0]
