"""What the models may cost, asked before each call."""

from decimal import Decimal
from typing import Any

import pytest

from crew.models.answers import BadCall
from crew.models.watch import CallWatch
from records.cycle import ModelUse
from records.errors import BudgetExhausted
from records.risk import Budget

BUDGET = Budget(
    max_calls=3, max_tokens=1000, max_usd=Decimal("0.5"), max_usd_per_day=Decimal(2), max_seconds=60
)


class Listener:
    """What the calls so far came to."""

    def __init__(self, **use: Any) -> None:
        self.use = ModelUse(**use)

    def spent(self) -> ModelUse:
        return self.use

    def finish_reason(self) -> str:
        return "stop"


class Time:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def watch(today: str = "0", time: Time | None = None, **use: Any) -> CallWatch:
    return CallWatch(
        Listener(**use),  # type: ignore[arg-type]
        BUDGET,
        spent_today_usd=Decimal(today),
        redact=str,
        record=lambda _agent, _task, _fault: None,
        clock=time or Time(),
    )


def test_calls_are_counted_before_they_are_made() -> None:
    """Three readers that ask at once must not make it four."""
    asked = watch()
    for _ in range(3):
        asked.before_call()
    with pytest.raises(BudgetExhausted, match=r"budget\.max_calls 3"):
        asked.before_call()


@pytest.mark.parametrize(
    ("today", "use", "name"),
    [
        ("0", {"prompt_tokens": 900, "completion_tokens": 100}, "budget.max_tokens"),
        ("0", {"cost_usd": Decimal("0.5")}, "budget.max_usd 0.5"),
        ("1.9", {"cost_usd": Decimal("0.1")}, "budget.max_usd_per_day"),
        ("2", {}, "budget.max_usd_per_day"),
    ],
)
def test_each_budget_ends_the_deliberation(today: str, use: dict[str, Any], name: str) -> None:
    """The message names the setting that a person would raise."""
    with pytest.raises(BudgetExhausted, match=name):
        watch(today, **use).before_call()


@pytest.mark.parametrize(
    ("today", "use"),
    [
        ("0", {"prompt_tokens": 900, "completion_tokens": 99}),
        ("0", {"cost_usd": Decimal("0.4999")}),
        ("1.89", {"cost_usd": Decimal("0.1")}),
        ("0", {"cost_usd": None}),
    ],
)
def test_just_below_a_budget_the_call_is_made(today: str, use: dict[str, Any]) -> None:
    """A model without a price is bounded by calls, tokens and seconds alone."""
    watch(today, **use).before_call()


def test_the_time_of_a_deliberation_is_bounded() -> None:
    """From when the crew met, on a clock that no one can set."""
    time = Time()
    asked = watch(time=time)
    time.now_s = 59.9
    asked.before_call()
    time.now_s = 60
    with pytest.raises(BudgetExhausted, match=r"budget\.max_seconds 60"):
        asked.before_call()


def test_a_bad_call_is_handed_on() -> None:
    """Who refused, in which task, and why."""
    kept: list[Any] = []
    asked = CallWatch(
        Listener(), BUDGET, spent_today_usd=Decimal(0), redact=str,  # type: ignore[arg-type]
        record=lambda *told: kept.append(told),
    )  # fmt: skip
    fault = BadCall("call_1", "withdraw", "tool_not_offered", "no")
    asked.bad_call("Executor", "execution", fault)

    assert kept == [("Executor", "execution", fault)]
    assert asked.finish_reason() == "stop"
