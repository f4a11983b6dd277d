"""Between a model and CrewAI: what is not exactly right does not get through, and is told once."""

import json
import tracemalloc
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import pytest
from crewai.llms.base_llm import BaseLLM
from pydantic import BaseModel, ConfigDict, PrivateAttr

from crew.models.answers import BadCall, canonical, read_call
from crew.models.guarded import GuardedLLM
from records.base import Figure
from records.errors import AnswerRefused, BudgetExhausted, ModelFailed
from records.strict import NotStrict, one_object
from tools.orders.tool import PlaceOrderArgs


class Args(BaseModel):
    """One argument, no other."""

    model_config = ConfigDict(extra="forbid")

    size: float | str


class Priced(BaseModel):
    """A figure that is read as the desk reads them."""

    size: Figure


OFFERED = {"get_size": Args, "place_order": PlaceOrderArgs}
TASK = SimpleNamespace(name="execution")


class Says(BaseLLM):
    """A model that gives these replies, one a call."""

    llm_type: str = "says"
    _replies: list[Any] = PrivateAttr()
    _asked: list[Any] = PrivateAttr()

    def __init__(self, *replies: Any) -> None:
        super().__init__(model="says")
        self._replies, self._asked = list(replies), []

    def call(self, messages: Any, *_args: Any, **_more: Any) -> Any:
        self._asked.append(messages)
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Guard:
    """Keeps what it was told; budget and reasons as the test wants them."""

    def __init__(self, *, calls: int = 9, reason: str | None = "stop") -> None:
        self.calls, self.reason = calls, reason
        self.told: list[tuple[str, str, BadCall]] = []

    def before_call(self) -> None:
        if self.calls <= 0:
            raise BudgetExhausted("used up")
        self.calls -= 1

    def finish_reason(self) -> str | None:
        return self.reason

    def redact(self, text: str) -> str:
        return text.replace("sk-secret", "[redacted]")

    def bad_call(self, agent: str, task: str, fault: BadCall) -> None:
        self.told.append((agent, task, fault))


