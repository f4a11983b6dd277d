"""
From approval to fill, each step committed before the next is taken.

Using an approval and writing its intents is one transaction: of any number of callers
exactly one wins, and what it may send is on disk before it is sent. A fill is booked
once; the same id with other figures is refused, not merged. Nothing here sends.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from records.errors import (
    ApprovalExpired,
    ApprovalMismatch,
    ApprovalSpent,
    ApprovalUnknown,
    LedgerConflict,
)
from records.order import WORKING, Fill, Order, OrderIntent
from records.verdict import Approval
from tools.ledger.engine import Store
from tools.ledger.rows import approved, columns, from_columns, in_order, new_fills
from tools.ledger.schema import approvals, fills, intents, orders


class Execution:
    """Intents, orders and fills."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def spend_approval(
        self, approval_id: str, now: datetime, planned: Sequence[OrderIntent]
    ) -> tuple[Order, ...]:
        """Use an approval up and write the orders it allows as pending, together or not at all."""
        with self._store.writing() as connection:
            approval = _usable(connection, approval_id, now)
            _refuse_mismatch(approval, planned)
            connection.execute(
                update(approvals)
                .where(approvals.c.approval_id == approval_id)
                .values(used_at=now, used_by=planned[0].client_order_id)
            )
            return _write(connection, planned)

    def add_intents(self, planned: Sequence[OrderIntent]) -> tuple[Order, ...]:
        """Write exits the desk decides itself as pending orders; an entry is refused."""
        for intent in planned:
            if intent.role == "entry":
                raise ApprovalMismatch(
                    f"Intent {intent.intent_id!r} is an entry. No order was written. "
                    "An entry needs an approval, which is used up with it."
                )
        with self._store.writing() as connection:
            return _write(connection, planned)

    def update_order(self, order: Order) -> None:
        """Write what the venue says of an order now."""
        statement = (
            update(orders)
            .where(orders.c.client_order_id == order.intent.client_order_id)
            .values(**columns(order, orders))
        )
        with self._store.writing() as connection:
            if connection.execute(statement).rowcount != 1:
                raise LedgerConflict(
                    f"Order {order.intent.client_order_id!r} was never written to this ledger. "
                    "Its state was not recorded. Write the intent before the order is sent."
                )

    def book_fills(self, executed: Sequence[Fill]) -> tuple[Fill, ...]:
        """Book fills exactly once; returns those that were new."""
        with self._store.writing() as connection:
            new = new_fills(connection, fills, executed)
            _refuse_strangers(connection, new)
            if new:
                connection.execute(insert(fills), [columns(fill, fills) for fill in new])
            return new

    def order(self, client_order_id: str) -> Order | None:
        """One order by our own id."""
        found = self._orders(orders.c.client_order_id == client_order_id)
        return found[0] if found else None

    def order_at_venue(self, venue_order_id: str, symbol: str) -> Order | None:
        """One order by the venue's id for it, or for its fills."""
        found = self._orders(
            or_(orders.c.venue_order_id == venue_order_id, orders.c.executed_as == venue_order_id),
            intents.c.symbol == symbol,
        )
        return found[0] if found else None

    def orders(self, cycle_id: str) -> tuple[Order, ...]:
        """The orders a cycle wrote."""
        return self._orders(intents.c.cycle_id == cycle_id)

    def working_orders(self) -> tuple[Order, ...]:
        """Orders that may still be executed, or whose fate is unknown."""
        return self._orders(orders.c.status.in_(sorted(WORKING)))

    def symbols_since(self, since: datetime) -> tuple[str, ...]:
        """Markets of orders that work, or that changed at or after a time."""
        statement = (
            select(intents.c.symbol)
            .join(orders, orders.c.client_order_id == intents.c.client_order_id)
            .where(or_(orders.c.status.in_(sorted(WORKING)), orders.c.updated_at >= since))
            .distinct()
            .order_by(intents.c.symbol)
        )
        with self._store.reading() as connection:
            return tuple(connection.scalars(statement))

    def entries_since(self, since: datetime) -> int:
        """How many entries were written, each with its approval spent, at or after a time."""
        statement = select(func.count()).where(
            intents.c.role == "entry", intents.c.created_at >= since
        )
        with self._store.reading() as connection:
            return connection.execute(statement).scalar_one()

    def unexplained(self, since: datetime) -> tuple[Order, ...]:
        """Orders written since then of which more was filled than fills are booked."""
        statement = (
            select(orders.c.client_order_id, orders.c.filled_quantity, fills.c.quantity)
            .join(intents, intents.c.client_order_id == orders.c.client_order_id)
            .outerjoin(fills, fills.c.client_order_id == orders.c.client_order_id)
            .where(intents.c.created_at >= since, orders.c.filled_quantity != Decimal(0))
        )
        missing: dict[str, Decimal] = {}
        with self._store.reading() as connection:
            for order_id, filled, booked in connection.execute(statement):
                missing[order_id] = missing.get(order_id, filled) - (booked or Decimal(0))
        found = (self.order(order_id) for order_id, left in missing.items() if left > 0)
        return tuple(order for order in found if order is not None)

    def fills(self, cycle_id: str) -> tuple[Fill, ...]:
        """The fills of the orders a cycle wrote."""
        of_cycle = select(intents.c.client_order_id).where(intents.c.cycle_id == cycle_id)
        return self._fills(fills.c.client_order_id.in_(of_cycle))

    def fills_of(self, client_order_id: str) -> tuple[Fill, ...]:
        """The fills of one order."""
        return self._fills(fills.c.client_order_id == client_order_id)

    def fills_since(self, since: datetime | None) -> tuple[Fill, ...]:
        """Fills at or after a time, oldest first; None for all."""
        return self._fills() if since is None else self._fills(fills.c.at >= since)

    def last_fill_at(self) -> datetime | None:
        """When the newest booked fill was executed."""
        with self._store.reading() as connection:
            newest: datetime | None = connection.scalar(select(func.max(fills.c.at)))
        return newest

    def _orders(self, *which: ColumnElement[bool]) -> tuple[Order, ...]:
        statement = (
            select(intents, *_STATE)
            .join(orders, orders.c.client_order_id == intents.c.client_order_id)
            .where(*which)
            .order_by(intents.c.created_at, *in_order(intents.c.intent_id))
        )
        with self._store.reading() as connection:
            return tuple(
                from_columns(Order, row, intent=from_columns(OrderIntent, row))
                for row in connection.execute(statement)
            )

    def _fills(self, *which: ColumnElement[bool]) -> tuple[Fill, ...]:
        statement = select(fills).where(*which).order_by(fills.c.at, *in_order(fills.c.fill_id))
        with self._store.reading() as connection:
            return tuple(from_columns(Fill, row) for row in connection.execute(statement))


