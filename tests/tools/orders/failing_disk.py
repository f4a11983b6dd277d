"""A ledger whose disk fills up, or whose file another program locks, at a chosen write."""

import sqlite3
from contextlib import contextmanager

from records.errors import LedgerError

KINDS = ("full", "locked")
_PLENTY = 1_073_741_823


class FailingDisk:
    """Counts the ledger's write transactions and fails from the chosen one on."""

    def __init__(self, ledger, kind=None, at=0):
        self.count = 0
        self.tripped = False
        self.failed = False
        self.on_failure = lambda: None
        self._ledger = ledger
        self._kind = kind
        self._at = at
        self._writing = ledger.store.writing
        ledger.store.writing = self._counted
        with ledger.store.raw() as connection:
            connection.execute("PRAGMA busy_timeout=20")

    @contextmanager
    def _counted(self):
        if not self._ledger.store._joined():
            self.count += 1
            if self.count == self._at:
                self._trip()
        try:
            with self._writing() as connection:
                yield connection
        except LedgerError:
            if not self.failed:
                self.failed = True
                self.on_failure()
            raise

    def _trip(self):
        self.tripped = True
        if self._kind == "locked":
            self._other = sqlite3.connect(self._ledger.path, isolation_level=None)
            self._other.execute("BEGIN IMMEDIATE")
            return
        with self._ledger.store.raw() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count={pages}")
            _fill(connection)

    def heal(self):
        """Room again, or the lock gone."""
        self._ledger.store.writing = self._writing
        if self.tripped and self._kind == "locked":
            self._other.rollback()
            self._other.close()
        with self._ledger.store.raw() as connection:
            connection.execute(f"PRAGMA max_page_count={_PLENTY}")


_ROWS = {
    "events": "(event_id, at, level, kind, message) VALUES (:id, 1, 'info', 'filler', :fill)",
    "intents": (
        "(intent_id, cycle_id, client_order_id, created_at, symbol, side, role, kind, quantity,"
        " reduce_only) VALUES (:id, :cycle, :id, 1, :fill, 'buy', 'exit', 'market', '1', 1)"
    ),
    "orders": (
        "(client_order_id, status, filled_quantity, fee, reason, updated_at)"
        " VALUES (:id, 'expired', '0', '0', :fill, 1)"
    ),
    "positions": (
        "(position_id, symbol, side, quantity, entry_price, fees, opened_at, cycle_id, proposal_id,"
        " thesis, closed_at)"
        " VALUES (:id, 'FILL/ER', 'long', '1', '1', '0', 1, :cycle, '', :fill, 1)"
    ),
}


def _fill(connection):
    """Take every byte that is left in the tables an order needs, in ever smaller rows."""
    (cycle,) = connection.execute("SELECT cycle_id FROM cycles LIMIT 1").fetchone()
    for table, values in _ROWS.items():
        for size in (2000, 200, 20, 0):
            for number in range(2000):
                row = {"id": f"fill-{size}-{number}", "fill": "x" * size, "cycle": cycle}
                try:
                    connection.execute(f"INSERT INTO {table} {values}", row)
                except sqlite3.OperationalError:
                    break  # no room for another one of this size
                except sqlite3.IntegrityError:
                    break  # an order needs its intent, and there are no more
