"""
Scores of headlines by a model: one batched call in a cycle, and none for what it scored before.

The model gets titles and summaries inside the untrusted fence, no tools, and a strict form for
its answer. An answer that is not exactly one score from -1 to 1 for each item that was asked
about is thrown away whole. Whatever goes wrong, the local scores stand, and the reading says
so: a model that fails is never a reason to end a cycle.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol

from pydantic import Field, SecretStr

from records.base import Ratio, Record
from records.errors import BudgetExhausted
from records.strict import NotStrict, read_as
from records.table import answer
from tools.news.fence import fenced, shown
from tools.news.item import NewsItem, NewsReading
from tools.news.score_cache import ScoreCache

SCHEMA_NAME = "news_scores"
MAX_ITEMS = 40
MAX_CHARS = 12_000
_TITLE_CHARS, _SUMMARY_CHARS = 160, 240
_PROMPT = Path(__file__).with_name("scoring_prompt.txt")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "scores": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "score": {"type": "number"}},
                "required": ["id", "score"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["scores"],
    "additionalProperties": False,
}

Messages = Sequence[Mapping[str, str]]


class Form(NamedTuple):
    """What an answer must look like: a JSON schema, by a name."""

    name: str
    schema: Mapping[str, Any]
    max_tokens: int = 4_000


_FORM = Form(SCHEMA_NAME, _SCHEMA)


class OpenCall(Protocol):
    """A call that was counted and put on record, and has not ended yet."""

    def answered(
        self, reply: str, *, prompt_tokens: int, completion_tokens: int, finish_reason: str | None
    ) -> None:
        """It ended with an answer, which cost this."""

    def failed(self, error: str) -> None:
        """It ended without one."""


class ModelCalls(Protocol):
    """The desk's budget and transcript, as far as this call needs them."""

    def ask(self, model: str, messages: Messages) -> OpenCall:
        """Count a call that is about to be made; raises BudgetExhausted, and it is not made."""


class ScoringModel(Record):
    """Who is asked: a model behind the OpenAI protocol."""

    name: Annotated[str, Field(min_length=1)] = Field(description="With its provider.")
    base_url: str | None = None
    api_key: SecretStr | None = None
    timeout_s: Annotated[float, Field(gt=0)]

    @property
    def mark(self) -> str:
        """Changes with the model, its address and the prompt: what a score was made by."""
        made_by = f"{self.base_url}\n{self.name}\n{_PROMPT.read_text(encoding='utf-8')}"
        return sha256(made_by.encode()).hexdigest()[:12]


class _One(Record):
    id: Annotated[str, Field(max_length=40)]
    score: Annotated[Ratio, Field(ge=-1, le=1)]


class _Answer(Record):
    scores: Annotated[tuple[_One, ...], Field(max_length=MAX_ITEMS)]


class Unusable(ValueError):
    """The model gave no usable answer; the message says why in our own words."""


class ModelScorer:
    """Scores readings with one model, and remembers what it said."""

    def __init__(self, model: ScoringModel, folder: Path, calls: ModelCalls) -> None:
        """Nothing is asked or read yet; `folder` is where scores are remembered."""
        self._model = model
        self._cache = ScoreCache(folder / "news_scores.json", model.mark)
        self._calls = calls

    def __call__(self, reading: NewsReading, cycle_id: str) -> NewsReading:
        """The reading with this model's scores, or with the local ones and the reason why."""
        known = dict(self._cache.scores())
        new = [item for item in reading.items if item.id not in known]
        asked, findings = _batch(new), []
        if asked:
            try:
                given = self._ask(asked, cycle_id)
                self._cache.add(given)
                known |= given
            except BudgetExhausted:
                findings.append("the budget for models is used up; new items have local scores")
            except Unusable as error:
                findings.append(f"the model gave no scores ({error}); new items have local scores")
        if len(asked) < len(new):
            findings.append(f"{len(new) - len(asked)} items beyond one call have local scores")
        items = tuple(
            item.model_copy(update={"model_score": known.get(item.id)}) for item in reading.items
        )
        return reading.model_copy(
            update={"items": items, "scoring": "model", "findings": tuple(findings)}
        )

    def _ask(self, asked: Mapping[str, Mapping[str, str]], cycle_id: str) -> dict[str, float]:
        body = answer({"items": list(asked.values())})
        messages = [
            {"role": "system", "content": _PROMPT.read_text(encoding="utf-8").strip()},
            {"role": "user", "content": fenced(body, cycle_id=cycle_id)},
        ]
        call = self._calls.ask(self._model.name, messages)
        return _scores(reply_of(self._model, messages, call, _FORM), frozenset(asked))


