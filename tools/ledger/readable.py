"""
Whether the records in a ledger can be read by this desk, as its next cycle would read them.

SQLite vouches for the file alone. A document that another desk wrote, or another hand
changed, is found here before a cycle ends on it. It reads, and mends nothing.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import select, text

from records.base import Record
from records.breaker import BreakerState
from records.cycle import CycleRecord
from records.errors import LedgerCorrupt
from records.history import SnapshotSummary
from records.lesson import Lesson
from records.order import AccountState
from records.outcome import HypotheticalTrade
from records.ports import PaperBooks, PaperOrder
from records.proposal import TradeProposal
from records.reports import ReportRow
from records.verdict import Approval, Refusal, RiskVerdict
from tools.ledger.columns import metadata
from tools.ledger.engine import Store
from tools.ledger.rows import from_document

DOCUMENTS: Mapping[str, type[Record]] = {
    "cycles": CycleRecord,
    "snapshots": SnapshotSummary,
    "reports": ReportRow,
    "proposals": TradeProposal,
    "verdicts": RiskVerdict,
    "approvals": Approval,
    "refusals": Refusal,
    "equity": AccountState,
    "breaker": BreakerState,
    "paper_books": PaperBooks,
    "paper_orders": PaperOrder,
    "hypothetical_trades": HypotheticalTrade,
    "lessons": Lesson,
}
"""What the column `record` holds, table by table."""

_NEWEST = 100


def unreadable(store: Store) -> Iterator[str]:
    """The first fault among the newest documents of each table, in words."""
    for name, model in DOCUMENTS.items():
        table = metadata.tables[name]
        statement = (
            select(table.c.record)
            .where(table.c.record.is_not(None))
            .order_by(text("rowid DESC"))
            .limit(_NEWEST)
        )
        with store.reading() as connection:
            found = connection.scalars(statement).all()
        try:
            for document in found:
                from_document(model, document)
        except LedgerCorrupt as error:
            yield f"{name}: {error}"
