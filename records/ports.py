"""
The seams of the desk, each a protocol that states its contract in words.

The order-writing side of a venue is not here: it is `tools.exchange.writer`, which
only tools.orders and crew.desk may import.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from records.base import Amount, Record, UtcTime
from records.clock import Clock
from records.order import Fill, Order, OrderIntent

if TYPE_CHECKING:
    from records.candles import CandleSeries
    from records.market import MarketSnapshot, SymbolRules


class MarketRequest(Record):
    """What a cycle wants to see."""

    symbols: tuple[str, ...]
    intervals: tuple[str, ...]
    candles: int


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
    """An order as the venue reports it."""

    intent: OrderIntent
    venue_order_id: str
    status: str
    filled_quantity: Amount
    average_price: Amount | None
    fee: Amount
    reason: str = ""
    updated_at: UtcTime


class AccountReader(Protocol):
    """The reading side of an account. The venue is the truth; the ledger follows."""

    def catch_up(self) -> None:
        """Bring the account up to now: a paper account walks its resting orders through the
        candles that passed; a real one has nothing to do."""
        ...

    def cash(self) -> Amount:
        """Free and used cash, quote currency."""
        ...

    def holdings(self) -> Mapping[str, Amount]:
        """Signed quantity held for each symbol; long is positive."""
        ...

    def open_orders(self) -> Sequence[VenueOrder]:
        """Working orders, resting stops and targets included."""
        ...

    def order(self, client_order_id: str, symbol: str) -> VenueOrder | None:
        """One order by our own id; None when the venue has never seen it."""
        ...

    def fills(self, since: datetime | None) -> Sequence[Fill]:
        """Fills at or after `since`, oldest first."""
        ...


class PaperStore(Protocol):
    """
    Where a paper account keeps its books between cycles.

    `save` is atomic: cash, holdings, orders and fills change together or not at all.
    """

    def load(self) -> "PaperBooks | None": ...

    def save(
        self, books: "PaperBooks", orders: Sequence[VenueOrder], fills: Sequence[Fill]
    ) -> None: ...

    def order(self, client_order_id: str) -> VenueOrder | None: ...

    def open_orders(self) -> Sequence[VenueOrder]: ...

    def fills(self, since: datetime | None) -> Sequence[Fill]: ...


class PaperBooks(Record):
    """Cash and holdings of a paper account, and how far its resting orders were walked."""

    cash: Amount
    holdings: Mapping[str, Amount]
    walked_to: UtcTime
    next_order: int = 1
    next_fill: int = 1


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
    "PaperStore",
    "VenueOrder",
]
