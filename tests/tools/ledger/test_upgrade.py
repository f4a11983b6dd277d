"""
A ledger of an older desk goes on with this one: its documents are read, and say the same.

`written_at_0002.json` holds the rows of one cycle as the last desk of that revision wrote them.
"""

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.errors import LedgerConflict
from tools.ledger.columns import metadata
from tools.ledger.ledger import Ledger
from tools.ledger.migrations.versions import r0001_first_ledger, r0002_live_orders
from tools.ledger.readable import DOCUMENTS
from tools.ledger.revision import APPLICATION_ID

ROWS = json.loads((Path(__file__).parent / "written_at_0002.json").read_text(encoding="utf-8"))
CYCLE = ROWS["cycles"][0]["cycle_id"]

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def rows() -> Rows:
    """The old rows, for a test to change."""
    return json.loads(json.dumps(ROWS))  # type: ignore[no-any-return]


def older(path: Path, rows: Rows) -> Path:
    """A ledger of revision 0002 that holds these rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for script in (r0001_first_ledger, r0002_live_orders):
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(script, "op", SimpleNamespace(execute=connection.execute))
                script.upgrade()
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0002')")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        for table, found in rows.items():
            for row in found:
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()]
                )
    return path


def upgraded(path: Path, rows: Rows) -> Ledger:
    return Ledger(older(path, rows)).open()


def test_what_an_older_desk_wrote_is_read_and_says_the_same(tmp_path: Path) -> None:
    """A desk that cannot read its own breaker can run no cycle, and no command either."""
    with closing(upgraded(tmp_path / "ledger.db", ROWS)) as ledger:
        state = ledger.safety.breaker_state()
        record = ledger.cycles.last_cycle()
        (verdict,) = ledger.decisions.verdicts(CYCLE)

        assert ledger.integrity() == []
    assert state is not None and record is not None
    first = state.readings[0]
    assert (first.trigger, first.value, first.limit) == (
        "BTC/USDT 5m drop",
        Decimal("0.0722"),
        Decimal(10),
    )
    assert record.breaker == state
    assert record.verdicts == (verdict,)
    (proposal,) = record.proposals
    assert (verdict.draft.symbol, verdict.draft.side) == (proposal.symbol, "buy")
    assert proposal.draft.action == "open_long"


@pytest.mark.parametrize(
    ("action", "held", "side"),
    [
        ("open_long", None, "buy"),
        ("open_short", None, "sell"),
        ("close", "long", "sell"),
        ("reduce", "short", "buy"),
        ("close", None, "sell"),
    ],
)
def test_an_old_verdict_gets_the_side_of_its_order(
    tmp_path: Path, rows: Rows, action: str, held: str | None, side: str
) -> None:
    """What leaves a position is an order against it; no approval says so of one that was vetoed."""
    rows["approvals"] = []
    rows["proposals"][0]["action"] = action
    if held:
        rows["positions"] = [
            {
                "position_id": "b1", "symbol": rows["proposals"][0]["symbol"], "side": held,
                "quantity": "1", "entry_price": "1", "fees": "0", "opened_at": 0,
                "cycle_id": CYCLE, "proposal_id": "p", "thesis": "x",
            }
        ]  # fmt: skip

    with closing(upgraded(tmp_path / "ledger.db", rows)) as ledger:
        assert ledger.decisions.verdicts(CYCLE)[0].draft.side == side


def test_history_is_guarded_again_after_it_was_spelt_anew(tmp_path: Path) -> None:
    """An upgrade is the one moment at which a row may change."""
    with closing(upgraded(tmp_path / "ledger.db", ROWS)) as ledger:
        for table in ("breaker", "verdicts", "cycles"):
            with pytest.raises(LedgerConflict), ledger.store.writing() as connection:
                connection.exec_driver_sql(f"UPDATE {table} SET record = '{{}}'")


def test_a_damaged_document_does_not_stop_the_upgrade_and_is_told(
    tmp_path: Path, rows: Rows
) -> None:
    """The rest of the ledger is as good as before."""
    rows["breaker"][0]["record"] = "{"
    with closing(upgraded(tmp_path / "ledger.db", rows)) as ledger:
        (fault,) = ledger.integrity()

        assert ledger.cycles.last_cycle() is not None
    assert fault.startswith("breaker: A row of the ledger is not a valid BreakerState")


def test_every_table_with_documents_is_looked_through() -> None:
    """A table that were left out could end a cycle that `desk doctor` had called sound."""
    assert {table.name for table in metadata.tables.values() if "record" in table.c} == set(
        DOCUMENTS
    )


def test_an_old_lesson_becomes_a_whole_record(tmp_path: Path, rows: Rows) -> None:
    """Nothing learned is lost: no figure changes, and what was not kept then is null."""
    rows["lessons"] = [
        {
            "lesson_id": f"{CYCLE}-l1",
            "cycle_id": CYCLE,
            "learned_at": 1_741_000_000_000_001,
            "symbol": "BTC/USDT",
            "situation": "buy 4 by strength",
            "decision": 'long at 100: It said: "up".',
            "outcome": "closed by stop_loss",
            "pnl_pct": "-1.10",
            "holding_s": 3600,
        }
    ]
    with upgraded(tmp_path / "ledger.db", rows) as ledger:
        (lesson,) = ledger.lessons.lessons(None)
        edition = ledger.lessons.edition()

    assert (lesson.decision, lesson.thesis) == ("long at 100", 'It said: "up".')
    assert (str(lesson.pnl_pct), lesson.holding_s, lesson.kind) == ("-1.10", 3600, "traded")
    assert lesson.learned_at.isoformat() == "2025-03-03T11:06:40.000001+00:00"
    assert (lesson.proposal_id, lesson.side, lesson.best_pct) == (None, None, None)
    assert edition.startswith("1 kept, 0 forgotten, ")
