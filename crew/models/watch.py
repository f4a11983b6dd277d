"""
Watches over the model calls of one crew: what they may cost, and what they must not hold.

Checked before each call, for calls, tokens, money and time of this cycle and for money of
this day. A budget that is used up ends the deliberation as a hold; it is no failure.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from threading import Lock
from time import monotonic
from typing import Any

from crew.listener import CrewListener
from crew.models.answers import BadCall
from records.errors import BudgetExhausted
from records.risk import Budget

BadCallRecorder = Callable[[str, str, BadCall], None]
"""(agent, task, what was refused) -> put on record."""


class CallWatch:
    """Keeps crew.models.guarded.Guard for one crew; safe across its threads."""

    def __init__(
        self,
        listener: CrewListener,
        budget: Budget,
        *,
        spent_today_usd: Decimal,
        redact: Callable[[str], str],
        record: BadCallRecorder,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._listener = listener
        self._budget = budget
        self._spent_today_usd = spent_today_usd
        self._record = record
        self._clock = clock
        self._began = clock()
        self._asked = 0
        self._lock = Lock()
        self.redact = redact

    def before_call(self) -> None:
        """Count the call, or refuse it; raises BudgetExhausted."""
        with self._lock:
            if (reached := self._reached()) is not None:
                raise BudgetExhausted(
                    f"The budget is used up: {reached}. The model was not asked any more and "
                    "nothing more is opened. Raise the budget in desk.yaml, or wait."
                )
            self._asked += 1

    def finish_reason(self) -> str | None:
        return self._listener.finish_reason()

    def usage(self) -> Mapping[str, Any] | None:
        return self._listener.usage()

    def bad_call(self, agent: str, task: str, fault: BadCall) -> None:
        self._record(agent, task, fault)

    def _reached(self) -> str | None:
        budget, use = self._budget, self._listener.spent()
        usd, seconds = use.cost_usd or Decimal(0), self._clock() - self._began
        tokens = use.prompt_tokens + use.completion_tokens
        if self._asked >= budget.max_calls:
            return f"{self._asked} of budget.max_calls {budget.max_calls} model calls"
        if tokens >= budget.max_tokens:
            return f"{tokens} of budget.max_tokens {budget.max_tokens}"
        if usd >= budget.max_usd:
            return f"{usd:.4f} of budget.max_usd {budget.max_usd}"
        if self._spent_today_usd + usd >= budget.max_usd_per_day:
            today = self._spent_today_usd + usd
            return f"{today:.4f} of budget.max_usd_per_day {budget.max_usd_per_day}"
        if seconds >= budget.max_seconds:
            return f"{seconds:.0f} s of budget.max_seconds {budget.max_seconds}"
        return None
