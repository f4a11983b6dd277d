"""
The one place that calls a venue's create. It never retries.

The intent must be in the ledger before it comes here. A definite refusal is booked as
rejected; any other failure leaves the order as it stands, to be asked for by its id.
"""

from decimal import Decimal

from records.clock import Clock
from records.errors import OrderRefused
from records.order import Order, OrderIntent, OrderStatus
from records.ports import Journal
from tools.exchange.writer import OrderWriter
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books


class Sender:
    """Sends committed intents and books the answers."""

    def __init__(
        self, writer: OrderWriter, books: Books, ledger: Ledger, clock: Clock, journal: Journal
    ) -> None:
        self._writer = writer
        self._books = books
        self._ledger = ledger
        self._clock = clock
        self._journal = journal

    def send(self, intent: OrderIntent) -> Order:
        """Send once; returns the order as the venue answered, or as rejected."""
        try:
            return self._books.book_order(self._writer.create(intent))
        except OrderRefused as refusal:
            return self.end(intent, "rejected", str(refusal))

    def cancel(self, order: Order) -> Order:
        """Cancel a working order and book what became of it."""
        intent = order.intent
        return self._books.book_order(self._writer.cancel(intent.client_order_id, intent.symbol))

    def end(self, intent: OrderIntent, status: OrderStatus, reason: str) -> Order:
        """Book that an order ended which the venue does not hold; nothing is sent."""
        order = Order(
            intent=intent,
            venue_order_id=None,
            status=status,
            filled_quantity=Decimal(0),
            average_price=None,
            fee=Decimal(0),
            reason=reason,
            updated_at=self._clock.now(),
        )
        self._ledger.execution.update_order(order)
        self._journal.write("order", order=order.model_dump(mode="json"))
        return order
