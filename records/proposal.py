"""A trade somebody wants: what the analyst drafts, and the same once the desk has sized it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from records.base import (
    OPENING_ACTIONS,
    Action,
    Amount,
    Figure,
    Leverage,
    NonNegativeAmount,
    PositiveAmount,
    Prose,
    Ratio,
    Record,
    Symbol,
    UtcTime,
    figure,
)


class Fact(Record):
    """A number of this cycle's snapshot that the proposal rests on."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="As the tools print it: rsi_14@3m, last, atr_pct_14@1h."
    )
    value: Amount


class WrittenProposal(Record):
    """
    One trade as the analyst wrote it: every field of its kind, no value judged yet.

    What cannot be a trade (a size below zero, an unknown market) is refused by itself and
    on record; the other proposals go on.
    """

    symbol: Annotated[str, Field(max_length=60)]
    action: Action
    entry: Literal["market", "limit"] = "market"
    limit_price: Figure | None = None
    quantity: Figure | None = Field(
        default=None, description="Base units; null: as much as the risk rule allows."
    )
    stop: Figure | None = Field(default=None, description="Stop-loss price; needed to open.")
    take_profit: Figure | None = None
    invalidation_price: Figure | None = Field(
        default=None, description="The price at which the thesis is wrong."
    )
    deadline_h: Figure | None = Field(
        default=None, description="Hours in which the thesis should come true."
    )
    leverage: Annotated[int, BeforeValidator(figure)] = 1
    confidence: Annotated[Ratio, Field(ge=0, le=1)] = 0.5
    thesis: Annotated[Prose, Field(min_length=1, max_length=800)]
    facts: Annotated[tuple[Fact, ...], Field(max_length=10)] = ()

    def draft(self) -> "ProposalDraft":
        """The same as a trade that could be one, an exit without deadline; or ValidationError."""
        told = self.model_dump()
        if self.action not in OPENING_ACTIONS:
            told["deadline_h"] = None
        return ProposalDraft.model_validate(told)


class ProposalDraft(WrittenProposal):
    """One trade that could be one. Opening needs a stop; the desk computes the size."""

    symbol: Symbol
    limit_price: PositiveAmount | None = None
    quantity: PositiveAmount | None = Field(
        default=None, description="Base units; null: as much as the risk rule allows."
    )
    stop: PositiveAmount | None = Field(
        default=None, description="Stop-loss price; needed to open."
    )
    take_profit: PositiveAmount | None = None
    invalidation_price: PositiveAmount | None = Field(
        default=None, description="The price at which the thesis is wrong."
    )
    deadline_h: Annotated[PositiveAmount, Field(le=8760)] | None = Field(
        default=None, description="Hours in which the thesis should come true."
    )
    leverage: Leverage = 1

    @property
    def opens(self) -> bool:
        return self.action in OPENING_ACTIONS

    @property
    def sign(self) -> int:
        """1 for what gains when the price rises, -1 for a short."""
        return -1 if self.action == "open_short" else 1


class TradeProposals(Record):
    """The analyst's answer: at most one trade for each shortlisted market; empty means hold."""

    proposals: Annotated[tuple[WrittenProposal, ...], Field(max_length=10)]


class Size(Record):
    """How large a proposal may be, in the figures that are judged."""

    quantity: NonNegativeAmount = Field(description="Base units, rounded down to the venue's step.")
    reference_price: PositiveAmount = Field(
        description="The price it is judged at: the book's, or a better limit."
    )
    risk_pct: NonNegativeAmount = Field(
        description="The most it may lose at the stop, percent of equity, before fees."
    )
    reward_risk: Amount | None = Field(description="Reward over risk; None without a take-profit.")
    bound_by: str = Field(description="The rule that set the size.")


class Sizing(Size):
    """What the risk rule allows for a proposal, computed by the desk before anybody judges it."""

    notional: NonNegativeAmount = Field(
        description="The most it may be worth in the approved band, quote currency."
    )
    risk_amount: NonNegativeAmount = Field(
        description="The most it may lose at the stop, quote currency, before fees."
    )


class SizedProposal(Record):
    """A draft with an id and the desk's own sizing: what the officer judges."""

    proposal_id: str
    draft: ProposalDraft
    sizing: Size | None = Field(
        default=None, description="None for reduce, close and hold, or when refused."
    )

    @property
    def symbol(self) -> str:
        return self.draft.symbol

    @property
    def quantity(self) -> Decimal | None:
        """What is asked for: the draft's own quantity, else what the desk computed."""
        if self.draft.quantity is not None:
            return self.draft.quantity
        return self.sizing.quantity if self.sizing else None


class TradeProposal(SizedProposal):
    """A sized proposal in the ledger: of which cycle, when, and in which situation."""

    cycle_id: str
    created_at: UtcTime
    sizing: Sizing | None = Field(description="None for reduce, close and hold, or when refused.")
    situation: str = Field(
        default="", max_length=600, description="The market's signal in words; lessons go by it."
    )
