"""What the risk officer says, what the gate makes of it, and the permission that may follow."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from records.base import (
    Action,
    Amount,
    Figure,
    Leverage,
    PositiveAmount,
    Record,
    Side,
    Symbol,
    UtcTime,
    figure,
)
from records.reports import Reasons

Decision = Literal["approve", "shrink", "veto"]


class WrittenVerdict(Record):
    """
    One verdict as the officer submits it, saying what it allows in numbers of its own.

    Nothing is inherited: an approval that names no quantity, stop or leverage for an entry
    would leave it without that bound. Market and side are compared with the proposal, so
    that no verdict is given on another one by mistake.
    """

    proposal_id: Annotated[str, Field(min_length=1, max_length=80)]
    symbol: Annotated[str, Field(max_length=60, description="The proposal's market.")]
    side: Side = Field(description="The side the order would have.")
    decision: Decision
    max_quantity: Figure | None = Field(
        description="Most base units allowed, at most the proposal's; null: veto, or a whole exit."
    )
    stop: Figure | None = Field(
        description="The stop allowed, the proposal's or a closer one; null: veto or exit."
    )
    max_leverage: Annotated[int, BeforeValidator(figure)] | None = Field(
        description="Most leverage allowed; null: veto or exit."
    )
    reasons: Reasons = Field(description="One rule and its figure each.")

    def draft(self) -> "VerdictDraft":
        """The same with values that could bind; raises ValidationError. A veto needs none."""
        told = self.model_dump()
        if self.decision == "veto":
            told |= {"max_quantity": None, "stop": None, "max_leverage": None}
        return VerdictDraft.model_validate(told)


class VerdictDraft(WrittenVerdict):
    """A verdict whose values may only tighten the proposal."""

    max_quantity: PositiveAmount | None
    stop: PositiveAmount | None
    max_leverage: Leverage | None


class Verdicts(Record):
    """One verdict for each proposal, all in one call."""

    verdicts: Annotated[tuple[WrittenVerdict, ...], Field(max_length=10)] = Field(
        description="One for each proposal."
    )


class RiskVerdict(Record):
    """A verdict in the ledger. The first one stands; a veto is final."""

    verdict_id: str
    cycle_id: str
    created_at: UtcTime
    draft: VerdictDraft


class Breach(Record):
    """A limit that a proposal would break."""

    limit: str = Field(description="The setting's name, such as risk.max_position_pct.")
    message: str = Field(description="What would be broken, with figures.")


class Refusal(Record):
    """Something was asked and not done, and why; a normal ending, not an error."""

    refusal_id: str
    cycle_id: str
    at: UtcTime
    subject: str = Field(description="Id of the proposal, verdict or approval that was refused.")
    code: str = Field(description="Stable name, such as veto, limits, ApprovalExpired.")
    message: str
    breaches: tuple[Breach, ...] = ()
    largest_quantity: Amount | None = Field(
        default=None, description="The largest size that every limit would have let pass."
    )


class Approval(Record):
    """Permission for exactly one order; written by the gate alone, used once, expires."""

    approval_id: str
    cycle_id: str
    proposal_id: str
    verdict_id: str
    created_at: UtcTime
    expires_at: UtcTime
    symbol: Symbol
    action: Action
    side: Side
    entry: Literal["market", "limit"]
    quantity: PositiveAmount
    price_low: PositiveAmount = Field(description="Lowest price the order may be sent at.")
    price_high: PositiveAmount = Field(description="Highest price the order may be sent at.")
    limit_price: PositiveAmount | None
    stop: PositiveAmount | None
    take_profit: PositiveAmount | None
    leverage: int
    reduce_only: bool
    used_at: UtcTime | None = None


class VerdictOutcome(Record):
    """What became of one submitted verdict."""

    proposal_id: str
    decision: Decision
    approval_id: str | None
    refusal: Refusal | None
    quantity: Amount | None = Field(default=None, description="Approved size, base units.")


class VerdictReport(Record):
    """The gate's answer to `submit_verdict`, and the whole of what the officer did."""

    outcomes: tuple[VerdictOutcome, ...]
