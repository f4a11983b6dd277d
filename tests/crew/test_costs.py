"""What the models cost: counted call by call, estimated where nobody tells, never forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crew.listener import CrewListener
from crew.summary import summary
from crew.transcript import Transcript, read
from records.clock import FixedClock
from records.cycle import CycleRecord, ModelUse
from records.errors import LedgerError
from tests.crew.desks import a_desk, one_cycle
from tests.crew.test_cli import desk
from tests.model_server import ModelServer

BUSY = datetime(2026, 11, 3, 1, tzinfo=UTC)
"""A moment of the demo market that is worth a meeting."""

PRICED = 'llm.prices={"openai/rulebook-bold":{"prompt_usd":100,"completion_usd":100}}'
TOLD = {"prompt_tokens": 70, "completion_tokens": 30}


@pytest.fixture
def transcript(tmp_path: Path) -> Iterator[Transcript]:
    with Transcript(tmp_path / "c.jsonl", FixedClock(BUSY)) as opened:
        yield opened


def price(model: str, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """One USD for a hundred tokens of `known`; nobody knows what `other` costs."""
    return Decimal(prompt_tokens + completion_tokens) / 100 if model == "known" else None


def ask(
    listener: CrewListener, model: str = "known", *, usage: Any = TOLD, said: str = "hello"
) -> None:
    """One call and its answer, as CrewAI tells of them."""
    told: dict[str, Any] = {
        "call_id": str(listener.spent().calls), "model": model, "agent_role": "a",
        "task_name": "t",
    }  # fmt: skip
    asked = {"type": "llm_call_started", "messages": "x" * 300, "tools": None}
    answered = {"type": "llm_call_completed", "response": said, "usage": usage}
    for event in (asked, answered):
        listener(None, SimpleNamespace(**told, **event))


def test_a_call_without_a_price_does_not_hide_what_the_others_cost(transcript: Transcript) -> None:
    """Neither from the budget nor from the record."""
    listener = CrewListener(transcript, price)
    for model in ("known", "other", "known"):
        ask(listener, model)

    for use in (listener.spent(), listener.use((("t",),))):
        assert (use.cost_usd, use.calls, use.unpriced_calls) == (Decimal(2), 3, 1)
        assert (use.prompt_tokens, use.completion_tokens) == (210, 90)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_a_provider_that_tells_no_tokens_is_estimated(
    transcript: Transcript, tmp_path: Path, usage: Any
) -> None:
    """Else neither tokens nor USD would bind; three characters a token, and it is said."""
    listener = CrewListener(transcript, price)
    ask(listener, usage=usage, said="y" * 30)
    ask(listener)

    use = listener.spent()
    rows = [row for row in read(tmp_path / "c.jsonl") if row["kind"] == "model_reply"]
    assert use.estimated_calls == 1
    assert use.completion_tokens == 10 + 30
    assert 100 + 70 <= use.prompt_tokens <= 120 + 70
    assert [row["tokens_estimated"] for row in rows] == [True, False]


def test_each_answer_is_accrued_at_once(transcript: Transcript) -> None:
    """And what cannot be kept ends the crew."""
    kept: list[ModelUse] = []
    ask(CrewListener(transcript, price, accrue=kept.append))

    assert [(use.calls, use.cost_usd) for use in kept] == [(1, Decimal(1))]

    def full(use: ModelUse) -> None:
        raise LedgerError("The disk is full.")

    with pytest.raises(LedgerError):
        ask(CrewListener(transcript, price, accrue=full))


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ({"cost_usd": "0.5"}, "100 tokens, 0.5 USD"),
        ({"cost_usd": None}, "100 tokens, price unknown"),
        ({"unpriced_calls": 3}, "100 tokens, price unknown"),
        (
            {"cost_usd": "0.5", "unpriced_calls": 1, "estimated_calls": 1},
            "about 100 tokens, 0.5 USD and 1 calls without a price",
        ),
    ],
)
def test_the_summary_says_what_is_known_of_the_cost(use: dict[str, Any], told: str) -> None:
    """A sum that leaves calls out says so."""
    model = ModelUse(calls=3, rounds=2, prompt_tokens=60, completion_tokens=40, **use)
    record = CycleRecord(
        cycle_id="c", started_at=BUSY, ended_at=BUSY, outcome="hold", venue="demo", mode="paper",
        synthetic=True, symbols=("BTC/USDT",), model=model,
    )  # fmt: skip

    assert f"3 calls in 2 rounds, {told}" in summary(record)


def by_server(server: ModelServer, *assignments: str) -> tuple[str, ...]:
    """Settings of a desk whose models are asked at this server."""
    return (
        "model=openai/rulebook-bold", f"llm.base_url={server.base_url}",
        "llm.api_key=k-abcdefgh12345", "breaker.atr_jump_pct=1000", *assignments,
    )  # fmt: skip


def test_a_cycle_with_an_unpriced_model_says_that_no_usd_budget_binds(tmp_path: Path) -> None:
    """The default budget is no promise then; calls, tokens and seconds still are."""
    with ModelServer() as server:
        record = one_cycle(tmp_path, *by_server(server), at=BUSY)

    with a_desk(tmp_path) as opened:
        warned = [e.message for e in opened.ledger.safety.events(9) if e.kind == "unpriced"]
    assert record.model.calls > 0
    assert record.model.unpriced_calls == record.model.calls
    assert len(warned) == 1
    assert "budget.max_usd_per_day cannot bind. Set llm.prices" in warned[0]


def test_a_crash_loop_stays_within_the_day_s_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a cycle spent before it died counts for the next one of that day."""
    clock = FixedClock(BUSY)

    def bug(*_: object) -> None:
        raise RuntimeError("a bug after the meeting")

    with ModelServer() as server:
        wanted = by_server(server, PRICED, "budget.max_usd_per_day=0.1", "budget.max_usd=100")
        with monkeypatch.context() as patched:
            patched.setattr("crew.cycle.decided", bug)
            patched.setattr("crew.cycle.interrupted", bug)
            with pytest.raises(RuntimeError):
                one_cycle(tmp_path, *wanted, at=clock)
        asked = len(server.bodies)
        clock.advance(minutes=3)
        record = one_cycle(tmp_path, *wanted, at=clock)

        assert asked > 0
        assert len(server.bodies) == asked
    assert (record.outcome, record.hold_reason) == ("hold", "budget")


def test_doctor_tells_of_a_model_without_a_price(tmp_path: Path) -> None:
    """Before money is spent, and with the setting to write."""
    environment = {"MODEL": "openai/gpt-x", "OPENAI_API_KEY": "sk-test-Zq8xYw4T"}

    ended = desk("doctor", home=tmp_path, environment=environment)
    strict = desk(
        "doctor", home=tmp_path, environment=environment | {"DESK_BUDGET__MAX_USD": "0.5"}
    )

    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert "budget.max_usd_per_day cannot bind. Set llm.prices" in ended.stdout
    assert strict.returncode == 2
    assert "budget.max_usd cannot be kept" in strict.stdout + strict.stderr
