"""The first ledger: every table, and the triggers that keep its history unchanged."""

from alembic import op

revision = "0001"
down_revision: str | None = None

TABLES = (
    """
    CREATE TABLE baselines (
        period TEXT NOT NULL, period_start INTEGER NOT NULL, equity TEXT NOT NULL, PRIMARY KEY
        (period, period_start)
    ) STRICT
    """,
    """
    CREATE TABLE cycles (
        cycle_id TEXT NOT NULL, sequence INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at
        INTEGER, outcome TEXT, hold_reason TEXT, message TEXT, exit_code INTEGER, venue TEXT NOT
        NULL, mode TEXT NOT NULL, synthetic INTEGER NOT NULL, symbols TEXT NOT NULL, model_calls
        INTEGER, model_rounds INTEGER, prompt_tokens INTEGER, completion_tokens INTEGER, cost_usd
        TEXT, transcript_lines INTEGER, transcript_hash TEXT, record TEXT, PRIMARY KEY (cycle_id),
        UNIQUE (sequence)
    ) STRICT
    """,
    """
    CREATE TABLE locks (
        lock_id INTEGER NOT NULL, kind TEXT NOT NULL, symbol TEXT, since INTEGER NOT NULL, until
        INTEGER, reason TEXT NOT NULL, "by" TEXT NOT NULL, cleared_at INTEGER, cleared_by TEXT,
        PRIMARY KEY (lock_id)
    ) STRICT
    """,
    """
    CREATE TABLE paper_books (
        only INTEGER NOT NULL CHECK (only = 1), cash TEXT NOT NULL, walked_to INTEGER NOT NULL,
        record TEXT NOT NULL, PRIMARY KEY (only)
    ) STRICT
    """,
    """
    CREATE TABLE paper_orders (
        client_order_id TEXT NOT NULL, symbol TEXT NOT NULL, status TEXT NOT NULL, created_at
        INTEGER NOT NULL, updated_at INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY
        (client_order_id)
    ) STRICT
    """,
    """
    CREATE TABLE peak (
        only INTEGER NOT NULL CHECK (only = 1), equity TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY
        KEY (only)
    ) STRICT
    """,
    """
    CREATE TABLE breaker (
        number INTEGER NOT NULL, cycle_id TEXT, status TEXT NOT NULL, since INTEGER NOT NULL,
        record TEXT NOT NULL, PRIMARY KEY (number), FOREIGN KEY(cycle_id) REFERENCES cycles
        (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE equity (
        cycle_id TEXT NOT NULL, as_of INTEGER NOT NULL, currency TEXT NOT NULL, equity TEXT NOT
        NULL, cash TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (cycle_id), FOREIGN
        KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE events (
        event_id TEXT NOT NULL, cycle_id TEXT, at INTEGER NOT NULL, level TEXT NOT NULL, kind TEXT
        NOT NULL, message TEXT NOT NULL, PRIMARY KEY (event_id), FOREIGN KEY(cycle_id) REFERENCES
        cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE lessons (
        lesson_id TEXT NOT NULL, cycle_id TEXT NOT NULL, learned_at INTEGER NOT NULL, symbol TEXT
        NOT NULL, situation TEXT NOT NULL, decision TEXT NOT NULL, outcome TEXT NOT NULL, pnl_pct
        TEXT NOT NULL, holding_s INTEGER NOT NULL, PRIMARY KEY (lesson_id), FOREIGN KEY(cycle_id)
        REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE paper_fills (
        fill_id TEXT NOT NULL, client_order_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT
        NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, fee TEXT NOT NULL, liquidity TEXT NOT
        NULL, at INTEGER NOT NULL, PRIMARY KEY (fill_id), FOREIGN KEY(client_order_id) REFERENCES
        paper_orders (client_order_id)
    ) STRICT
    """,
    """
    CREATE TABLE positions (
        position_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT
        NULL, entry_price TEXT NOT NULL, fees TEXT NOT NULL, opened_at INTEGER NOT NULL, cycle_id
        TEXT NOT NULL, proposal_id TEXT NOT NULL, stop TEXT, take_profit TEXT, thesis TEXT NOT
        NULL, invalidation_price TEXT, closed_at INTEGER, PRIMARY KEY (position_id), FOREIGN
        KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE proposals (
        proposal_id TEXT NOT NULL, cycle_id TEXT NOT NULL, created_at INTEGER NOT NULL, symbol
        TEXT NOT NULL, action TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (proposal_id),
        FOREIGN KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE refusals (
        refusal_id TEXT NOT NULL, cycle_id TEXT NOT NULL, at INTEGER NOT NULL, subject TEXT NOT
        NULL, code TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (refusal_id), FOREIGN
        KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE reports (
        report_id TEXT NOT NULL, cycle_id TEXT NOT NULL, agent TEXT NOT NULL, task TEXT NOT NULL,
        kind TEXT NOT NULL, created_at INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY
        (report_id), FOREIGN KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE snapshots (
        cycle_id TEXT NOT NULL, as_of INTEGER NOT NULL, venue TEXT NOT NULL, synthetic INTEGER NOT
        NULL, digest TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (cycle_id), FOREIGN
        KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE trades (
        trade_id TEXT NOT NULL, position_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT
        NULL, quantity TEXT NOT NULL, entry_price TEXT NOT NULL, exit_price TEXT NOT NULL,
        opened_at INTEGER NOT NULL, closed_at INTEGER NOT NULL, holding_s INTEGER NOT NULL, fees
        TEXT NOT NULL, pnl TEXT NOT NULL, pnl_pct TEXT NOT NULL, exit_reason TEXT NOT NULL,
        opened_in TEXT NOT NULL, closed_in TEXT NOT NULL, PRIMARY KEY (trade_id), FOREIGN
        KEY(position_id) REFERENCES positions (position_id), FOREIGN KEY(opened_in) REFERENCES
        cycles (cycle_id), FOREIGN KEY(closed_in) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE verdicts (
        verdict_id TEXT NOT NULL, cycle_id TEXT NOT NULL, proposal_id TEXT NOT NULL, created_at
        INTEGER NOT NULL, decision TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (verdict_id),
        CONSTRAINT first_verdict_stands UNIQUE (proposal_id), CONSTRAINT verdict_of_proposal
        UNIQUE (verdict_id, proposal_id), FOREIGN KEY(cycle_id) REFERENCES cycles (cycle_id),
        FOREIGN KEY(proposal_id) REFERENCES proposals (proposal_id)
    ) STRICT
    """,
    """
    CREATE TABLE approvals (
        approval_id TEXT NOT NULL, cycle_id TEXT NOT NULL, proposal_id TEXT NOT NULL, verdict_id
        TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, symbol TEXT NOT
        NULL, record TEXT NOT NULL, used_at INTEGER, used_by TEXT, PRIMARY KEY (approval_id),
        CONSTRAINT approval_of_verdict FOREIGN KEY(verdict_id, proposal_id) REFERENCES verdicts
        (verdict_id, proposal_id), CONSTRAINT one_approval_per_verdict UNIQUE (verdict_id),
        FOREIGN KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    """
    CREATE TABLE intents (
        intent_id TEXT NOT NULL, cycle_id TEXT NOT NULL, approval_id TEXT, client_order_id TEXT
        NOT NULL, created_at INTEGER NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, role TEXT
        NOT NULL, kind TEXT NOT NULL, quantity TEXT NOT NULL, limit_price TEXT, trigger_price
        TEXT, reduce_only INTEGER NOT NULL, PRIMARY KEY (intent_id), FOREIGN KEY(cycle_id)
        REFERENCES cycles (cycle_id), FOREIGN KEY(approval_id) REFERENCES approvals (approval_id),
        UNIQUE (client_order_id)
    ) STRICT
    """,
    """
    CREATE TABLE orders (
        client_order_id TEXT NOT NULL, venue_order_id TEXT, status TEXT NOT NULL, filled_quantity
        TEXT NOT NULL, average_price TEXT, fee TEXT NOT NULL, reason TEXT NOT NULL, updated_at
        INTEGER NOT NULL, PRIMARY KEY (client_order_id), FOREIGN KEY(client_order_id) REFERENCES
        intents (client_order_id)
    ) STRICT
    """,
    """
    CREATE TABLE fills (
        fill_id TEXT NOT NULL, client_order_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT
        NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, fee TEXT NOT NULL, liquidity TEXT NOT
        NULL, at INTEGER NOT NULL, PRIMARY KEY (fill_id), FOREIGN KEY(client_order_id) REFERENCES
        orders (client_order_id)
    ) STRICT
    """,
)

INDEXES = (
    "CREATE INDEX paper_orders_by_status ON paper_orders (status)",
    "CREATE INDEX equity_by_time ON equity (as_of)",
    "CREATE INDEX events_by_time ON events (at)",
    "CREATE INDEX lessons_by_time ON lessons (learned_at)",
    "CREATE INDEX paper_fills_by_time ON paper_fills (at)",
    "CREATE INDEX positions_by_end ON positions (closed_at)",
    "CREATE INDEX proposals_of_cycle ON proposals (cycle_id)",
    "CREATE INDEX refusals_of_cycle ON refusals (cycle_id)",
    "CREATE INDEX reports_of_cycle ON reports (cycle_id)",
    "CREATE INDEX trades_by_end ON trades (closed_at)",
    "CREATE INDEX verdicts_of_cycle ON verdicts (cycle_id)",
    "CREATE INDEX approvals_of_cycle ON approvals (cycle_id)",
    "CREATE INDEX intents_of_cycle ON intents (cycle_id)",
    "CREATE INDEX orders_by_status ON orders (status)",
    "CREATE INDEX fills_by_time ON fills (at)",
    "CREATE INDEX fills_of_order ON fills (client_order_id)",
)

APPEND_ONLY = (
    "snapshots",
    "reports",
    "proposals",
    "verdicts",
    "refusals",
    "intents",
    "fills",
    "trades",
    "equity",
    "baselines",
    "events",
    "lessons",
    "breaker",
    "paper_fills",
)

FINAL = {
    "cycles": "OLD.ended_at IS NOT NULL",
    "approvals": "OLD.used_at IS NOT NULL OR NEW.record IS NOT OLD.record "
    "OR NEW.expires_at IS NOT OLD.expires_at OR NEW.used_at IS NULL",
    "positions": "OLD.closed_at IS NOT NULL",
    "locks": "OLD.cleared_at IS NOT NULL",
}


def upgrade() -> None:
    """Build the tables, then forbid what would rewrite history."""
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(_forbid("update", table))
    for table, condition in FINAL.items():
        op.execute(_forbid("update", table, f"WHEN {condition} "))
    for table in (*APPEND_ONLY, *FINAL, "orders", "paper_orders"):
        op.execute(_forbid("delete", table))


def _forbid(change: str, table: str, condition: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} {condition}"
        f"BEGIN SELECT RAISE(ABORT, 'a row of {table} that stands may not change'); END"
    )
