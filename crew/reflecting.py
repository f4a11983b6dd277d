"""
Sentences of lessons by a model: at most one call in a cycle, and only after a crew has met.

The model is told figures and closed sets of words that code wrote, never a thesis, a headline
or a reason, so that no stranger's sentence can come back through it. Its answer is taken
strictly and made inert. Whatever goes wrong, the lesson keeps the sentence made of its figures:
no lesson waits for a model, and no cycle ends because of one.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crew.desk import Desk
from crew.models.scoring_calls import ScoringCalls
from crew.stopping import CycleStopped
from records.base import Record
from records.errors import LedgerError
from records.lesson import Lesson
from records.strict import NotStrict, read_as
from records.table import answer
from tools.news.fence import shown
from tools.news.model_scoring import Form, Messages, ScoringModel, Unusable, reply_of

MAX_LESSONS = 10
MAX_CHARS = 240
_TO_FINISH_S = 5.0
"""What the rest of the cycle needs before its deadline."""
_PROMPT = Path(__file__).with_name("reflection_prompt.txt")
_FORM = Form(
    "lesson_reflections",
    {
        "type": "object",
        "properties": {
            "reflections": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "sentence": {"type": "string"}},
                    "required": ["id", "sentence"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["reflections"],
        "additionalProperties": False,
    },
    max_tokens=2_000,
)

Calls = Callable[[], ScoringCalls]
Warn = Callable[[str], None]


class _One(Record):
    id: str
    sentence: str


class _Answer(Record):
    reflections: tuple[_One, ...]


def reworded(
    desk: Desk, lessons: Sequence[Lesson], calls: Calls | None, warn: Warn
) -> tuple[Lesson, ...]:
    """
    The same lessons in the same order, those in a model's words that it answered for properly.

    `calls` is None when the models of this cycle failed. Raises LedgerError alone.
    """
    asked = lessons[:MAX_LESSONS]
    if not asked or desk.settings.reflecting_model.startswith("rulebook/"):
        return tuple(lessons)
    if (reply := _reply(desk, asked, calls, warn)) is None:
        return tuple(lessons)
    try:
        sentences = _sentences(reply)
    except NotStrict:
        warn(_kept(len(lessons), "its answer was not of the form asked for"))
        return tuple(lessons)
    told = {one.lesson_id: _in_words(one, sentences.get(one.lesson_id, ())) for one in asked}
    _warn_of_rest(lessons, told, sentences, warn)
    return tuple(told.get(one.lesson_id) or one for one in lessons)


def _reply(desk: Desk, asked: Sequence[Lesson], calls: Calls | None, warn: Warn) -> str | None:
    """The model's answer, None for none; why, is told."""
    if calls is None or desk.stopping.asked is not None:
        warn(_kept(len(asked), "the models of this cycle failed, or it was told to end"))
        return None
    try:
        if desk.tell_reflections is not None:
            return desk.tell_reflections(calls)
        return _asked_now(desk, asked, calls())
    except LedgerError:
        raise  # what cannot be recorded ends the cycle, here as everywhere
    except CycleStopped:
        why = "the cycle was told to end"
    except Unusable as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - a lesson is worth more than its words
        why = type(error).__name__
    warn(_kept(len(asked), why))
    return None


def _asked_now(desk: Desk, asked: Sequence[Lesson], calls: ScoringCalls) -> str:
    """Ask, and leave the wait at once when the cycle is to end; raises Unusable and others."""
    llm = desk.settings.llm
    timeout_s = min(llm.timeout_s, desk.stopping.left_s() - _TO_FINISH_S)
    if timeout_s < 1:
        raise Unusable("the deadline of the cycle is too near")
    model = ScoringModel(
        name=desk.settings.reflecting_model,
        base_url=llm.base_url,
        api_key=llm.api_key,
        timeout_s=timeout_s,
    )
    messages = _messages(asked)
    call = calls.ask(model.name, messages)
    try:
        with desk.stopping.interruptible(call.waits):
            return reply_of(model, messages, call, _FORM)
    except BaseException as error:  # whatever ended the wait, the call is over
        if call.waits():
            call.failed(f"{type(error).__name__}: {error}")
        raise


def _messages(asked: Sequence[Lesson]) -> Messages:
    body = answer({"lessons": [_figures(lesson) for lesson in asked]})
    return (
        {"role": "system", "content": _PROMPT.read_text(encoding="utf-8").strip()},
        {"role": "user", "content": body},
    )


def _figures(lesson: Lesson) -> Mapping[str, Any]:
    """What the model may know: what code wrote, and of what agents said the figures alone."""
    said = lesson.said
    return {
        "id": lesson.lesson_id,
        "symbol": lesson.symbol,
        "kind": lesson.kind,
        "side": lesson.side,
        "situation": lesson.situation,
        "said": {
            "technical": said.technical,
            "sentiment": said.sentiment,
            "chart": said.chart,
            "officer": said.officer,
        },
        "outcome": lesson.outcome,
        "pnl_pct": lesson.pnl_pct,
        "horizon_pct": {f"{hours}": pct for hours, pct in lesson.horizon_pct.items()},
        "best_pct": lesson.best_pct,
        "worst_pct": lesson.worst_pct,
        "better": lesson.better,
    }


def _sentences(reply: str) -> Mapping[str, Sequence[str]]:
    """What was said of each id; raises NotStrict."""
    found: dict[str, list[str]] = {}
    for one in read_as(_Answer, reply).reflections:
        found.setdefault(one.id, []).append(one.sentence)
    return found


def _in_words(lesson: Lesson, sentences: Sequence[str]) -> Lesson | None:
    """The lesson with its one sentence made inert; None when there is not one, or too long."""
    if len(sentences) != 1 or len(sentences[0]) > MAX_CHARS:
        return None
    sentence = shown(sentences[0], MAX_CHARS)
    if not sentence:
        return None
    try:
        return Lesson.model_validate({**lesson.model_dump(), "reflection": sentence})
    except ValidationError:
        return None


def _warn_of_rest(
    lessons: Sequence[Lesson],
    told: Mapping[str, Lesson | None],
    sentences: Mapping[str, Sequence[str]],
    warn: Warn,
) -> None:
    if unusable := sum(one is None for one in told.values()):
        warn(_kept(unusable, "the model gave not one sentence that can be used"))
    if unknown := len(sentences.keys() - told.keys()):
        warn(f"The model spoke of {unknown} lessons that it was not asked about.")
    if beyond := len(lessons) - len(told):
        warn(_kept(beyond, f"one call asks about {MAX_LESSONS}"))


def _kept(count: int, why: str) -> str:
    return f"{count} lessons keep the sentence made of their figures: {why}."
