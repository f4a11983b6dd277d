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
    Sends orders, each call once: nothing here retries.

    The client order id of the intent is always used. A stop or a target (`stop_market`,
    `take_profit_market`) rests at the venue as its own conditional order.
    """

    fate_known_after_s: float
    """How long after the sending a query that finds nothing proves that nothing is there:
    the venue's time window for a request, and what it may lag behind."""

    entries_rest: bool
    """Whether a limit entry may wait there after the cycle. Where real money is, it may not: its
    stop could only be placed by the next cycle."""

    def prepare(self, intent: OrderIntent) -> None:
        """Set margin mode and leverage of an entry's market; raises OrderRefused when the venue
        does not take them, VenueError when that is not known. Repeating it is harmless."""
        ...

    def create(self, intent: OrderIntent) -> VenueOrder:
        """
        The order as the venue answered.

        Raises NotSent when no connection could be made, so that the request never left;
        another OrderRefused when the venue said that it booked nothing; OutcomeUnknown on
        anything else: a timeout, a lost or unreadable answer, a 5xx, an answer without an id.
        """
        ...

    def cancel(self, intent: OrderIntent) -> VenueOrder | None:
        """The order as it stands after the attempt, also when it had ended before; None when
        the venue does not know it. Raises VenueError when that cannot be told. Harmless to repeat.
        """
        ...
