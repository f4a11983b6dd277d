"""What a venue of the crash proof is told at the start of a run: its prices, and how it fails."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, get_args

from records.base import Record
from records.clock import epoch_ms

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
START_MS = epoch_ms(START)
BTC = "BTC/USDT"
TICK, STEP = Decimal("0.1"), Decimal("0.001")
WALLET = Decimal(1_000_000)
TAKER, MAKER = Decimal("0.0005"), Decimal("0.0002")

Fault = Literal[
    "none",
    "answer lost",  # accepted, then the connection is closed
    "request lost",  # closed before anything was read
    "unavailable",  # accepted, answered with a 503
    "truncated",  # accepted, half an answer
    "late",  # no answer, and accepted seconds later
    "unreachable",  # no connection, so it never left
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
Struck = Literal["create", "cancel"]


class Price(Record):
    """The last price from a time on, milliseconds since the epoch."""

    at_ms: int
    price: Decimal


class Script(Record):
    """One venue, one market, everything that will happen to it."""

    price: Decimal
    tape: tuple[Price, ...] = ()
    slices: int = 1
    """Parts in which an order is filled."""
    fault: Fault = "none"
    struck: Struck = "create"
    nth: int = 1
    """Which request of that kind fails, counted from 1."""
    outage_ms: int = 0
    """How long reads fail after it."""
    late_ms: int = 0
    lag_ms: int = 0
    """How long a query does not show the order of the failed request."""
