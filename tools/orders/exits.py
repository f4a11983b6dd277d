"""
Leaving a position at market, reduce-only, for whatever reason, and clearing up after it.

It needs no approval, since it only takes risk away: it works when the desk is halted, when
the breaker is open and when no model answers.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from records.clock import Clock
from records.errors import VenueError
from records.ids import IdSequence
from records.order import ExitReason, Order, OrderIntent, Position
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books
from tools.orders.intents import exit_now, instead_of
from tools.orders.resolver import Resolver, doubtful
from tools.orders.sender import Sender

_ATTEMPTS = 2


class Exits:
    """Closes positions and cancels what guarded them."""

    def __init__(
        self,
        ledger: Ledger,
        sender: Sender,
        resolver: Resolver,
        books: Books,
        ids: IdSequence,
        clock: Clock,
        pause: Callable[[float], None],
    ) -> None:
        self._ledger = ledger
        self._sender = sender
        self._resolver = resolver
        self._books = books
        self._ids = ids
        self._clock = clock
        self._pause = pause

    def close(self, position: Position, why: ExitReason) -> tuple[Order, ...]:
        """Sell or buy back all of it, the rest of it once more; what is left raises an alarm.

        What exits have taken whose fills are not booked yet is not sold a second time.
        """
        left = position.quantity - self._books.leaving(position)
        if left <= 0:
            return ()
        held = position.model_copy(update={"quantity": left})
        return self._leave(
            lambda source, at: exit_now(held, self._ids.cycle_id, source, at, why), why
        )

    def close_instead_of(self, stop: OrderIntent) -> tuple[Order, ...]:
        """Leave what a stop was to guard, whether or not its fills are booked yet."""
        return self._leave(
            lambda source, at: instead_of(stop, self._ids.cycle_id, source, at), "unprotected"
        )

    def clear(self, symbol: str) -> None:
        """Cancel stops and targets of a position that is gone."""
        if self._books.position(symbol) is not None:
            return
        for order in self._ledger.execution.working_orders():
            guards = order.intent.reduce_only and order.status != "pending"
            if guards and order.intent.symbol == symbol:
                self.withdraw(order)

    def withdraw(self, order: Order) -> None:
        """Cancel an order; what cannot be cancelled raises an alarm."""
        try:
            self._sender.cancel(order)
        except VenueError as error:
            self._books.alarm(
                "not_cancelled",
                f"Order {order.intent.client_order_id} of {order.intent.symbol} could not be "
                f"cancelled: {error} The next cycle tries again.",
            )

    def _leave(
        self, planned: Callable[[str, datetime], OrderIntent], why: str
    ) -> tuple[Order, ...]:
        """Send an exit, and another for what the first one left."""
        sent: list[Order] = []
        left: Decimal | None = None
        while left is None or (left > 0 and len(sent) < _ATTEMPTS):
            intent = planned(self._ids.next("g"), self._clock.now())
            quantity = intent.quantity if left is None else left
            order = self._send(intent.model_copy(update={"quantity": quantity}))
            sent.append(order)
            left = quantity - order.filled_quantity
            if doubtful(order) or order.status == "filled":
                break
        self._books.book_until_told(sent[-1], self._pause)
        self._judge(sent, left, why)
        return tuple(sent)

    def _judge(self, sent: list[Order], left: Decimal, why: str) -> None:
        """Clear up after an exit, or say what is left."""
        last = sent[-1]
        if last.status == "filled" or left <= 0:
            self.clear(last.intent.symbol)
            return
        self._books.alarm(
            "not_closed",
            f"{last.intent.symbol} could not be closed ({why}): {left} is left, order "
            f"{last.intent.client_order_id} is {last.status} {last.reason}. Its guards stay. The "
            "next cycle looks again; look at the venue yourself.",
        )

    def _send(self, intent: OrderIntent) -> Order:
        (order,) = self._ledger.execution.add_intents((intent,))
        return self._resolver.settled(self._resolver.resolve(self._sender.send(order)))
