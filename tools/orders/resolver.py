"""
Finds out what became of an order that got no definite answer.

It asks the venue by our own id: at once, and again until the venue has the order, or until
so much time has passed since the sending that a miss proves that it never arrived. It
never sends anything.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from records.clock import Clock
from records.errors import VenueError
from records.order import WORKING, Order, OrderIntent
from records.ports import AccountReader, VenueOrder
from tools.orders import states
from tools.orders.booking import Books

_DOUBTFUL: frozenset[str] = frozenset({"submitted", "unknown"})
_LONGEST_S = 30.0
_PATIENCE_S = 60.0
"""What a cycle waits in vain, all orders together; afterwards each is asked for once."""
_SETTLES_IN_S = 3.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 4.0


class Resolver:
    """Asks for orders by id, with pauses; `pause` takes seconds."""

    def __init__(
        self,
        account: AccountReader,
        books: Books,
        clock: Clock,
        pause: Callable[[float], None],
        fate_known_after_s: float,
    ) -> None:
        self._account = account
        self._books = books
        self._clock = clock
        self._pause = pause
        self._window = timedelta(seconds=fate_known_after_s)
        self._patience_s = _PATIENCE_S

    def resolve(self, order: Order) -> Order:
        """The order as found, or absent; still in doubt when the venue could not be asked."""
        if not doubtful(order):
            return order
        found, certain = self.look(order.intent, order.submitted_at or order.updated_at)
        if found is not None:
            return self._books.book_order(order, found)
        if certain:
            return self._books.write(states.missed(order, self._clock.now(), proven=True))
        return order

    def ask(self, intent: OrderIntent) -> VenueOrder | None:
        """The venue's word of this moment; a miss proves nothing."""
        return self._account.order(intent)

    def look(self, intent: OrderIntent, sent_at: datetime) -> tuple[VenueOrder | None, bool]:
        """The venue's word on an order, and whether it is certain that there is none."""
        known_at = sent_at + self._window
        for pause_s in self._pauses():
            late = self._clock.now() >= known_at
            try:
                found = self.ask(intent)
            except VenueError:
                found, late = None, False
            if found is not None or late:
                return found, found is None
            left_s = (known_at - self._clock.now()).total_seconds()
            self._pause(min(pause_s, left_s) if left_s > 0 else pause_s)
        return None, False

    def settled(self, order: Order) -> Order:
        """An order that is not to rest, once it ended; still working when the venue takes long."""
        for pause_s in self._pauses(_SETTLES_IN_S):
            if order.status not in ("open", "partially_filled"):
                break
            try:
                found = self.ask(order.intent)
            except VenueError:
                found = None
            if found is not None:
                order = self._books.book_order(order, found)
            if order.status in WORKING:
                self._pause(pause_s)
        return order

    def _pauses(self, longest_s: float = _LONGEST_S) -> Iterator[float]:
        """Growing pauses, as long as this cycle has patience left; at least one question."""
        pause_s, began = _FIRST_PAUSE_S, self._clock.now()
        paused_s = 0.0
        while True:
            yield pause_s
            paused_s += pause_s
            spent_s = max((self._clock.now() - began).total_seconds(), paused_s)
            if spent_s >= min(longest_s, self._patience_s):
                self._patience_s = max(self._patience_s - spent_s, 0.0)
                return
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def doubtful(order: Order) -> bool:
    """Whether the order may stand at the venue without our knowing."""
    return order.status in _DOUBTFUL
