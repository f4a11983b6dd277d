"""
The seams of the desk, each a protocol that states its contract in words.

The order-writing side of a venue is not here: it is `tools.exchange.writer`, which
only tools.orders and crew.desk may import.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from records.base import (
    Amount,
    Leverage,
    NonNegativeAmount,
    PositiveAmount,
    Record,
    Side,
    UtcTime,
)
from records.clock import Clock
from records.order import Fill, FundingPayment, Order, OrderIntent, OrderStatus

if TYPE_CHECKING:
    from records.candles import CandleSeries
    from records.market import MarketSnapshot, SymbolRules


class MarketRequest(Record):
    """What a cycle wants to see."""

    symbols: tuple[str, ...]
    optional: tuple[str, ...] = ()
    """Wanted for their price where the venue has them; never named in `skipped`."""
    intervals: tuple[str, ...]
    candles: int

    def for_price(self) -> "MarketRequest | None":
        """The request for the optional markets, with as little of them as there can be."""
        wanted = tuple(symbol for symbol in self.optional if symbol not in self.symbols)
        if not wanted:
            return None
        return MarketRequest(symbols=wanted, intervals=self.intervals[:1], candles=2)


class MarketSource(Protocol):
    """
    The reading side of a venue that needs no key.

    Raises VenueError when nothing can be read; a single market that fails is left
    out of the snapshot and named in `skipped`. Only closed candles are returned,
    judged by the venue's clock.
    """

    name: str
    synthetic: bool

    def clock(self) -> Clock:
        """The venue's clock; one call per cycle."""
        ...

    def observe(self, request: MarketRequest) -> "MarketSnapshot":
        """All markets at once, as of now."""
        ...

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> "CandleSeries":
        """Closed candles that opened at or after `start` and closed by `end`."""
        ...

    def rules(self, symbol: str) -> "SymbolRules":
        """Tick, step and minimum of one market."""
        ...


class VenueOrder(Record):
    """An order as the venue reports it; it may be one that this desk never sent."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    status: OrderStatus = Field(description="Never pending, submitted, absent or lost.")
    quantity: NonNegativeAmount
    filled_quantity: NonNegativeAmount
    average_price: PositiveAmount | None
    trigger_price: PositiveAmount | None = None
    reduce_only: bool = False
    executed_as: str | None = Field(
        default=None, description="The id its fills carry, where that is another one."
    )
    reason: str = ""
    updated_at: UtcTime


class VenueFill(Record):
    """A fill as the venue reports it, under the venue's own order id."""

    fill_id: str = Field(description="Unique at the venue, the same at every look.")
    venue_order_id: str
    symbol: str
    side: Side
    quantity: PositiveAmount
    price: PositiveAmount
    fee: Amount = Field(description="Quote currency; positive is paid.")
    liquidity: Literal["maker", "taker"]
    at: UtcTime


class AccountReader(Protocol):
    """
    The reading side of an account. The venue is the truth; the ledger follows.

    Every method raises VenueError when the venue cannot be asked or its answer cannot be
    read. Reads may be retried; none of them changes anything at the venue.
    """

    def catch_up(self) -> None:
        """Bring the account up to now: a paper account walks its resting orders through the
        candles that passed; a real one has nothing to do."""
        ...

    def cash(self) -> Amount:
        """What is left had every position been paid in full: equity is this plus the signed
        value of the holdings. On a margin account: wallet less entry value of longs, plus
        that of shorts."""
        ...

    def holdings(self) -> Mapping[str, Amount]:
        """Signed quantity held for each symbol; long is positive, zero is left out."""
        ...

    def open_orders(self) -> Sequence[VenueOrder]:
        """Working orders, the conditional ones (stops and targets) and strangers included."""
        ...

    def order(self, intent: OrderIntent) -> VenueOrder | None:
        """One order by our own id; None when the venue says that it does not know it."""
        ...

    def fills(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[VenueFill]:
        """Fills of these markets at or after `since`, oldest first."""
        ...

    def forced(self, fill: VenueFill) -> bool:
        """Whether a fill that no order of ours explains is the venue closing a position itself."""
        ...

    def funding(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[FundingPayment]:
        """Funding of these markets at or after `since`, oldest first; none on a spot account."""
        ...


class PaperOrder(Record):
    """An order as a paper account keeps it."""

    intent: OrderIntent
    venue_order_id: str
    status: OrderStatus
    filled_quantity: Amount
    average_price: Amount | None
    fee: Amount
    reason: str = ""
    updated_at: UtcTime


class PaperStore(Protocol):
    """
    Where a paper account keeps its books between cycles.

    `save` is atomic: cash, holdings, orders and fills change together or not at all.
    """

    def load(self) -> "PaperBooks | None": ...

    def save(
        self, books: "PaperBooks", orders: Sequence[PaperOrder], fills: Sequence[Fill]
    ) -> None: ...

    def order(self, client_order_id: str) -> PaperOrder | None: ...

    def open_orders(self) -> Sequence[PaperOrder]: ...

    def fills(self, since: datetime | None) -> Sequence[Fill]: ...


class PaperBooks(Record):
    """
    Cash and holdings of a paper account, and how far its candles were walked.

    Books of before perpetuals existed load as positions paid in full.
    """

    cash: Amount
    holdings: Mapping[str, Amount]
    walked_to: UtcTime = Field(description="Every market is walked at least to here.")
    next_order: int = 1
    next_fill: int = 1
    walked: Mapping[str, UtcTime] = Field(
        default={}, description="How far each market with a position or a resting order is walked."
    )
    entry_prices: Mapping[str, Amount] = Field(default={}, description="Average, of what is held.")
    entered_at: Mapping[str, UtcTime] = Field(
        default={}, description="When a position last grew; older candles cannot liquidate it."
    )
    leverages: Mapping[str, Leverage] = Field(default={}, description="As last set; else 1.")
    funding_rates_pct: Mapping[str, Amount] = Field(
        default={}, description="As last seen, percent per funding interval."
    )
    funding: tuple[FundingPayment, ...] = Field(
        default=(), description="Of the last 30 days that were walked."
    )
    funding_forgotten: Amount = Field(
        default=Decimal(0), description="Sum of the payments before those."
    )


class Journal(Protocol):
    """Where a cycle's reasoning is written, line by line; raising here ends the cycle untraded."""

    def write(self, kind: str, **data: Any) -> None: ...


__all__ = [
    "AccountReader",
    "Clock",
    "Journal",
    "MarketRequest",
    "MarketSource",
    "Order",
    "PaperBooks",
    "PaperOrder",
    "PaperStore",
    "VenueFill",
    "VenueOrder",
]
