"""
What an executor may repeat of an order: compared exactly with the approval, never used.

An executor that repeats another size, price or stop than was approved is confused, or was
talked into something; either way its order is not sent.
"""

from typing import Literal

from pydantic import Field

from records.base import Figure, Record, Side
from records.verdict import Approval


class OrderEcho(Record):
    """An order in the executor's words; what is null was not repeated."""

    symbol: str | None = Field(default=None, max_length=60)
    side: Side | None = None
    type: Literal["market", "limit"] | None = None
    size: Figure | None = None
    price: Figure | None = None
    stop: Figure | None = None

    def differs_from(self, approval: Approval) -> str | None:
        """The first difference, in words; None when all that was repeated is the approval's."""
        approved = {
            "symbol": approval.symbol,
            "side": approval.side,
            "type": approval.entry,
            "size": approval.quantity,
            "stop": approval.stop,
        }
        for name, value in approved.items():
            said = getattr(self, name)
            if said is not None and said != value:
                return f"The order was repeated with {name} {said!s:.60}, approved is {value}"
        return self._price_differs(approval)

    def _price_differs(self, approval: Approval) -> str | None:
        if self.price is None:
            return None
        if approval.limit_price is not None and self.price != approval.limit_price:
            return (
                f"The order was repeated with price {self.price:f}, approved is "
                f"{approval.limit_price}"
            )
        if not approval.price_low <= self.price <= approval.price_high:
            return (
                f"The order was repeated with price {self.price:f}, outside the approved "
                f"{approval.price_low} to {approval.price_high}"
            )
        return None


NO_ECHO = OrderEcho()
