"""What a call costs, whose price nobody knows, and which budget that leaves without force."""

from decimal import Decimal
from pathlib import Path

import pytest

from crew.models.prices import cost_usd, unpriced
from crew.sections import ModelPrice
from records.errors import SettingsError
from records.risk import Budget
from tests.crew.desks import a_desk

PRICE = ModelPrice(prompt_usd=Decimal(3), completion_usd=Decimal(15))
MODEL = ("model=openai/gpt-x", "llm.api_key=k-abcdefgh12345")
PRICED = 'llm.prices={"openai/gpt-x":{"prompt_usd":3,"completion_usd":15}}'


def without_price(home: Path, *assignments: str) -> tuple[str, ...]:
    """The models without a price of a desk that opens with these settings."""
    with a_desk(home, *assignments) as desk:
        return unpriced(desk.settings, desk.spec)


@pytest.mark.parametrize(
    ("model", "named", "usd"),
    [
        ("openai/gpt-x", "openai/gpt-x", "0.018"),
        ("gpt-x", "openai/gpt-x", "0.018"),
        ("openai/gpt-x", "gpt-x", "0.018"),
        ("openai/gpt-x", "openrouter/gpt-x", None),
        ("openai/gpt-x", "x", None),
        ("rulebook/bold", "openai/gpt-x", "0"),
    ],
)
def test_a_price_counts_with_or_without_its_provider(
    model: str, named: str, usd: str | None
) -> None:
    """CrewAI tells some models without it; the price of another provider's is not this one's."""
    cost = cost_usd(model, 1000, 1000, {named: PRICE})

    assert cost == (None if usd is None else Decimal(usd))


def test_only_models_that_are_asked_and_cost_money_need_a_price(tmp_path: Path) -> None:
    """An agent's own model, and the one that scores headlines, are asked too."""
    scoring = ("news.scoring=model", "news.model=openai/small")

    assert without_price(tmp_path, *MODEL, *scoring) == ("openai/gpt-x", "openai/small")
    assert without_price(tmp_path, *MODEL, PRICED) == ()
    assert without_price(tmp_path) == ()


@pytest.mark.parametrize("name", ["budget.max_usd", "budget.max_usd_per_day"])
def test_a_usd_budget_that_a_person_chose_must_be_able_to_bind(tmp_path: Path, name: str) -> None:
    """Else they would believe in a limit that is none; the message says what to write."""
    with pytest.raises(SettingsError, match=rf"{name} cannot be kept.*Set llm\.prices"):
        without_price(tmp_path, *MODEL, f"{name}=0.5")
    assert without_price(tmp_path, *MODEL, f"{name}=0.5", PRICED) == ()
    assert without_price(tmp_path, f"{name}=0.5") == ()


def test_the_shipped_usd_budgets_stop_no_desk(tmp_path: Path) -> None:
    """Also when they are written out, as a recording writes every setting."""
    shipped = Budget()
    written = (
        f"budget.max_usd={shipped.max_usd}",
        f"budget.max_usd_per_day={shipped.max_usd_per_day}",
    )

    assert without_price(tmp_path, *MODEL, *written) == ("openai/gpt-x",)
