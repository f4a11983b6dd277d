"""What the risk officer says, what the gate makes of it, and the permission that may follow."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Action, Amount, Leverage, PositiveAmount, Record, Side, Symbol, UtcTime
from records.reports import Reasons

Decision = Literal["approve", "shrink", "veto"]


class VerdictDraft(Record):
    """One verdict as the officer submits it. Values may only tighten the proposal."""

    proposal_id: Annotated[str, Field(min_length=1, max_length=80)]
    decision: Decision
    max_quantity: PositiveAmount | None = Field(description="Upper bound in base units, or null.")
    stop: PositiveAmount | None = Field(description="A tighter stop, or null to keep it.")
    max_leverage: Leverage | None = Field(description="Upper bound on leverage, or null.")
    reasons: Reasons = Field(description="One rule and its figure each.")


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