def _batch(new: Sequence[NewsItem]) -> dict[str, dict[str, str]]:
    """What is asked about: the newest items, as many as one call may hold."""
    batch: dict[str, dict[str, str]] = {}
    room = MAX_CHARS
    for item in new[:MAX_ITEMS]:
        row = {
            "id": item.id,
            "title": shown(item.title, _TITLE_CHARS),
            "summary": shown(item.summary, _SUMMARY_CHARS),
        }
        room -= len(answer(row)) + 1
        if room < 0:
            break
        batch[item.id] = row
    return batch


def _scores(reply: str, asked: frozenset[str]) -> dict[str, float]:
    """The scores of a reply, when they are exactly what was asked for; raises Unusable."""
    try:
        given = read_as(_Answer, reply).scores
    except NotStrict:
        raise Unusable("its answer was refused: it was not of the form asked for") from None
    scores = {one.id: one.score for one in given}
    if len(scores) != len(given):
        raise Unusable("it scored an item twice")
    if scores.keys() != asked:
        unknown, missing = len(scores.keys() - asked), len(asked - scores.keys())
        raise Unusable(f"it named {unknown} unknown items and left out {missing}")
    return scores


def reply_of(model: ScoringModel, messages: Messages, call: OpenCall, form: Form) -> str:
    """The text the model answered; raises Unusable, and has told the call either way."""
    from openai import LengthFinishReasonError, OpenAIError

    try:
        raw = _invoked(model, messages, form)
    except LengthFinishReasonError as error:
        spent = error.completion.usage
        call.answered(
            "",
            prompt_tokens=spent.prompt_tokens if spent else 0,
            completion_tokens=spent.completion_tokens if spent else 0,
            finish_reason="length",
        )
        raise Unusable("its answer was cut off") from None
    except (OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
        # the last four: what the client raises on answers that are no chat completion
        call.failed(f"{type(error).__name__}: {error}")
        raise Unusable(f"it could not be asked: {type(error).__name__}") from None
    usage, reply = raw.usage_metadata or {}, raw.content
    call.answered(
        reply if isinstance(reply, str) else str(reply),
        prompt_tokens=int(usage.get("input_tokens") or 0),
        completion_tokens=int(usage.get("output_tokens") or 0),
        finish_reason=raw.response_metadata.get("finish_reason"),
    )
    if not isinstance(reply, str):
        raise Unusable("its answer was no text")
    return reply


def _invoked(model: ScoringModel, messages: Messages, form: Form) -> Any:
    """The model's own message. It was given no tools, and nothing of it goes to a tracer."""
    import httpx
    from langchain_openai import ChatOpenAI
    from langsmith import tracing_context

    with tracing_context(enabled=False), httpx.Client(timeout=model.timeout_s) as http:
        chat = ChatOpenAI(
            model=model.name.partition("/")[2],
            base_url=model.base_url,
            api_key=model.api_key,
            timeout=model.timeout_s,
            max_retries=0,
            max_completion_tokens=form.max_tokens,
            use_responses_api=False,
            http_client=http,
        )
        # with_structured_output would bind the same and then parse the answer as well, in
        # quadratic time: 70,000 brackets took it two minutes
        strict = {"name": form.name, "strict": True, "schema": dict(form.schema)}
        asking = chat.bind(response_format={"type": "json_schema", "json_schema": strict})
        return asking.invoke([dict(message) for message in messages])
