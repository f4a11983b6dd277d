"""What a proposal taught once its outcome was known: situation, decision, who said what, result."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from records.base import Amount, PositionSide, PositiveAmount, Prose, Ratio, Record, Symbol, UtcTime
from records.verdict import Decision

LessonKind = Literal["traded", "vetoed", "refused", "unfilled"]
Told = Annotated[str, Field(max_length=300)]
Percent = Annotated[Amount, Field(ge=-1_000_000, le=1_000_000)]
Hours = Annotated[int, Field(ge=1, le=720)]
LessonId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")]


class Said(Record):
    """Who said what of the market when it was proposed; None: nothing."""

    technical: Ratio | None = Field(default=None, description="Conviction, -1 sell to +1 buy.")
    sentiment: Ratio | None = Field(default=None, description="Score, -1 to +1.")
    chart: Ratio | None = Field(default=None, description="Conviction, -1 sell to +1 buy.")
    officer: Decision | None = None
    officer_reason: Told = Field(default="", description="The officer's first; inert.")


class Lesson(Record):
    """
    Written by code, once, when the outcome is known; a row of the ledger, indexed by memory.

    Situation, figures and reflection are code's own words. Thesis, news gist and the officer's
    reason are what others wrote: kept inert, for people, and shown to no model.
    """

    lesson_id: LessonId
    cycle_id: str = Field(description="The cycle that wrote it.")
    learned_at: UtcTime = Field(description="That cycle's clock: not known any earlier.")
    symbol: Symbol
    kind: LessonKind = "traded"
    proposal_id: str | None = Field(default=None, description="None: opened without a proposal.")
    proposed_in: str | None = Field(default=None, description="The cycle the situation was in.")
    proposed_at: UtcTime | None = None
    side: PositionSide | None = None
    situation: str = Field(max_length=600, description="Signal and figures when it was proposed.")
    features: Mapping[str, float] = Field(
        default_factory=dict, description="The situation's figures by name."
    )
    decision: str = Field(max_length=800, description="What was asked for, in figures.")
    thesis: str = Field(default="", max_length=800, description="The analyst's words; inert.")
    news_gist: Told = Field(default="", description="What the news reader said; inert.")
    invalidation_price: PositiveAmount | None = None
    said: Said = Said()
    outcome: str = Field(max_length=300, description="How it ended, in words and figures.")
    horizon_pct: Mapping[Hours, Percent | None] = Field(
        default_factory=dict,
        max_length=12,
        description="As proposed, after fees, by hours; None: not known.",
    )
    pnl_pct: Percent | None = Field(
        description="After fees, percent of the entry value: of the real trade when there was one, "
        "else as proposed. None: never filled, or candles are missing."
    )
    best_pct: Percent | None = Field(default=None, description="Best price on the way.")
    worst_pct: Percent | None = Field(default=None, description="Worst price on the way.")
    better: str = Field(default="", max_length=60, description="What would have been better.")
    holding_s: Annotated[int, Field(ge=0, le=10**9)] | None
    imported: bool = Field(default=False, description="Of another desk: not what this one made.")
    reflection: Annotated[Prose | Literal[""], Field(max_length=240)] = ""

    @property
    def hypothetical(self) -> bool:
        """Whether this desk entered nothing: what it would have made, or what another desk did."""
        return self.kind != "traded" or self.imported
