"""One cycle as the ledger keeps it and `desk cycle --json` prints it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field, JsonValue

from records.base import Amount, Mode, Record, UtcTime
from records.breaker import BreakerState
from records.order import AccountState, Fill, Order, Trade
from records.proposal import TradeProposal
from records.reports import ChartReport, Note, SentimentReport, TechnicalReport
from records.skipped import Skipped
from records.verdict import Approval, Refusal, RiskVerdict

Outcome = Literal["failed", "halted", "traded", "vetoed", "hold"]
"""The first that applies, in this order."""


class Reports(Record):
    """What the readers wrote; None where a reader did not run."""

    technical: TechnicalReport | None = None
    sentiment: SentimentReport | None = None
    chart: ChartReport | None = None
    notes: Mapping[str, Note] = Field(default_factory=dict, description="Reports of added tasks.")


class ModelUse(Record):
    """What the models cost in this cycle."""

    calls: int = 0
    rounds: int = Field(default=0, description="Calls that had to wait for one another.")
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Amount | None = Field(
        default=Decimal(0),
        description="Of the calls whose price is known. None: an older desk did not tell it apart.",
    )
    unpriced_calls: int = Field(
        default=0, description="Calls of models without a price in llm.prices."
    )
    estimated_calls: int = Field(
        default=0, description="Calls whose provider told no tokens; the desk estimated them."
    )

    def and_then(self, later: "ModelUse") -> "ModelUse":
        """What two parts of a cycle cost together."""
        return ModelUse(
            calls=self.calls + later.calls,
            rounds=self.rounds + later.rounds,
            prompt_tokens=self.prompt_tokens + later.prompt_tokens,
            completion_tokens=self.completion_tokens + later.completion_tokens,
            cost_usd=(self.cost_usd or Decimal(0)) + (later.cost_usd or Decimal(0)),
            unpriced_calls=self.unpriced_calls + later.unpriced_calls,
            estimated_calls=self.estimated_calls + later.estimated_calls,
        )


class TranscriptSeal(Record):
    """What makes a later edit or cut of a transcript detectable."""

    lines: int
    last_hash: str


class Event(Record):
    """Something worth knowing that is not an order: an alarm, a skipped symbol, a halt."""

    event_id: str
    cycle_id: str | None
    at: UtcTime
    level: Literal["info", "warning", "alarm"]
    kind: str
    message: str
    detail: Mapping[str, JsonValue] | None = Field(
        default=None, description="Figures behind it, such as the market at that moment."
    )


class CycleRecord(Record):
    """Everything one cycle saw, decided and did."""

    cycle_id: str
    started_at: UtcTime
    ended_at: UtcTime
    outcome: Outcome
    hold_reason: str | None = None
    message: str = Field(default="", description="The ending in one sentence.")
    exit_code: int = 0
    venue: str
    mode: Mode
    synthetic: bool
    symbols: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    shortlist: tuple[str, ...] = ()
    breaker: BreakerState | None = None
    reports: Reports = Reports()
    proposals: tuple[TradeProposal, ...] = ()
    verdicts: tuple[RiskVerdict, ...] = ()
    approvals: tuple[Approval, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = Field(default=(), description="Booked in this cycle, stops included.")
    trades: tuple[Trade, ...] = Field(default=(), description="Closed in this cycle.")
    account: AccountState | None = None
    model: ModelUse = ModelUse()
    timings_ms: Mapping[str, float] = Field(default_factory=dict)
    transcript: TranscriptSeal | None = None