def call(name: str, arguments: Any, call_id: str = "call_1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def ask(*replies: Any, guard: Guard | None = None, offered: Any = OFFERED) -> Any:
    llm = GuardedLLM(Says(*replies), guard or Guard(), agent="Executor", offered=offered)
    return llm.call([{"role": "user", "content": "go"}], from_task=TASK)


def test_a_good_call_goes_on_with_every_digit() -> None:
    """CrewAI reads arguments as floats; a size must not lose its last digit on the way."""
    (passed,) = ask([call("get_size", '{"size": 0.0100000000000000000009}')])

    assert passed["function"]["name"] == "get_size"
    assert json.loads(passed["function"]["arguments"]) == {"size": "0.0100000000000000000009"}


@pytest.mark.parametrize(
    ("description", "name", "arguments", "code"),
    [
        ("a tool of another agent", "submit_verdict", "{}", "tool_not_offered"),
        ("a tool that does not exist", "withdraw", '{"amount": "all"}', "tool_not_offered"),
        ("a name that CrewAI would mend", "functions.place_order ", "{}", "tool_not_offered"),
        ("a name in capitals", "Get_Size", '{"size": 1}', "tool_not_offered"),
        ("an empty name", "", '{"size": 1}', "tool_not_offered"),
        ("a key that stands twice", "get_size", '{"size": 1, "size": 2}', "bad_arguments"),
        ("no number", "get_size", '{"size": NaN}', "bad_arguments"),
        ("cut off", "get_size", '{"size": 58', "bad_arguments"),
        ("an object in a string", "get_size", '"{\\"size\\": 1}"', "bad_arguments"),
        ("a list", "get_size", '[{"size": 1}]', "bad_arguments"),
        ("two objects", "get_size", '{"size": 1}{"size": 2}', "bad_arguments"),
        ("prose around it", "get_size", 'so: {"size": 1}', "bad_arguments"),
        ("an unknown field", "get_size", '{"size": 1, "mode": "live"}', "bad_arguments"),
        ("a missing field", "get_size", "{}", "bad_arguments"),
        ("nothing", "get_size", "", "bad_arguments"),
        ("2 MB", "get_size", '{"size": "' + "x" * 2_000_000 + '"}', "bad_arguments"),
        ("100,000 brackets", "get_size", '{"size": ' + "[" * 100_000, "bad_arguments"),
    ],
)
def test_a_bad_call_is_told_once_and_then_ends_the_task(
    description: str, name: str, arguments: str, code: str
) -> None:
    """A model may slip once; one that insists is not asked for ever."""
    guard, bad = Guard(), [call(name, arguments)]

    with pytest.raises(AnswerRefused):
        ask(bad, bad, guard=guard)

    assert [(agent, task, fault.code) for agent, task, fault in guard.told] == [
        ("Executor", "execution", code)
    ] * 2, description
    assert guard.calls == 7


def test_the_model_is_told_what_was_wrong_and_may_do_better() -> None:
    """The bad arguments themselves are not sent back: some providers refuse such a history."""
    inner = Says([call("get_size", '{"size": NaN}')], [call("get_size", '{"size": 1}')])
    llm = GuardedLLM(inner, Guard(), agent="Executor", offered=OFFERED)
    (passed,) = llm.call("go", from_task=TASK)

    assert json.loads(passed["function"]["arguments"]) == {"size": 1}
    first, again = inner._asked
    assert first == [{"role": "user", "content": "go"}]
    assert again[1]["tool_calls"][0]["function"] == {"name": "get_size", "arguments": "{}"}
    told = json.loads(again[2]["content"])["error"]
    assert told["code"] == "bad_arguments"
    assert "NaN is not a number" in told["message"]


def test_of_a_turn_with_one_bad_call_none_is_run() -> None:
    """What the others were meant for is not known any more."""
    good, bad = call("get_size", '{"size": 1}', "a"), call("withdraw", "{}", "b")
    inner = Says([good, bad], "fine")
    llm = GuardedLLM(inner, Guard(), agent="Executor", offered=OFFERED)

    assert llm.call("go", from_task=TASK) == "fine"
    codes = [json.loads(m["content"])["error"]["code"] for m in inner._asked[1][2:]]
    assert codes == ["not_run", "tool_not_offered"]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("A" * 2_000_000, "larger than"),
        ("€" * 30_000, "larger than"),
        ('{"a": "\ud800"}', "half characters"),
        ([], "no tool"),
    ],
)
def test_a_text_that_cannot_be_an_answer_is_refused(reply: Any, word: str) -> None:
    """Before CrewAI looks for actions in it, which takes long on megabytes."""
    with pytest.raises(AnswerRefused, match=word):
        ask(reply, reply)


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "content_filter"])
def test_an_answer_that_was_cut_off_is_refused_whatever_it_says(reason: str) -> None:
    """It may look whole: `"stop": 588` is valid JSON when the last digits are missing."""
    with pytest.raises(AnswerRefused, match="cut off"):
        ask('{"proposals": []}', guard=Guard(reason=reason))
    with pytest.raises(AnswerRefused, match="cut off"):
        ask([call("get_size", '{"size": 1}')], guard=Guard(reason=reason))


def test_secrets_are_taken_out_of_what_a_model_says() -> None:
    """What it said goes into prompts of others, the ledger and CrewAI's own files."""
    assert ask("the key is sk-secret") == "the key is [redacted]"
    (passed,) = ask([call("get_size", '{"size": "sk-secret"}')])
    assert "sk-secret" not in passed["function"]["arguments"]


def test_no_call_is_made_beyond_the_budget() -> None:
    """Asked before each call, the second try included."""
    with pytest.raises(BudgetExhausted):
        ask("never said", guard=Guard(calls=0))
    with pytest.raises(BudgetExhausted):
        ask([call("withdraw", "{}")], "never said", guard=Guard(calls=1))


