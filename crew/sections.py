"""
The sections of desk.yaml that are not records: markets, paper account, screen, news, models.

The limits of the gate, the protections, the breaker and the budget stand in records, because
tools get them handed in. Nothing here reads a file or a variable.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from records.base import Amount, NonNegativeAmount, PositiveAmount, UtcTime
from records.interval import interval_ms
from records.risk import Percent


class Section(BaseModel):
    """A part of desk.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DemoSettings(Section):
    """The synthetic market."""

    seed: Annotated[int, Field(ge=0, lt=2**63, description="The same seed is the same market.")] = 7


class ReplaySettings(Section):
    """A market read from candle files, with its own clock."""

    files: tuple[str, ...] = Field(default=(), description="Paths or globs, from the checkout.")
    start: UtcTime | None = Field(default=None, description="Market time of the first cycle.")
    step: str = Field(default="1h", description="Market time from one cycle to the next.")

    @property
    def step_delta(self) -> timedelta:
        return timedelta(milliseconds=interval_ms(self.step))


class PaperSettings(Section):
    """The paper account."""

    cash: PositiveAmount = Field(default=Decimal(10_000), description="What it starts with.")
    maker_fee_pct: NonNegativeAmount = Field(
        default=Decimal("0.02"), description="Fee of a resting limit order, percent."
    )
    taker_fee_pct: NonNegativeAmount = Field(
        default=Decimal("0.05"), description="Fee of every other order, percent."
    )
    slippage_pct: NonNegativeAmount = Field(
        default=Decimal("0.02"), le=10, description="What a taker loses beyond the book, percent."
    )
    volume_share_pct: Percent = Field(
        default=Decimal(10), description="Share of a candle's volume an order may get, percent."
    )
    funding_rate_pct: Amount = Field(
        default=Decimal("0.01"),
        ge=-5,
        le=5,
        description="Funding where the venue names none, percent every 8 h; longs pay it.",
    )
    liquidation_fee_pct: NonNegativeAmount = Field(
        default=Decimal("1.25"), le=10, description="Fee of a liquidation, percent of its value."
    )


class ScreenSettings(Section):
    """Which markets deserve the crew."""

    min_strength: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="How many of five indicators must agree."
    )
    max_shortlist: Annotated[int, Field(ge=1, le=20)] = Field(
        default=3, description="Markets the crew sees, besides open positions."
    )


class NewsSettings(Section):
    """Where headlines come from. `sample` is the bundled, fictional feed."""

    feeds: tuple[str, ...] | None = Field(
        default=None, description="RSS or Atom addresses; null: sample on demo, none on replay."
    )
    allow_private_addresses: bool = Field(
        default=False, description="Also read feeds on this machine or its private network."
    )


class ContextSettings(Section):
    """Figures that no venue gives. Asked on real markets alone, not on demo and replay."""

    fear_greed_url: str | None = Field(
        default="https://api.alternative.me/fng/?limit=1",
        description="Where the Fear & Greed index is read, for the breaker; null: nowhere.",
    )
    allow_private_addresses: bool = Field(
        default=False, description="Also read from this machine or its private network."
    )


class ModelPrice(Section):
    """What a provider charges, in USD per million tokens."""

    prompt_usd: NonNegativeAmount
    completion_usd: NonNegativeAmount


class LlmSettings(Section):
    """How models are called."""

    base_url: str | None = Field(default=None, description="An OpenAI-compatible address.")

    api_key: SecretStr | None = Field(default=None, description="Better set in the environment.")
    timeout_s: Annotated[int, Field(ge=1, le=600, description="Until a call is given up.")] = 60
    max_turns: Annotated[
        int, Field(ge=2, le=25, description="Calls an agent may make in a task.")
    ] = 5
    stream: bool = Field(default=False, description="Answers arrive piece by piece.")
    prices: Mapping[str, ModelPrice] = Field(
        default_factory=dict, description="USD per million tokens, by model, for the summary."
    )

    @field_validator("base_url")
    @classmethod
    def _without_password(cls, base_url: str | None) -> str | None:
        if base_url is not None and "@" in urlsplit(base_url).netloc:
            raise ValueError("an address with a name or password in it; use the api_key")
        return base_url
