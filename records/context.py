"""What surrounds the market: figures and judgements, each with its source and its times."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from records.base import Amount, NonNegativeAmount, Prose, Record, Symbol, UtcTime

Unit = Literal["points", "percent", "percent_per_interval", "percent_per_year", "quote", "ratio"]
"""`quote` is the quote currency of the market named; an interval is a funding interval."""
Reason = Annotated[Prose, Field(max_length=300)]

BtcTrend = Literal["up_strong", "up_weak", "sideways", "down_weak", "down_strong"]
MarketTrend = Literal["bullish", "bearish", "neutral"]
Regime = Literal["risk_on", "risk_off"]
Volatility = Literal["low", "medium", "high"]


class Told[V](Record):
    """A value with where and when it is from, or the reason why there is none."""

    name: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Such as fear_greed."
    )
    value: V | None = Field(description="None: missing.")
    source: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="A host, never the whole address, which may hold a key; or what of the venue."
    )
    at: UtcTime | None = Field(description="The moment the value is of; None: missing.")
    read_at: UtcTime = Field(description="When the source was asked for it.")
    finding: Reason | None = Field(
        default=None, description="Why it is missing, old or partial; None: it is as it should be."
    )
    of: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="The market, or the pair of markets, where it names one."
    )

    @model_validator(mode="after")
    def _missing_has_its_reason(self) -> Self:
        if (self.value is None) != (self.at is None):
            raise ValueError("a value has its time, and a missing one has none")
        if self.value is None and self.finding is None:
            raise ValueError("a missing value has its reason")
        return self


class Reading(Told[Amount]):
    """One figure."""

    unit: Unit


class Label[W: str](Told[W]):
    """One judgement of a closed set of words, made by code."""


class Earlier(Record):
    """Open interest of a market as it was seen before."""

    open_interest: NonNegativeAmount = Field(description="Base units.")
    at: UtcTime


class Outside(Record):
    """What a cycle knows of the market beyond its snapshot; the same again on replay."""

    fear_greed: Reading | None = Field(default=None, description="None: it was not asked for.")
    dominance: Reading | None = Field(default=None, description="None: it was not asked for.")
    open_interest: Mapping[Symbol, Earlier] = Field(
        default={}, description="As remembered from about 24 hours ago."
    )

    @property
    def asked(self) -> tuple[Reading, ...]:
        """What was asked of sources outside the venue."""
        return tuple(one for one in (self.fear_greed, self.dominance) if one is not None)


class MarketContext(Record):
    """The market as a whole, computed from one snapshot and what was read beside it."""

    as_of: UtcTime
    fear_greed: Reading
    btc_dominance: Reading
    btc_price: Reading
    btc_change_24h: Reading
    eth_price: Reading
    eth_change_24h: Reading
    btc_trend: Label[BtcTrend]
    btc_trend_strength: Reading
    breadth: Reading
    market_trend: Label[MarketTrend]
    market_regime: Label[Regime]
    volatility_level: Label[Volatility]
    btc_volatility: Reading
    funding_highest: Reading
    funding_lowest: Reading
    btc_open_interest: Reading
    open_interest_rise_24h: Reading
    open_interest_fall_24h: Reading
    correlation_mean: Reading
    correlation_highest: Reading
    correlation_lowest: Reading

    def all(self) -> Iterator[Told[object]]:
        """Every reading and label, in the order above."""
        for name in type(self).model_fields:
            if isinstance(told := getattr(self, name), Told):
                yield told
