"""A budget that binds before the money is gone."""

from decimal import Decimal

import pytest

from crew.sections import ModelPrice
from crew.what_if.purse import Purse
from records.errors import BudgetExhausted

MODEL = "openai/gpt-4.1-mini"
PRICES = {MODEL: ModelPrice(prompt_usd=Decimal(1), completion_usd=Decimal(2))}
"""A thousand tokens in and a thousand out cost 0.003 USD."""


def test_a_call_that_does_not_fit_is_not_made() -> None:
    """0.0045 pays for one call of 0.003, not for two."""
    purse = Purse(PRICES, Decimal("0.0045"))
    likely = purse.begin(MODEL, 1000)
    purse.end(MODEL, likely, prompt_tokens=1000, completion_tokens=1000)

    with pytest.raises(BudgetExhausted, match="No further model is asked"):
        purse.begin(MODEL, 1000)

    assert (purse.asked, purse.spent_usd, purse.used_up) == (1, Decimal("0.003"), True)


def test_tasks_side_by_side_do_not_spend_the_same_money() -> None:
    """The second call is refused while the first is still on its way."""
    purse = Purse(PRICES, Decimal("0.0045"))
    purse.begin(MODEL, 1000)

    with pytest.raises(BudgetExhausted):
        purse.begin(MODEL, 1000)


def test_a_failed_call_gives_back_what_was_set_aside() -> None:
    """Nothing was answered, nothing is owed."""
    purse = Purse(PRICES, Decimal("0.0045"))
    purse.end(MODEL, purse.begin(MODEL, 1000), prompt_tokens=0, completion_tokens=0)

    assert purse.begin(MODEL, 1000) == Decimal("0.003")
    assert purse.spent_usd == 0


def test_the_rulebook_is_free_even_with_nothing_to_spend() -> None:
    """A budget of zero means: ask nobody who costs something."""
    purse = Purse(PRICES, Decimal(0))
    purse.begin("rulebook/balanced", 5000)

    with pytest.raises(BudgetExhausted):
        purse.begin(MODEL, 1)


def test_calls_without_a_price_are_counted() -> None:
    """Free and unknown are not the same."""
    purse = Purse({})
    purse.end(MODEL, purse.begin(MODEL, 10), prompt_tokens=10, completion_tokens=5)

    assert (purse.unpriced, purse.tokens, purse.spent_usd) == (1, 15, 0)


def test_a_model_nobody_agreed_to_is_not_asked() -> None:
    """A prompt that changed unforeseen must not become a bill; the question itself goes on."""
    purse = Purse(PRICES, agreed_to=())

    with pytest.raises(BudgetExhausted, match=rf"nobody agreed to pay {MODEL}"):
        purse.begin(MODEL, 10)

    assert (purse.asked, purse.used_up) == (0, False)
    assert "nobody agreed to pay" in (purse.refused or "")
    purse.begin("rulebook/balanced", 10)
    Purse(PRICES, agreed_to=(MODEL,)).begin(MODEL, 10)


def test_a_budget_that_a_person_set_is_agreement_where_prices_are_known() -> None:
    """Without a price nothing bounds the bill."""
    Purse(PRICES, Decimal(1), agreed_to=(), bound=True).begin(MODEL, 10)

    with pytest.raises(BudgetExhausted, match="nobody agreed"):
        Purse({}, Decimal(1), agreed_to=(), bound=True).begin(MODEL, 10)
