"""
What a model call costs, as far as `llm.prices` tells; whose price nobody knows, in words.

Prices are settings and never guessed: providers change them, and a wrong one would bind worse
than none. The embedded rulebook costs nothing.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from crew.sections import ModelPrice
from crew.settings import Settings
from crew.specs import CrewSpec
from records.errors import SettingsError
from records.risk import Budget

_BUDGETS = ("max_usd", "max_usd_per_day")

Prices = Mapping[str, ModelPrice]


def cost_usd(
    model: str, prompt_tokens: int, completion_tokens: int, prices: Prices
) -> Decimal | None:
    """USD of one call; None: this model has no price."""
    if _is_free(model):
        return Decimal(0)
    if (price := _price(model, prices)) is None:
        return None
    spent = price.prompt_usd * prompt_tokens + price.completion_usd * completion_tokens
    return spent / 1_000_000


def unpriced(settings: Settings, spec: CrewSpec) -> tuple[str, ...]:
    """The models of this desk whose calls count as 0 USD because they have no price."""
    prices = settings.llm.prices
    asked = dict.fromkeys(_asked(settings, spec))
    return tuple(m for m in asked if not _is_free(m) and _price(m, prices) is None)


def unbound(models: Iterable[str]) -> str:
    """That no USD budget binds these models, and what to set."""
    named = ", ".join(repr(model) for model in models)
    return (
        f"No price of {named} is known, so its calls count as 0 USD: budget.max_usd and "
        "budget.max_usd_per_day cannot bind. Set llm.prices for it (prompt_usd and "
        "completion_usd per million tokens, as its provider tells them)."
    )


def refuse_unbound(settings: Settings, spec: CrewSpec) -> None:
    """
    A USD budget that a person chose must be able to bind; raises SettingsError.

    Chosen is what differs from the default: a recording, too, states every setting.
    """
    budget, shipped = settings.budget, Budget()
    chosen = [name for name in _BUDGETS if getattr(budget, name) != getattr(shipped, name)]
    named = [f"budget.{name}" for name in chosen]
    if named and (models := unpriced(settings, spec)):
        raise SettingsError(
            f"{' and '.join(named)} cannot be kept. {unbound(models)} No cycle was run. "
            f"Or take {' and '.join(named)} out; calls, tokens and seconds still bind then."
        )


def _asked(settings: Settings, spec: CrewSpec) -> Iterable[str]:
    yield from (agent.model or settings.model for agent in spec.agents.values())
    if settings.news.scoring == "model":
        yield settings.scoring_model
    if settings.memory.reflections == "model":
        yield settings.reflecting_model


def _is_free(model: str) -> bool:
    return model.startswith("rulebook/")


def _price(model: str, prices: Prices) -> ModelPrice | None:
    """By its whole name, else with or without the provider before it."""
    if model in prices:
        return prices[model]
    alike = (
        p
        for name, p in prices.items()
        if f"/{model}".endswith(f"/{name}") or f"/{name}".endswith(f"/{model}")
    )
    return next(alike, None)
