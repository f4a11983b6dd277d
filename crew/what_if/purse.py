"""
What calls that are asked anew may cost, and what they did cost.

Before each call its likely price is set aside, so that tasks that run side by side do not
spend the same money twice. What is used up ends the whole question, not one cycle.
"""

from collections.abc import Collection
from decimal import Decimal
from threading import Lock
from typing import NamedTuple

from crew.models.prices import Prices, cost_usd
from records.errors import BudgetExhausted

_ANSWER_TOKENS = 1000
"""What an answer is taken to cost until it is there."""


class Spent(NamedTuple):
    """What was asked until now, and what it cost."""

    heard: int
    asked: int
    tokens: int
    usd: Decimal
    unpriced: int

    def since(self, before: "Spent") -> "Spent":
        """What came after an earlier look."""
        return Spent(
            self.heard - before.heard,
            self.asked - before.asked,
            self.tokens - before.tokens,
            self.usd - before.usd,
            self.unpriced - before.unpriced,
        )


class Purse:
    """One for the whole question; safe across the threads of a crew."""

    def __init__(
        self,
        prices: Prices,
        budget_usd: Decimal | None = None,
        *,
        agreed_to: Collection[str] | None = None,
        bound: bool = False,
    ) -> None:
        """
        Without a budget nothing is too dear.

        Of models that cost something only those are asked that were `agreed_to` (None: all), and
        others only where a person set the budget (`bound`) and their price is known.
        """
        self.asked = 0
        self.heard = 0
        self.tokens = 0
        self.unpriced = 0
        self.spent_usd = Decimal(0)
        self.used_up = False
        self.refused: str | None = None
        """Why a call of the cycle that is running was refused; who runs it clears this."""
        self._prices = prices
        self._agreed_to = None if agreed_to is None else frozenset(agreed_to)
        self._bound = bound
        self.budget_usd = budget_usd
        self._set_aside = Decimal(0)
        self._lock = Lock()

    @property
    def spent(self) -> Spent:
        with self._lock:
            return Spent(self.heard, self.asked, self.tokens, self.spent_usd, self.unpriced)

    def hear(self) -> None:
        """A call was answered from the recording."""
        with self._lock:
            self.heard += 1

    def begin(self, model: str, prompt_tokens: int) -> Decimal:
        """Set a call's likely price aside and return it; raises BudgetExhausted."""
        price = cost_usd(model, prompt_tokens, _ANSWER_TOKENS, self._prices)
        likely = price or Decimal(0)
        with self._lock:
            if not self._agreed(model, priced=price is not None):
                self.refused = (
                    f"A prompt is not as it was recorded, and nobody agreed to pay {model} for "
                    "another answer. --budget-usd lets models with a price be asked."
                )
                raise BudgetExhausted(self.refused)
            bound = self.spent_usd + self._set_aside + likely
            if self.budget_usd is not None and likely and bound > self.budget_usd:
                self.used_up = True
                raise BudgetExhausted(
                    f"{self.spent_usd:.4f} of {self.budget_usd:f} USD are spent, and the next "
                    "call does not fit in any more. No further model is asked."
                )
            self.asked += 1
            self._set_aside += likely
        return likely

    def _agreed(self, model: str, *, priced: bool) -> bool:
        if self._agreed_to is None or model.startswith("rulebook/"):
            return True
        return model in self._agreed_to or (self._bound and priced)

    def end(
        self, model: str, likely: Decimal, *, prompt_tokens: int, completion_tokens: int
    ) -> None:
        """The call is over, with an answer or without."""
        cost = cost_usd(model, prompt_tokens, completion_tokens, self._prices)
        with self._lock:
            self._set_aside -= likely
            self.tokens += prompt_tokens + completion_tokens
            self.spent_usd += cost or Decimal(0)
            self.unpriced += cost is None
