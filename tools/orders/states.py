"""
How an order changes: one table of state and event, total, and nothing else decides.

Unknown is not failed: an order that got no definite answer is asked for until the venue
has it or is proven never to have had it. The venue is the truth: an order that it holds is
open again whatever was believed before, and a fill after a cancel is a fill.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from records.errors import OrderRefused
from records.order import Order, OrderStatus
from records.ports import VenueOrder

OrderEvent = Literal[
    "send",  # it is handed to the venue now
    "no_answer",  # nothing definite came back
    "open",
    "partially_filled",
    "filled",
    "cancelled",
    "rejected",
    "expired",  # the venue says so, each of these six
    "missed",  # the venue says that it does not know it
    "proven_absent",  # and no request can be under way any more
    "given_up",  # it held the order once, and missed it so often
]

STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)
EVENTS: tuple[OrderEvent, ...] = get_args(OrderEvent)
STRIKES = 3
"""Misses in a row after which an order that the venue held counts as lost."""

_TOLD: Mapping[str, OrderStatus] = {
    "open": "open",
    "partially_filled": "partially_filled",
    "filled": "filled",
    "cancelled": "cancelled",
    "rejected": "rejected",
    "expired": "expired",
}
_SILENT = ("no_answer", "missed", "proven_absent", "given_up")


def _row(**changed: OrderStatus) -> dict[str, OrderStatus]:
    """What the venue says holds, but for the events named here."""
    return {**_TOLD, **changed}


def _ended(status: OrderStatus) -> dict[str, OrderStatus]:
    """An order that ended: silence changes nothing, what the venue says does."""
    return _row(**dict.fromkeys(_SILENT, status))


TABLE: Mapping[OrderStatus, Mapping[str, OrderStatus]] = {
    "pending": _row(
        send="submitted",
        no_answer="pending",
        missed="pending",
        proven_absent="pending",
        given_up="pending",
    ),
    "submitted": _row(
        no_answer="unknown", missed="unknown", proven_absent="absent", given_up="unknown"
    ),
    "unknown": _row(
        no_answer="unknown", missed="unknown", proven_absent="absent", given_up="unknown"
    ),
    "open": _row(no_answer="open", missed="open", proven_absent="open", given_up="lost"),
    "partially_filled": _row(
        open="partially_filled",
        no_answer="partially_filled",
        missed="partially_filled",
        proven_absent="partially_filled",
        given_up="lost",
    ),
    "filled": dict.fromkeys((*_TOLD, *_SILENT), "filled"),
    "cancelled": _ended("cancelled"),
    "rejected": _ended("rejected"),
    "expired": _ended("expired"),
    "absent": _ended("absent"),
    "lost": _ended("lost"),
}
"""`send` stands in one row alone: what is not pending is never sent."""


def next_status(status: OrderStatus, event: OrderEvent | OrderStatus) -> OrderStatus:
    """The state that follows; refuses to send what is not pending."""
    assert event in EVENTS, f"{event} is no event"
    row = TABLE[status]
    if event not in row:
        raise OrderRefused(
            f"An order that is {status} is not sent. Nothing was sent. Ask the venue for it by its "
            "id instead."
        )
    return row[event]


def sent(order: Order, at: datetime) -> Order:
    """A pending order that goes out now; refused for any other."""
    return order.model_copy(
        update={
            "status": next_status(order.status, "send"),
            "submitted_at": at,
            "updated_at": at,
        }
    )


def told(order: Order, report: VenueOrder) -> Order:
    """The order after the venue's word; what was filled is never taken back."""
    status = next_status(order.status, report.status if report.status in _TOLD else "no_answer")
    filled = max(order.filled_quantity, report.filled_quantity)
    return order.model_copy(
        update={
            "status": status,
            "venue_order_id": report.venue_order_id,
            "executed_as": report.executed_as or order.executed_as,
            "filled_quantity": filled,
            "average_price": report.average_price or order.average_price,
            "reason": report.reason or order.reason,
            "strikes": 0,
            "updated_at": max(order.updated_at, report.updated_at),
        }
    )


def unanswered(order: Order, why: str, at: datetime) -> Order:
    """The order after an answer that said nothing certain; it may have left as late as now."""
    status = next_status(order.status, "no_answer")
    return order.model_copy(
        update={"status": status, "reason": why, "submitted_at": at, "updated_at": at}
    )


def missed(order: Order, at: datetime, *, proven: bool) -> Order:
    """The order after the venue did not know it; proven: no request of it is under way."""
    strikes = order.strikes + 1
    event: OrderEvent = "proven_absent" if proven else "missed"
    if order.venue_order_id is not None and strikes >= STRIKES:
        event = "given_up"
    return order.model_copy(
        update={
            "status": next_status(order.status, event),
            "strikes": strikes,
            "reason": "the venue does not know it",
            "updated_at": at,
        }
    )
