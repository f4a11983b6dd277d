"""Figures about the market that no venue gives: each with its source and its times."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from records.base import Amount, Prose, Record, UtcTime

Unit = Literal["points", "percent", "usd"]
Reason = Annotated[Prose, Field(max_length=300)]


class Reading(Record):
    """One figure from outside, or the reason why there is none."""

    name: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Such as fear_greed."
    )
    value: Amount | None = Field(description="None: missing.")
    unit: Unit
    source: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="Its host; never the whole address, which may hold a key."
    )
    at: UtcTime | None = Field(description="The moment the source says it is of; None: missing.")
    read_at: UtcTime = Field(description="When the source was asked for it.")
    finding: Reason | None = Field(
        default=None, description="Why it is missing, or old; None: it is as it should be."
    )

    @model_validator(mode="after")
    def _missing_has_its_reason(self) -> Self:
        if (self.value is None) != (self.at is None):
            raise ValueError("a value has its time, and a missing one has none")
        if self.value is None and self.finding is None:
            raise ValueError("a missing value has its reason")
        return self