def test_a_model_that_cannot_call_tools_is_not_asked_to_write_them_as_prose() -> None:
    """CrewAI would go on with a text protocol and a repairing parser."""
    with pytest.raises(ModelFailed, match="cannot call tools") as refused:
        ask(ValueError("this model does not support tools"))
    assert "does not support tools" not in str(refused.value)
    with pytest.raises(ConnectionError):
        ask(ConnectionError("refused"))


def test_a_guarded_model_always_calls_tools_natively() -> None:
    """The question decides whether CrewAI parses calls out of prose."""
    llm = GuardedLLM(Says("x"), Guard(), agent="Executor", offered={})
    assert llm.supports_function_calling() is True
    assert llm.get_context_window_size() > 0


@pytest.mark.parametrize(
    "spelled",
    [
        call("get_size", '{"size": 1}'),
        {"call_id": "call_1", "id": "fc_1", "name": "get_size", "arguments": '{"size": 1}'},
        {"toolUseId": "call_1", "name": "get_size", "input": {"size": 1}},
        SimpleNamespace(
            id="call_1", function=SimpleNamespace(name="get_size", arguments='{"size": 1}')
        ),
        SimpleNamespace(id="call_1", name="get_size", input={"size": 1}),
        SimpleNamespace(function_call=SimpleNamespace(name="get_size", args={"size": 1})),
    ],
    ids=["chat", "responses", "bedrock", "openai", "anthropic", "gemini"],
)
def test_every_provider_s_spelling_of_a_call_is_read(spelled: Any) -> None:
    """Six of them are in use; a seventh is refused, not guessed."""
    found = read_call(spelled, OFFERED)
    assert not isinstance(found, BadCall)
    assert (found.name, dict(found.arguments)) == ("get_size", {"size": 1})


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_taken_for_a_missing_one(odd: float) -> None:
    """As null it would have meant: the whole position."""
    found = read_call(SimpleNamespace(id="c", name="get_size", input={"size": odd}), OFFERED)
    assert isinstance(found, BadCall)
    assert found.code == "bad_arguments"


def test_a_number_that_is_refused_when_it_is_read_again_is_refused_at_once() -> None:
    """Written out, 1e80 is longer than any tool takes."""
    found = read_call(call("get_size", '{"size": 1e80}'), {"get_size": Priced})
    assert isinstance(found, BadCall)
    assert "plain decimal" in found.message


@pytest.mark.parametrize("spelled", [{}, {"function": 7}, SimpleNamespace(), "place_order", None])
def test_what_is_no_call_is_refused(spelled: Any) -> None:
    """Nothing is run for a thing without a name."""
    found = read_call(spelled, OFFERED)
    assert isinstance(found, BadCall)
    assert found.code == "tool_not_offered"


def test_numbers_keep_their_digits_and_whole_ones_their_kind() -> None:
    """Decimals as strings; a whole number stays one, for arguments that count."""
    written = canonical(one_object('{"a": 1, "b": 1.10, "c": [2e-3], "d": null, "e": "x"}'))
    assert json.loads(written) == {"a": 1, "b": "1.10", "c": ["0.002"], "d": None, "e": "x"}


@pytest.mark.parametrize(
    "hostile",
    ["A" * 2_097_152, "[" * 100_000, '{"a":' * 100_000, "{" * 100_000 + '"' * 100_000],
    ids=["2 MB", "100,000 brackets", "100,000 objects", "quotes"],
)
def test_oversize_and_depth_are_refused_at_once_and_cheaply(hostile: str) -> None:
    """Each in less than 100 ms, all in 64 MB: a model must not be able to hold a cycle up."""
    tracemalloc.start()
    began = perf_counter()
    with pytest.raises(AnswerRefused):
        ask(hostile)
    fault = read_call(call("get_size", hostile), OFFERED)
    with pytest.raises(NotStrict):
        one_object(hostile)
    took_ms = (perf_counter() - began) * 1000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert isinstance(fault, BadCall)
    assert took_ms < 3 * 100
    assert most < 64 * 1024 * 1024
