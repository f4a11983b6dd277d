"""
The sections of desk.yaml that are not records: markets, paper account, screen, news, models.

The limits of the gate, the protections, the breaker and the budget stand in records, because
tools get them handed in. Nothing here reads a file or a variable.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from crew.yaml_file import did_you_mean
from records.base import Amount, NonNegativeAmount, PositiveAmount, UtcTime
from records.interval import interval_ms
from records.risk import Percent
from records.signal import Strategy
from tools.indicators.extra import EXTRAS, MOST_EXTRAS, REFUSED, ExtraName


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


class RecordingSettings(Section):
    """How many recorded cycles stay on the disk; the oldest are removed first."""

    max_mb: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=500, description="Megabytes of all recordings together."
    )
    max_cycles: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=500, description="Recorded cycles."
    )
    kept: tuple[str, ...] = Field(
        default=(), description="Cycle ids whose recordings are never removed."
    )


class WhatIfSettings(Section):
    """How decisions are held against what the market did next."""

    horizons_h: Annotated[
        tuple[Annotated[float, Field(gt=0, le=720)], ...], Field(min_length=1, max_length=6)
    ] = Field(default=(1.0, 4.0, 24.0), description="Hours after which a decision is looked at.")
    until_h: Annotated[float, Field(gt=0, le=2160)] = Field(
        default=168.0, description="Hours for which its stop or target is waited for."
    )


class MemorySettings(Section):
    """What the desk learns from, and when."""

    horizons_h: Annotated[
        tuple[Annotated[int, Field(ge=1, le=720)], ...], Field(min_length=1, max_length=6)
    ] = Field(
        default=(1, 4, 24),
        description="Hours after which a decision is held against the market.",
    )
    enabled: bool = Field(
        default=True, description="Whether agents are told of past lessons; they are kept anyway."
    )
    half_life_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        default=90.0, description="Days after which a lesson counts half as much."
    )
    max_lessons: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=10_000, description="Only the newest so many are recalled."
    )
    reflections: Literal["off", "template", "model"] = Field(
        default="template",
        description="A lesson's sentence: none, made of its figures, or asked for in one call.",
    )
    reflection_model: str | None = Field(
        default=None,
        description="Who is asked, such as openai/gpt-4.1-nano; null: the desk's model.",
    )
    embedding: Literal["hash", "openai"] = Field(
        default="hash", description="What compares situations; openai asks its API, for money."
    )
    embedding_model: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")] = Field(
        default="text-embedding-3-small", description="Of embedding openai."
    )

    @field_validator("reflections", mode="before")
    @classmethod
    def _off_is_a_word(cls, reflections: Any) -> Any:
        """YAML reads `off` as false."""
        return "off" if reflections is False else reflections

    @field_validator("horizons_h")
    @classmethod
    def _each_once(cls, hours: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(hours)) < len(hours):
            raise ValueError("name each horizon once")
        return tuple(sorted(hours))


class ScreenSettings(Section):
    """Which markets deserve the crew."""

    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1)] = Field(
        default=("strength", "hybrid"),
        description="Strategies whose signals may shortlist a market.",
    )
    min_strength: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="How strong a signal must be, of 5."
    )
    against_larger_frame: bool = Field(
        default=False, description="A signal counts also against the next larger frame's trend."
    )
    max_shortlist: Annotated[int, Field(ge=1, le=20)] = Field(
        default=3, description="Markets the crew sees, besides open positions."
    )


class IndicatorSettings(Section):
    """What agents read beyond the desk's own indicators."""

    extra: Annotated[tuple[ExtraName, ...], Field(max_length=MOST_EXTRAS)] = Field(
        default=(), description="Indicators of pandas-ta to add; docs/indicators.md lists them."
    )

    @field_validator("extra", mode="before")
    @classmethod
    def _listed_once(cls, extra: Any) -> Any:
        """Refuse what is not in the list, and say why where people will ask."""
        names = [str(name)[:40] for name in extra] if isinstance(extra, list | tuple) else []
        for name in names:
            if name not in EXTRAS:
                why = f" ({REFUSED[name]})" if name in REFUSED else ""
                raise ValueError(f"there is no {name!r}{why}. {did_you_mean(name, EXTRAS)}")
            if names.count(name) > 1:
                raise ValueError(f"{name!r} stands twice")
        return extra


class NewsSettings(Section):
    """Where headlines come from, and who scores them. `sample` is a bundled, fictional feed."""

    feeds: tuple[str, ...] | None = Field(
        default=None, description="RSS or Atom addresses; null: sample on demo, none on replay."
    )
    allow_private_addresses: bool = Field(
        default=False, description="Also read feeds on this machine or its private network."
    )
    newsapi_key: SecretStr | None = Field(
        default=None, description="Also ask NewsAPI; environment or .env only."
    )
    cryptopanic_token: SecretStr | None = Field(
        default=None, description="Also ask CryptoPanic; environment or .env only."
    )
    services_every_s: Annotated[int, Field(ge=60, le=86_400)] = Field(
        default=900, description="Seconds between two questions to such a service."
    )
    scoring: Literal["local", "model", "off"] = Field(
        default="local",
        description="local: a word list; model: one call for all new items; off: no scores.",
    )
    model: str | None = Field(
        default=None, description="Who scores, such as openai/gpt-4.1-nano; null: the desk's model."
    )
    half_life_h: Annotated[float, Field(ge=0.5, le=168)] = Field(
        default=12.0, description="Hours after which an item counts half."
    )

    @field_validator("scoring", mode="before")
    @classmethod
    def _off_is_a_word(cls, scoring: Any) -> Any:
        """YAML reads `off` as false."""
        return "off" if scoring is False else scoring


class ContextSettings(Section):
    """Figures that no venue gives. Asked on real markets alone, not on demo and replay."""

    fear_greed_url: str | None = Field(
        default="https://api.alternative.me/fng/?limit=1",
        description="Where the Fear & Greed index is read, for breaker and agents; null: nowhere.",
    )
    dominance_url: str | None = Field(
        default="https://api.coingecko.com/api/v3/global",
        description="Where Bitcoin's share of all coins is read; null: nowhere.",
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
        default_factory=dict,
        description="USD per million tokens, by model; without one no budget in USD can bind it.",
    )

    @field_validator("base_url")
    @classmethod
    def _without_password(cls, base_url: str | None) -> str | None:
        if base_url is not None and "@" in urlsplit(base_url).netloc:
            raise ValueError("an address with a name or password in it; use the api_key")
        return base_url
