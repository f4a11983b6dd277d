"""What the migrations build is what the code expects, and history cannot be rewritten."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from records.errors import LedgerConflict
from tests.tools.ledger import samples
from tests.tools.ledger.samples import CYCLE, NOW
from tools.ledger.columns import metadata
from tools.ledger.ledger import Ledger
from tools.ledger.migrations.versions import (
    r0001_first_ledger,
    r0002_live_orders,
    r0005_outcomes,
    r0006_lessons,
)
from tools.ledger.revision import APPLICATION_ID, HEAD, MIGRATIONS, REVISIONS
from tools.ledger.schema import APPEND_ONLY


def fill_every_table(ledger):
    """One row in each table."""
    permission = samples.allow(ledger)
    ledger.cycles.add_snapshot(CYCLE, samples.snapshot(), "digest")
    ledger.cycles.add_report(samples.report())
    ledger.decisions.add_refusal(samples.refusal())
    ledger.execution.spend_approval(permission.approval_id, NOW, samples.with_stop())
    ledger.execution.book_fills([samples.fill()])
    ledger.account.save_position(samples.position())
    ledger.account.book_funding(samples.funding_payment(), samples.position())
    ledger.account.add_trade(samples.trade())
    ledger.account.add_equity(CYCLE, samples.account())
    ledger.account.set_baseline("day", NOW, samples.LONG)
    ledger.account.raise_peak(samples.LONG, NOW)
    ledger.safety.save_breaker(samples.breaker(), CYCLE)
    ledger.safety.add_event(samples.event())
    ledger.safety.add_arming(samples.arming())
    ledger.safety.hold_lock("x", symbol=None, since=NOW, until=None, reason="r", by="b")
    ledger.lessons.add_lesson(samples.lesson())
    ledger.lessons.forget([samples.lesson().lesson_id], NOW)
    ledger.outcomes.wait_for([samples.awaited(24)])
    ledger.outcomes.book_price(samples.later_price())
    ledger.outcomes.book_trade(samples.hypothetical())
    ledger.outcomes.add_calls([samples.model_calls()])
    ledger.paper_store().save(samples.books(), [samples.paper_order()], [samples.fill()])


def test_the_revision_constant_is_the_newest_script():
    """The cheap check at the start stands for alembic's own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)

    assert scripts.get_current_head() == HEAD
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def test_migrations_build_the_declared_schema(ledger):
    """A column in schema.py alone would fail on the first write in the field."""
    with ledger.store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_build_protects_what_the_schema_declares_append_only():
    """Both lists are written by hand; they may not drift."""
    scripts = (r0001_first_ledger, r0002_live_orders, r0005_outcomes, r0006_lessons)
    built = [table for script in scripts for table in script.APPEND_ONLY]
    assert set(built) == set(APPEND_ONLY)


