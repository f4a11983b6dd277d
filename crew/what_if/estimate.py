"""
What a question may cost before it is asked: calls and tokens as they were recorded.

Counted are the recorded calls of every task whose prompt may change, and of all that read
such a task's answer: an upper bound for the recorded cycles. A cycle that had not met and
would now is not in it; the budget holds all the same.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import Field

from crew.models.calls import CallRequest, RecordedReply, read_row
from crew.models.prices import Prices, cost_usd
from crew.settings import Settings
from crew.specs import CrewSpec
from records.base import Amount, Record

_CHARS_PER_TOKEN = 4


class Estimate(Record):
    """Of the calls that may have to be asked anew."""

    cycles: int
    calls: int = Field(description="Of models that cost something.")
    tokens: int
    usd: Amount = Field(description="By llm.prices, as far as they are known.")
    unpriced: tuple[str, ...] = Field(description="Models without a price.")
    free_calls: int = Field(description="Of the rulebook.")
    may_ask: tuple[str, ...] = Field(description="Models that cost something and may be asked.")


@dataclass(frozen=True, slots=True)
class Planned:
    """One cycle's part: who works then and now, by which settings."""

    folder: Path
    before: CrewSpec
    after: CrewSpec
    settings_before: Settings
    settings_after: Settings
    limits_change: bool


def estimate(planned: Sequence[Planned], prices: Prices) -> Estimate:
    """The most that the recorded calls can cost again."""
    calls = tokens = free = 0
    usd = Decimal(0)
    paid: dict[str, bool] = {}
    for one in planned:
        anew = affected(one)
        for model in _paid_models(one, anew):
            paid.setdefault(model, cost_usd(model, 0, 0, prices) is None)
        for request, given in _calls(one.folder, anew):
            model = _model(one, request.task)
            if model.startswith("rulebook/"):
                free += 1
                continue
            prompt, completion = _usage(request, given)
            calls, tokens = calls + 1, tokens + prompt + completion
            usd += cost_usd(model, prompt, completion, prices) or Decimal(0)
    return Estimate(
        cycles=len(planned),
        calls=calls,
        tokens=tokens,
        usd=usd,
        unpriced=tuple(model for model, unpriced in paid.items() if unpriced),
        free_calls=free,
        may_ask=tuple(paid),
    )


def affected(one: Planned) -> frozenset[str]:
    """Tasks whose prompt or model may differ, and whoever reads their answers."""
    found: set[str] = set()
    for name, task in one.after.tasks.items():
        agent, before = one.after.agents[task.agent], one.before.tasks.get(name)
        same = (
            before == task
            and one.before.agents.get(task.agent) == agent
            and (agent.model or one.settings_before.model)
            == (agent.model or one.settings_after.model)
        )
        if one.limits_change or not same or found & set(task.context):
            found.add(name)
    return frozenset(found)


def _paid_models(one: Planned, tasks: Collection[str]) -> Iterator[str]:
    for task in tasks:
        if not (model := _model(one, task)).startswith("rulebook/"):
            yield model


def _model(one: Planned, task: str) -> str:
    spec = one.after.tasks[task]
    return one.after.agents[spec.agent].model or one.settings_after.model


def _calls(folder: Path, tasks: Collection[str]) -> Iterator[tuple[CallRequest, RecordedReply]]:
    file = folder / "models.jsonl"
    for line in file.read_bytes().splitlines() if file.is_file() else ():
        request, given, _whole = read_row(line)
        if request.task in tasks:
            yield request, given


def _usage(request: CallRequest, given: RecordedReply) -> tuple[int, int]:
    used = given.usage or {}
    prompt = int(used.get("prompt_tokens") or 0)
    completion = int(used.get("completion_tokens") or 0)
    if prompt + completion:
        return prompt, completion
    return len(request.text) // _CHARS_PER_TOKEN, len(str(given.reply)) // _CHARS_PER_TOKEN
