"""
The order-writing side of a venue.

Only tools.orders and crew.desk may import this module (import-linter holds it), so
that no agent's tool can reach a venue's create call around the gate.
"""

from typing import Protocol

from records.order import OrderIntent
from records.ports import VenueOrder


class OrderWriter(Protocol):
    """
    Sends orders. Never retries: an exception other than OrderRefused means UNKNOWN.

    `create` returns what the venue answered, or raises OrderRefused when the venue
    definitely booked nothing. The client order id of the intent is always used.
    """

    def create(self, intent: OrderIntent) -> VenueOrder: ...

    def cancel(self, client_order_id: str, symbol: str) -> VenueOrder: ...
