"""
Order paths that are wrong on purpose: a proof that lets them through proves nothing.

Each makes one mistake that is common in the field. None of them is used by the desk.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from records.errors import OrderRefused, VenueError
from records.order import Order
from records.ports import VenueOrder
from tests.crash.path import Build, DeskPath, Parts
from tools.orders.intents import from_approval


class SendThenRecord:
    """Writes down what it did after it did it; what is not written is done (again)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def reconcile(self) -> Sequence[str]:
        for cycle_id in _cycles(self._parts):
            for approval in self._parts.ledger.decisions.approvals(cycle_id):
                if approval.used_at is None and cycle_id != self._parts.ids.cycle_id:
                    self.place(approval.approval_id)
        return ()

    def place(self, approval_id: str) -> None:
        parts = self._parts
        approval = parts.ledger.decisions.approval(approval_id)
        assert approval is not None
        intents = from_approval(approval, parts.clock.now())
        with suppress(OrderRefused, VenueError):
            answers = [parts.account.create(intent) for intent in intents]
            orders = parts.ledger.execution.spend_approval(approval_id, parts.clock.now(), intents)
            for order, answer in zip(orders, answers, strict=True):
                parts.ledger.execution.update_order(_told(order, answer))

    def protect(self) -> None: ...

    def flatten(self) -> None: ...


class BlindResend:
    """Writes down what it will do, and sends it once more when it does not know how it went."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def reconcile(self) -> Sequence[str]:
        for order in self._parts.ledger.execution.working_orders():
            if order.venue_order_id is None:
                self._send(order)
        return ()

    def place(self, approval_id: str) -> None:
        parts = self._parts
        approval = parts.ledger.decisions.approval(approval_id)
        assert approval is not None
        intents = from_approval(approval, parts.clock.now())
        for order in parts.ledger.execution.spend_approval(approval_id, parts.clock.now(), intents):
            self._send(order)

    def protect(self) -> None: ...

    def flatten(self) -> None: ...

    def _send(self, order: Order) -> None:
        for _ in range(2):
            with suppress(OrderRefused, VenueError):
                answer = self._parts.account.create(order.intent)
                self._parts.ledger.execution.update_order(_told(order, answer))
                return


def without_window(parts: Parts) -> DeskPath:
    """The desk's own path, told that a request is never under way."""
    parts.account.fate_known_after_s = 0.0
    return DeskPath(parts)


def _cycles(parts: Parts) -> Sequence[str]:
    return [start.cycle_id for start in parts.ledger.cycles.unfinished()]


def _told(order: Order, answer: VenueOrder) -> Order:
    return order.model_copy(
        update={
            "status": answer.status,
            "venue_order_id": answer.venue_order_id,
            "filled_quantity": answer.filled_quantity,
            "updated_at": answer.updated_at,
        }
    )


PATHS: Mapping[str, Build] = {
    "desk": DeskPath,
    "send-then-record": SendThenRecord,
    "blind-resend": BlindResend,
    "without-window": without_window,
}
