"""
A venue in memory, for the order path's own tests: tests.crash.venue behind the desk's protocols.

Faults are queued: the next create or cancel takes the first one. `pause` moves its clock.
"""

from datetime import timedelta

from records.clock import from_epoch_ms
from records.errors import NotSent, OrderRefused, OutcomeUnknown, VenueError
from tests.crash.script import BTC, Script
from tests.crash.venue import Refused, Venue

FAULTS = ("answer lost", "request lost", "unreachable", "late", "refused")


class Exchange:
    """Keeps AccountReader and OrderWriter, and is the clock."""

    fate_known_after_s = 15.0
    entries_rest = True

    def __init__(self, price, **script):
        self.venue = Venue(Script(price=price, **script))
        self.faults = []
        self.cancel_faults = []
        self.created = []
        self.prepared = []
        self.silent = False

    # clock and pause

    def now(self):
        return from_epoch_ms(self.venue.now)

    def pause(self, seconds):
        self.venue.advance(max(1, int(seconds * 1000)))

    def advance(self, **delta):
        self.venue.advance(int(timedelta(**delta).total_seconds() * 1000))

    # OrderWriter

    def prepare(self, intent):
        self.prepared.append((intent.symbol, intent.leverage))

    def create(self, intent):
        self.created.append(intent.client_order_id)
        fault = self.faults.pop(0) if self.faults else None
        if fault == "unreachable":
            raise NotSent("No connection could be made. Nothing was sent.")
        if fault == "request lost":
            raise OutcomeUnknown("the connection was closed")
        if fault == "refused":
            raise OrderRefused("The venue refused it. Nothing was booked.")
        if fault == "late":
            self.venue.later(self.venue.now + 4000, lambda: self.venue.create_late(intent))
            raise OutcomeUnknown("no answer came")
        try:
            order = self.venue.create(intent)
        except Refused as refusal:
            raise OrderRefused(f"{refusal} Nothing was booked.") from refusal
        if fault == "answer lost":
            raise OutcomeUnknown("the connection was closed")
        return order.told()

    def cancel(self, intent):
        fault = self.cancel_faults.pop(0) if self.cancel_faults else None
        if fault is not None:
            raise VenueError("the cancel was not answered")
        try:
            return self.venue.cancel(intent.client_order_id, _conditional(intent)).told()
        except Refused:
            return self.order(intent)

    # AccountReader

    def catch_up(self):
        self._hear()

    def cash(self):
        return self.venue.cash()

    def holdings(self):
        self._hear()
        return {BTC: self.venue.position} if self.venue.position else {}

    def open_orders(self):
        self._hear()
        return [order.told() for order in self.venue.open()]

    def order(self, intent):
        self._hear()
        found = self.venue.find(intent.client_order_id, _conditional(intent))
        return found.told() if found else None

    def fills(self, since, symbols):
        self._hear()
        return [one.fill for one in self.venue.executed if since is None or one.fill.at >= since]

    def forced(self, fill):
        return False

    def funding(self, since, symbols):
        return []

    def _hear(self):
        if self.silent:
            raise VenueError("The venue is silent. Nothing was read.")


def _conditional(intent):
    return intent.kind in ("stop_market", "take_profit_market")
