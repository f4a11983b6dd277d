"""
What a run left behind, the ledger held against the venue, with no benefit of the doubt.

Only what is certain to be wrong is a finding: each says which run it was found in and what
was expected.
"""

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Literal

from records.base import Record
from records.order import Order
from tests.crash.venue import Audit
from tools.ledger.ledger import Ledger

Kind = Literal[
    "duplicate",
    "surplus guard",
    "orphan",
    "unprotected",
    "unresolved",
    "ledger differs",
    "integrity",
    "error",
]


class Finding(Record):
    """Something that must not be."""

    kind: Kind
    what: str


def judge(ledger: Ledger, audit: Audit, approved: Decimal) -> tuple[Finding, ...]:
    """Everything that is wrong after the last recovery; the quantity is what was approved."""
    return tuple(
        Finding(kind=kind, what=what)
        for kind, what in (
            *_duplicates(audit, approved),
            *_left_over(ledger, audit),
            *_unprotected(audit),
            *_unresolved(ledger, audit),
            *_differences(ledger, audit),
            *(("integrity", fault) for fault in ledger.integrity()),
        )
    )


def unprotected(audit: Audit) -> tuple[Finding, ...]:
    """The part that must hold after the first recovery already."""
    return tuple(Finding(kind=kind, what=what) for kind, what in _unprotected(audit))


def digest(ledger: Ledger) -> str:
    """A fingerprint of every row of every table."""
    seen = sha256()
    with ledger.store.raw() as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid').fetchall()
            seen.update(repr((table, rows)).encode())
    return seen.hexdigest()


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"


type Found = Iterator[tuple[Kind, str]]


def _duplicates(audit: Audit, approved: Decimal) -> Found:
    for client_id in audit.same_client_id:
        yield "duplicate", f"client order id {client_id} was accepted more than once"
    entries = [name for name in audit.accepted if name.endswith("-e")]
    if len(entries) > 1:
        yield "duplicate", f"one approval led to the entries {entries}"
    if audit.largest_position > approved:
        yield "duplicate", f"{audit.largest_position} was held, {approved} approved"
    if audit.stops > 1 or audit.targets > 1:
        yield "surplus guard", f"{audit.stops} stops and {audit.targets} targets rest"


def _left_over(ledger: Ledger, audit: Audit) -> Found:
    for client_id in audit.orphans:
        yield "orphan", f"{client_id} rests at the venue and guards nothing"
    working = {one.intent.client_order_id for one in ledger.execution.working_orders()}
    for order in audit.open_orders:
        if order.client_order_id not in working:
            yield "orphan", f"{order.client_order_id} rests at the venue, not in the ledger"


def _unprotected(audit: Audit) -> Found:
    if not audit.protected:
        yield "unprotected", f"{audit.position} is held without a stop that covers it"


def _unresolved(ledger: Ledger, audit: Audit) -> Found:
    resting = {one.client_order_id for one in audit.open_orders}
    entry_rests = any(name.endswith("-e") for name in resting)
    for order in ledger.execution.working_orders():
        name = order.intent.client_order_id
        if name not in resting and not (_waits(order) and entry_rests):
            yield "unresolved", f"{name} is {order.status} in the ledger and not at the venue"


def _waits(order: Order) -> bool:
    return order.status == "pending" and order.intent.role in ("stop", "take_profit")


def _differences(ledger: Ledger, audit: Audit) -> Found:
    ours = {
        (one.client_order_id, one.fill_id, one.quantity, one.price, one.fee)
        for one in ledger.execution.fills_since(None)
    }
    theirs = {
        (one.client_id, one.fill.fill_id, one.fill.quantity, one.fill.price, one.fill.fee)
        for one in audit.fills
    }
    for fill in sorted(ours ^ theirs):
        yield "ledger differs", f"{'ledger' if fill in ours else 'venue'} alone has fill {fill}"
    held = sum(
        (one.quantity if one.side == "long" else -one.quantity)
        for one in ledger.account.open_positions()
    )
    if held != audit.position:
        yield "ledger differs", f"the ledger holds {held}, the venue {audit.position}"
    yield from _fees(ledger, audit)


def _fees(ledger: Ledger, audit: Audit) -> Found:
    """Every fee the venue took is in a position or in a trade."""
    booked = sum((one.fees for one in ledger.account.open_positions()), Decimal(0))
    booked += sum((one.fees for one in ledger.account.trades(100)), Decimal(0))
    paid = sum((one.fill.fee for one in audit.fills), Decimal(0))
    if booked != paid:
        yield "ledger differs", f"positions and trades carry {booked} of fees, {paid} was paid"
