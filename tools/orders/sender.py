"""
The one place that calls a venue's create, and it calls it once.

An order is written as submitted before it goes out. A definite answer is booked; anything
else leaves it unknown, to be asked for by its id. Only a request that never left this
machine is made once more, under the same id.
"""

from collections.abc import Callable

from records.clock import Clock
from records.errors import NotSent, OrderRefused, Throttled, VenueError
from records.order import Order, OrderIntent, OrderStatus
from records.ports import VenueOrder
from tools.exchange.writer import OrderWriter
from tools.orders import states
from tools.orders.booking import Books

_BREATH_S, _LONGEST_BREATH_S = 1.0, 20.0


class Sender:
    """Sends written orders and books the answers."""

    def __init__(self, writer: OrderWriter, books: Books, clock: Clock) -> None:
        self._writer = writer
        self._books = books
        self._clock = clock
        self.breath_s = _BREATH_S
        """How long to wait before a refused guard is tried under another id."""

    @property
    def entries_rest(self) -> bool:
        """Whether a limit entry may wait at the venue after the cycle."""
        return self._writer.entries_rest

    def prepare(self, intent: OrderIntent) -> None:
        """Set margin mode and leverage of an entry's market, or refuse the entry."""
        try:
            self._writer.prepare(intent)
        except VenueError as error:
            raise OrderRefused(
                f"Leverage {intent.leverage} of {intent.symbol} could not be set: {error} "
                "No order was sent. The next cycle decides anew."
            ) from error

    def send(self, order: Order) -> Order:
        """Send a pending order; it comes back as answered, rejected, or unknown."""
        going = self._books.write(states.sent(order, self._clock.now()))
        try:
            answer = self._create(order.intent, lambda: self._sent_again(going))
            return self._books.book_order(going, answer)
        except OrderRefused as refusal:
            if isinstance(refusal, Throttled):
                self.breath_s = min(max(refusal.retry_after_s, _BREATH_S), _LONGEST_BREATH_S)
            return self.end(going, "rejected", str(refusal))
        except VenueError as doubt:
            return self._books.write(states.unanswered(going, str(doubt), self._clock.now()))

    def send_unrecorded(self, intent: OrderIntent) -> VenueOrder:
        """Send a stop whose intent stands in the ledger while its state cannot be written."""
        assert intent.reduce_only, "nothing but protection is sent when it cannot be recorded"
        return self._create(intent, lambda: None)

    def cancel(self, order: Order) -> Order:
        """Cancel a working order and book what became of it."""
        answer = self._writer.cancel(order.intent)
        if answer is None:
            return self._books.write(states.missed(order, self._clock.now(), proven=False))
        return self._books.book_order(order, answer)

    def end(self, order: Order, status: OrderStatus, reason: str) -> Order:
        """Write that an order ended which the venue does not hold; nothing is sent."""
        after, at = states.next_status(order.status, status), self._clock.now()
        return self._books.write(
            order.model_copy(update={"status": after, "reason": reason, "updated_at": at})
        )

    def _sent_again(self, order: Order) -> None:
        """The time window of the venue counts from the attempt that leaves."""
        at = self._clock.now()
        self._books.write(order.model_copy(update={"submitted_at": at, "updated_at": at}))

    def _create(self, intent: OrderIntent, before_again: Callable[[], None]) -> VenueOrder:
        """The only call of a venue's create; what never left is called once more."""
        create = self._writer.create
        try:
            return create(intent)
        except NotSent:
            before_again()
        return create(intent)