def test_every_table_is_strict_and_used(ledger):
    """STRICT tables hold the declared types; a table nobody writes is a leftover."""
    fill_every_table(ledger)

    with ledger.store.raw() as connection:
        for table in metadata.tables:
            (strict,) = connection.execute(
                "SELECT strict FROM pragma_table_list WHERE name = ?", [table]
            ).fetchone()
            (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert (table, strict, rows > 0) == (table, 1, True)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET rowid = rowid + 1", "DELETE FROM {}"])
def test_history_is_only_added_to(ledger, table, change):
    """A bug elsewhere must not take back a veto or polish a trade."""
    fill_every_table(ledger)

    with (
        pytest.raises(LedgerConflict, match="may not change"),
        ledger.store.writing() as connection,
    ):
        connection.exec_driver_sql(change.format(table))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE approvals SET used_at = NULL",
        "UPDATE approvals SET used_at = used_at + 1",
        "UPDATE cycles SET outcome = 'hold'",
        "UPDATE positions SET closed_at = NULL",
        "UPDATE locks SET cleared_at = NULL",
        "DELETE FROM approvals",
        "DELETE FROM cycles",
        "DELETE FROM orders",
        "UPDATE arming SET max_notional = '1000000000'",
        "UPDATE arming SET expires_at = expires_at + 1",
        "DELETE FROM arming",
    ],
)
def test_an_end_is_final(ledger, change):
    """A used approval, an ended cycle, a closed position and a cleared lock stay so."""
    fill_every_table(ledger)
    ledger.account.close_position(samples.position().position_id, NOW)
    ledger.safety.clear_lock(1, at=NOW, by="operator", why="looked at")
    ledger.cycles.end_cycle(samples.cycle_record())

    with (
        pytest.raises(LedgerConflict, match="may not change"),
        ledger.store.writing() as connection,
    ):
        connection.exec_driver_sql(change)


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'y'",
        "symbol = 'BTC/USDT'",
        "since = since + 1",
        "reason = 'other'",
        "\"by\" = 'nobody'",
        "until = until - 1",
        "judged_to = judged_to - 1",
        "judged_to = NULL",
    ],
)
def test_a_lock_only_grows_longer(ledger, change):
    """Why and since when it holds is history, and no rule may quietly end it early."""
    ledger.safety.hold_lock(
        "x", symbol=None, since=NOW, until=NOW, reason="r", by="b", judged_to=NOW
    )

    with pytest.raises(LedgerConflict), ledger.store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE locks SET {change}")
    with ledger.store.writing() as connection:
        connection.exec_driver_sql("UPDATE locks SET until = until + 1, judged_to = judged_to + 1")
        connection.exec_driver_sql("UPDATE locks SET until = NULL")
    with pytest.raises(LedgerConflict), ledger.store.writing() as connection:
        connection.exec_driver_sql("UPDATE locks SET until = 1")


def test_an_older_ledger_keeps_its_highest_equity_and_its_locks(path):
    """Drawdown is measured from the best moment, also of the time before it was kept."""
    older = path.with_name("older.db")
    with closing(sqlite3.connect(older, isolation_level=None)) as connection:
        for script in (r0001_first_ledger, r0002_live_orders):
            _upgrade(connection, script)
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0002')")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        for number, worth in enumerate(("9.5", "10", "9.99")):
            connection.execute(
                "INSERT INTO cycles (cycle_id, sequence, started_at, venue, mode, synthetic, "
                "symbols) VALUES (?, ?, 0, 'demo', 'paper', 1, '[]')",
                (str(number), number),
            )
            account = samples.account().model_dump_json()
            connection.execute(
                "INSERT INTO equity VALUES (?, ?, 'USDT', ?, '0', ?)",
                (number, number, worth, account),
            )
        connection.execute("INSERT INTO locks VALUES (1, 'x', NULL, 0, NULL, 'r', 'b', NULL, NULL)")

    with Ledger(older) as ledger:
        assert ledger.account.peak_equity() == Decimal(10)
        (kept,) = ledger.safety.active_locks(NOW)
        assert (kept.kind, kept.cleared_why, kept.judged_to) == ("x", None, None)
        assert ledger.integrity() == []


def _upgrade(connection, script):
    """Run a migration's statements without alembic's own table."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(script, "op", SimpleNamespace(execute=connection.execute))
        script.upgrade()


def test_an_unused_approval_may_only_be_used(ledger):
    """Its terms are as fixed as those of a used one."""
    samples.allow(ledger)

    for change in ("record = '{}', used_at = 1", "expires_at = expires_at + 1, used_at = 1"):
        with pytest.raises(LedgerConflict), ledger.store.writing() as connection:
            connection.exec_driver_sql(f"UPDATE approvals SET {change}")


def test_a_float_does_not_fit_an_amount(path):
    """Another program that writes 0.1 as a float is stopped by the file itself."""
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute("INSERT INTO peak VALUES (1, x'00', 0)")
