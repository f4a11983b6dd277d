"""A position with a thesis, for tests of what becomes of it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from records.order import Position
from tests.crash.script import BTC

OPENED = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)


def held(**changes: Any) -> Position:
    """A long of 1 at 100, opened at `OPENED`."""
    values: dict[str, Any] = {
        "position_id": "x-pos", "symbol": BTC, "side": "long", "quantity": Decimal(1),
        "entry_price": Decimal(100), "fees": Decimal(0), "opened_at": OPENED, "cycle_id": "c",
        "proposal_id": "p", "stop": Decimal(90), "take_profit": None, "thesis": "Higher lows.",
        "invalidation_price": None,
    }  # fmt: skip
    return Position(**values | changes)