_STATE: tuple[ColumnElement[Any], ...] = tuple(
    column for column in orders.columns if column.name != "client_order_id"
)


def _usable(connection: Connection, approval_id: str, now: datetime) -> Approval:
    """The approval, if it was issued, was not used and has not expired."""
    statement = select(approvals.c.record, approvals.c.used_at, approvals.c.used_by).where(
        approvals.c.approval_id == approval_id
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise ApprovalUnknown(
            f"Approval {approval_id!r} is not in the ledger. No order was written. "
            "Use the approval ids that the risk gate issued in this cycle."
        )
    if row.used_at is not None:
        raise ApprovalSpent(
            f"Approval {approval_id!r} was already used at {row.used_at.isoformat()} by order "
            f"{row.used_by!r}. No order was written. One approval is one order."
        )
    approval = approved(row.record, None)
    if not approval.created_at <= now < approval.expires_at:
        age_s = (now - approval.created_at).total_seconds()
        limit_s = (approval.expires_at - approval.created_at).total_seconds()
        raise ApprovalExpired(
            f"Approval {approval_id!r} is {age_s:g} s old; it holds for less than {limit_s:g} s. "
            "No order was written. Run a new cycle so the risk officer sees current prices."
        )
    return approval


def _refuse_mismatch(approval: Approval, planned: Sequence[OrderIntent]) -> None:
    """What is written may not exceed what was approved, whoever planned it."""
    for intent in planned:
        if intent.cycle_id != approval.cycle_id:
            raise ApprovalUnknown(
                f"Approval {approval.approval_id!r} was issued in cycle {approval.cycle_id!r}, not "
                f"in {intent.cycle_id!r}. No order was written. Run a new cycle."
            )
    if not planned or planned[0].approval_id != approval.approval_id:
        raise _mismatch(approval, "its first order does not name it")
    for intent in planned:
        if intent.approval_id not in (approval.approval_id, None):
            raise _mismatch(approval, f"order {intent.client_order_id!r} names another approval")
        if intent.symbol != approval.symbol:
            raise _mismatch(approval, f"{intent.symbol} was planned instead of {approval.symbol}")
        if intent.quantity > approval.quantity:
            raise _mismatch(
                approval, f"{intent.quantity} was planned, {approval.quantity} approved"
            )
    if any(intent.role == "entry" for intent in planned[1:]):
        raise _mismatch(approval, "a second entry was planned")
    first = planned[0]
    if (first.kind, first.reduce_only) != (approval.entry, approval.reduce_only):
        raise _mismatch(approval, f"a {first.kind} order was planned instead of a {approval.entry}")
    if approval.limit_price is not None and first.limit_price != approval.limit_price:
        raise _mismatch(approval, f"a limit of {first.limit_price} was planned")
    if not approval.reduce_only and not _within_band(approval, first.limit_price):
        raise _mismatch(approval, f"a worst price of {first.limit_price} was planned")
    for intent in planned[1:]:
        if intent.role == "take_profit" and intent.trigger_price != approval.take_profit:
            raise _mismatch(approval, f"a target of {intent.trigger_price} was planned")
    if first.side != approval.side:
        raise _mismatch(approval, f"a {planned[0].side} was planned instead of a {approval.side}")
    if first.leverage > approval.leverage:
        raise _mismatch(
            approval, f"leverage {first.leverage} was planned, {approval.leverage} approved"
        )
    if not approval.reduce_only and not _has_its_stop(approval, planned):
        raise _mismatch(approval, "the entry does not bring its stop")


def _within_band(approval: Approval, worst: Decimal | None) -> bool:
    """Whether an entry can trade at no price that was not approved."""
    return worst is not None and approval.price_low <= worst <= approval.price_high


def _has_its_stop(approval: Approval, planned: Sequence[OrderIntent]) -> bool:
    """Whether the stop that was approved is planned with the entry, for all of it."""
    return any(
        intent.role == "stop"
        and intent.reduce_only
        and intent.side != approval.side
        and intent.trigger_price == approval.stop
        and intent.quantity >= planned[0].quantity
        for intent in planned[1:]
    )


def _mismatch(approval: Approval, detail: str) -> ApprovalMismatch:
    return ApprovalMismatch(
        f"Approval {approval.approval_id!r} does not allow this: {detail}. No order was written "
        "and the approval is unused. Plan the order from the approval alone."
    )


def _write(connection: Connection, planned: Sequence[OrderIntent]) -> tuple[Order, ...]:
    """Intents and their orders, pending."""
    pending = tuple(_pending(intent) for intent in planned)
    if pending:
        connection.execute(insert(intents), [columns(intent, intents) for intent in planned])
        rows = [
            columns(order, orders, client_order_id=order.intent.client_order_id)
            for order in pending
        ]
        connection.execute(insert(orders), rows)
    return pending


def _pending(intent: OrderIntent) -> Order:
    """An order that is about to be sent."""
    return Order.model_validate(
        {
            "intent": intent,
            "venue_order_id": None,
            "status": "pending",
            "filled_quantity": 0,
            "average_price": None,
            "fee": 0,
            "updated_at": intent.created_at,
        }
    )


def _refuse_strangers(connection: Connection, new: Sequence[Fill]) -> None:
    """A fill belongs to an order this desk wrote."""
    for client_order_id in {fill.client_order_id for fill in new}:
        statement = select(orders.c.status).where(orders.c.client_order_id == client_order_id)
        if connection.scalar(statement) is None:
            raise LedgerConflict(
                f"A fill names order {client_order_id!r}, which this desk never wrote. None of "
                "these fills was booked. Book the desk's own, and raise an alarm about the other."
            )
