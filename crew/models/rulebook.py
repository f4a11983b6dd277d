"""
The rulebook: a deterministic model that answers as a language model would.

It is given the messages and tool schemas of a chat completion and answers with tool
calls or with one JSON record. The embedded adapter and the loopback server of the tests
both call `answer`, so a desk without a key and a recorded desk decide alike. It keeps
no state, reads no clock, knows no secret and refuses to decide on what it cannot read.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crew.models.rules_calls import ACTING, ToolCall, ToolCalls, calls, offered, reading_calls
from crew.models.rules_chart import chart_report
from crew.models.rules_note import note, refusal
from crew.models.rules_prompt import Message, Prompt, read_prompt
from crew.models.rules_proposal import trade_proposals
from crew.models.rules_sentiment import sentiment_report
from crew.models.rules_technical import technical_report
from crew.models.rules_temperament import Temperament, TemperamentName, temperament_named
from crew.models.rules_verdict import verdicts
from records.base import Record

__all__ = ["TemperamentName", "ToolCall", "ToolCalls", "answer", "estimated_tokens"]

_READERS: Mapping[str, Callable[[Prompt], Record]] = {
    "TechnicalReport": technical_report,
    "SentimentReport": sentiment_report,
    "ChartReport": chart_report,
}


def answer(
    messages: Sequence[Message],
    tools: Sequence[Mapping[str, Any]] | None,
    temperament: TemperamentName,
) -> ToolCalls | str:
    """Read with every offered tool first; then act or answer the task's record as JSON."""
    thresholds = temperament_named(temperament)
    prompt, schemas = read_prompt(messages), offered(tools)
    if reading := reading_calls(prompt, schemas):
        return reading
    finish = prompt.finish_with or next((name for name in ACTING if name in schemas), None)
    if finish is not None and (finish in schemas or prompt.record is None):
        return _act(finish, prompt, schemas, thresholds)
    return _record(prompt, thresholds).model_dump_json()


def estimated_tokens(text: str) -> int:
    """Four characters to a token, rounded up: an estimate, and never billed."""
    return -(-len(text) // 4)


def _act(
    finish: str, prompt: Prompt, schemas: Mapping[str, Any], temperament: Temperament
) -> ToolCalls | str:
    """Call the acting tool once; what it answered is the answer."""
    if finish in prompt.called:
        return prompt.last_result or refusal(f"{finish} gave no result.").model_dump_json()
    if finish not in schemas or finish not in ACTING:
        return refusal(f"{finish[:60]} is not offered, so nothing was done.").model_dump_json()
    if finish == "submit_verdict":
        submitted = [draft.model_dump(mode="json") for draft in verdicts(prompt, temperament)]
        return calls(prompt, [(finish, {"verdicts": submitted})])
    return calls(prompt, [(finish, {"approval_ids": _approval_ids(prompt)})])


def _approval_ids(prompt: Prompt) -> list[str]:
    """Approvals the gate wrote in this cycle, in its order."""
    outcomes = [
        outcome
        for document in prompt.report("verdict").documents
        for outcome in _listed(document.get("outcomes"))
    ]
    named = (outcome.get("approval_id") for outcome in outcomes)
    return list(dict.fromkeys(name for name in named if isinstance(name, str) and name))


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _record(prompt: Prompt, temperament: Temperament) -> Record:
    if prompt.record == "TradeProposals":
        return trade_proposals(prompt, temperament)
    reader = _READERS.get(prompt.record or "")
    if reader is None:
        return note(prompt)
    if not prompt.shortlist:
        return refusal(f"The task names no market, so there is no {prompt.record} to write.")
    return reader(prompt)
