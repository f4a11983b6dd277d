"""From approval to trade: intent, order, fill, position, and the trade that closes them."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from records.base import (
    Amount,
    Leverage,
    NonNegativeAmount,
    PositionSide,
    PositiveAmount,
    Record,
    Side,
    Symbol,
    UtcTime,
)

OrderKind = Literal["market", "limit", "stop_market", "take_profit_market"]
OrderRole = Literal["entry", "stop", "take_profit", "exit"]
OrderStatus = Literal[
    "pending",  # written, not sent yet
    "submitted",  # sent, no answer yet
    "unknown",  # sent, and the answer said nothing certain
    "open",
    "partially_filled",
    "filled",
    "cancelled",
    "rejected",  # the venue refused it
    "expired",
    "absent",  # sent, and proven never to have arrived
    "lost",  # the venue held it, and no longer knows it
]
"""tools.orders.states has the table of how one becomes another."""
WORKING: frozenset[str] = frozenset({"pending", "submitted", "unknown", "open", "partially_filled"})
ExitReason = Literal[
    "stop_loss",
    "take_profit",
    "trailing_stop",
    "break_even_stop",
    "close",
    "reduce",
    "early_exit",
    "time_exit",
    "thesis_invalidated",
    "thesis_deadline",
    "unprotected",
    "flatten",
    "liquidation",
    "by_hand",  # a person traded at the venue, and said so
]
ThesisFailure = Literal["thesis_invalidated", "thesis_deadline"]
"""Why a position no longer has the reason it was opened for."""

ClientOrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,36}$")]


class OrderIntent(Record):
    """What is about to be sent; committed before it is sent, under our own order id."""

    intent_id: str
    cycle_id: str
    approval_id: str | None = Field(description="None for exits the desk decides itself.")
    client_order_id: ClientOrderId
    created_at: UtcTime
    symbol: Symbol
    side: Side
    role: OrderRole
    kind: OrderKind
    quantity: PositiveAmount
    limit_price: PositiveAmount | None = Field(
        default=None, description="Worst price to trade at; a market order's limit too."
    )
    trigger_price: PositiveAmount | None = None
    reduce_only: bool = False
    leverage: Leverage = 1
    why: ExitReason | None = Field(default=None, description="Of an exit: what asked for it.")


class Fill(Record):
    """A part of an order that was executed, with its fee."""

    fill_id: str
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity: PositiveAmount
    price: PositiveAmount
    fee: Amount = Field(description="Quote currency; positive is paid.")
    liquidity: Literal["maker", "taker"]
    at: UtcTime


class Order(Record):
    """An order as last known; the venue is the truth of its state."""

    intent: OrderIntent
    venue_order_id: str | None
    status: OrderStatus
    filled_quantity: NonNegativeAmount
    average_price: PositiveAmount | None
    fee: Amount
    reason: str = Field(default="", description="Why it was rejected or cancelled, in words.")
    updated_at: UtcTime
    submitted_at: UtcTime | None = Field(default=None, description="None: never sent.")
    strikes: int = Field(default=0, ge=0, description="Times in a row the venue knew it not.")
    executed_as: str | None = Field(
        default=None, description="The venue's id for its fills, where that is another one."
    )


class FundingPayment(Record):
    """What holding a perpetual position cost or brought at one funding time."""

    payment_id: str
    symbol: Symbol
    amount: Amount = Field(description="Quote currency; positive is paid, negative received.")
    at: UtcTime


class Position(Record):
    """What is held, why, and where it ends."""

    position_id: str
    symbol: Symbol
    side: PositionSide
    quantity: PositiveAmount
    entry_price: PositiveAmount = Field(description="Average, before fees.")
    fees: Amount = Field(description="Paid so far, quote currency.")
    funding: Amount = Field(default=Decimal(0), description="Paid so far, quote currency.")
    opened_at: UtcTime
    cycle_id: str = Field(description="The cycle that opened it.")
    proposal_id: str
    stop: PositiveAmount | None
    take_profit: PositiveAmount | None
    thesis: str
    invalidation_price: PositiveAmount | None
    leverage: Leverage = 1
    first_stop: PositiveAmount | None = Field(
        default=None, description="The stop it was opened with; its size was computed from it."
    )
    best_price: PositiveAmount | None = Field(
        default=None, description="Farthest the price went our way since the entry."
    )
    deadline_at: UtcTime | None = Field(
        default=None, description="When the thesis should have come true; None: no deadline."
    )
    invalidated_at: UtcTime | None = Field(
        default=None,
        description="Close of the first decision candle at or beyond the invalidation price.",
    )
    reviewed_at: UtcTime | None = Field(
        default=None, description="When the crew last answered for it after its thesis failed."
    )

    def thesis_failure(self, now: UtcTime) -> ThesisFailure | None:
        """How the thesis has failed by now; None: it stands."""
        if self.invalidated_at is not None:
            return "thesis_invalidated"
        late = self.deadline_at is not None and self.deadline_at <= now
        return "thesis_deadline" if late else None

    def thesis_failed_at(self, now: UtcTime) -> UtcTime | None:
        """Since when the thesis has failed; None: it stands."""
        if self.thesis_failure(now) is None:
            return None
        return self.invalidated_at or self.deadline_at

    def awaits_review(self, now: UtcTime) -> bool:
        """Whether the thesis has failed, and no crew has met since that was known."""
        failure, reviewed = self.thesis_failure(now), self.reviewed_at
        if failure is None or reviewed is None:
            return failure is not None
        late = self.deadline_at is not None and reviewed < self.deadline_at <= now
        return failure == "thesis_deadline" and late


class PositionMark(Record):
    """A position valued at the snapshot's price."""

    position: Position
    mark_price: PositiveAmount
    notional: PositiveAmount
    unrealised_pnl: Amount = Field(description="Quote currency, before the exit fee.")
    unrealised_pct: Amount = Field(description="Percent of the entry value.")
    margin: Amount = Field(description="What it binds: its value over its leverage.")


class AccountState(Record):
    """The account at one instant, in the quote currency."""

    as_of: UtcTime
    currency: str
    equity: Amount = Field(description="What would be left if all were closed at these prices.")
    cash: Amount = Field(description="Free for new positions: equity less what is bound.")
    positions: tuple[PositionMark, ...]


class Trade(Record):
    """A closed round trip, or the closed part of one."""

    trade_id: str
    position_id: str
    symbol: Symbol
    side: PositionSide
    quantity: PositiveAmount
    entry_price: PositiveAmount
    exit_price: PositiveAmount
    opened_at: UtcTime
    closed_at: UtcTime
    holding_s: int
    fees: Amount = Field(description="Entry and exit, quote currency.")
    funding: Amount = Field(default=Decimal(0), description="Paid, quote currency.")
    pnl: Amount = Field(description="After fees and funding, quote currency.")
    pnl_pct: Amount = Field(description="After fees and funding, percent of the entry value.")
    exit_reason: ExitReason
    opened_in: str = Field(description="Cycle that opened the position.")
    closed_in: str = Field(description="Cycle that booked the exit.")


class ExecutionReport(Record):
    """The answer of `place_order`: what was sent and what was refused, straight from the ledger."""

    orders: tuple[Order, ...]
    refused: tuple["OrderRefusal", ...]


class OrderRefusal(Record):
    """One approval id that led to no order, and why."""

    approval_id: str
    code: str
    message: str
