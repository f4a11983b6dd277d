"""
The books of a paper account: the venue's side, beside the desk's own, never mixed with it.

They stand in for an exchange, so they refer to nothing of the desk; reconciliation then
compares both, as it does with a real venue.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from records.order import WORKING, Fill
from records.ports import PaperBooks, PaperOrder
from tools.ledger.engine import Store
from tools.ledger.rows import (
    columns,
    document,
    documents,
    from_columns,
    from_document,
    in_order,
    new_fills,
)
from tools.ledger.schema import paper_books, paper_fills, paper_orders


class LedgerPaperStore:
    """Keeps the promise of `records.ports.PaperStore` in the ledger's file."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> PaperBooks | None:
        """Cash and holdings as last saved; None for a new account."""
        with self._store.reading() as connection:
            text = connection.scalar(select(paper_books.c.record))
        return None if text is None else from_document(PaperBooks, text)

    def save(self, books: PaperBooks, orders: Sequence[PaperOrder], fills: Sequence[Fill]) -> None:
        """Change cash, holdings, orders and fills together; a fill is booked once."""
        row = columns(books, paper_books, only=1, record=document(books))
        with self._store.writing() as connection:
            keep = upsert(paper_books).values(row)
            connection.execute(keep.on_conflict_do_update(index_elements=["only"], set_=row))
            if orders:
                connection.execute(_KEEP_ORDER, [_order_row(order) for order in orders])
            if new := new_fills(connection, paper_fills, fills):
                rows = [columns(fill, paper_fills) for fill in new]
                connection.execute(insert(paper_fills), rows)

    def order(self, client_order_id: str) -> PaperOrder | None:
        """One order by the desk's own id; None when the account has never seen it."""
        statement = select(paper_orders.c.record).where(
            paper_orders.c.client_order_id == client_order_id
        )
        with self._store.reading() as connection:
            text = connection.scalar(statement)
        return None if text is None else from_document(PaperOrder, text)

    def open_orders(self) -> Sequence[PaperOrder]:
        """Working orders, resting stops and targets included."""
        statement = (
            select(paper_orders.c.record)
            .where(paper_orders.c.status.in_(sorted(WORKING)))
            .order_by(paper_orders.c.created_at, *in_order(paper_orders.c.client_order_id))
        )
        with self._store.reading() as connection:
            return documents(PaperOrder, connection.execute(statement))

    def fills(self, since: datetime | None) -> Sequence[Fill]:
        """Fills at or after a time, oldest first; None for all."""
        statement = select(paper_fills).order_by(paper_fills.c.at, *in_order(paper_fills.c.fill_id))
        if since is not None:
            statement = statement.where(paper_fills.c.at >= since)
        with self._store.reading() as connection:
            return tuple(from_columns(Fill, row) for row in connection.execute(statement))


_INSERT_ORDER = upsert(paper_orders)
_KEEP_ORDER = _INSERT_ORDER.on_conflict_do_update(
    index_elements=["client_order_id"],
    set_={
        "status": _INSERT_ORDER.excluded.status,
        "updated_at": _INSERT_ORDER.excluded.updated_at,
        "record": _INSERT_ORDER.excluded.record,
    },
)


def _order_row(order: PaperOrder) -> dict[str, object]:
    intent = order.intent
    return columns(
        order,
        paper_orders,
        client_order_id=intent.client_order_id,
        symbol=intent.symbol,
        created_at=intent.created_at,
        record=document(order),
    )
