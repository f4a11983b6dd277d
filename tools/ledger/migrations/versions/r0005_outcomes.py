"""What became of decisions: prices waited for, prices found, trades as proposed, calls by agent."""

from alembic import op

revision = "0005"
down_revision: str | None = "0004"

STATEMENTS = (
    """
    CREATE TABLE awaited (
        cycle_id TEXT NOT NULL, symbol TEXT NOT NULL, horizon_h INTEGER NOT NULL, at INTEGER NOT
        NULL, price TEXT NOT NULL, due_at INTEGER NOT NULL, PRIMARY KEY (cycle_id, symbol,
        horizon_h), FOREIGN KEY(cycle_id) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    "CREATE INDEX awaited_by_time ON awaited (due_at)",
    """
    CREATE TABLE later_prices (
        cycle_id TEXT NOT NULL, symbol TEXT NOT NULL, horizon_h INTEGER NOT NULL, at INTEGER NOT
        NULL, price TEXT NOT NULL, due_at INTEGER NOT NULL, later TEXT, high TEXT, low TEXT,
        booked_in TEXT NOT NULL, PRIMARY KEY (cycle_id, symbol, horizon_h), FOREIGN KEY(cycle_id)
        REFERENCES cycles (cycle_id), FOREIGN KEY(booked_in) REFERENCES cycles (cycle_id)
    ) STRICT
    """,
    "CREATE INDEX later_prices_by_time ON later_prices (at)",
    """
    CREATE TABLE hypothetical_trades (
        proposal_id TEXT NOT NULL, cycle_id TEXT NOT NULL, symbol TEXT NOT NULL, at INTEGER NOT
        NULL, known_at INTEGER NOT NULL, booked_in TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY
        (proposal_id), FOREIGN KEY(proposal_id) REFERENCES proposals (proposal_id), FOREIGN
        KEY(cycle_id) REFERENCES cycles (cycle_id), FOREIGN KEY(booked_in) REFERENCES cycles
        (cycle_id)
    ) STRICT
    """,
    "CREATE INDEX hypothetical_trades_by_time ON hypothetical_trades (at)",
    "CREATE INDEX hypothetical_trades_of_cycle ON hypothetical_trades (booked_in)",
    """
    CREATE TABLE model_calls (
        cycle_id TEXT NOT NULL, task TEXT NOT NULL, model TEXT NOT NULL, attempt INTEGER NOT NULL,
        agent TEXT NOT NULL, answer TEXT NOT NULL, calls INTEGER NOT NULL, prompt_tokens INTEGER
        NOT NULL, completion_tokens INTEGER NOT NULL, cost_usd TEXT NOT NULL, unpriced_calls INTEGER
        NOT NULL, PRIMARY KEY (cycle_id, task, model, attempt), FOREIGN KEY(cycle_id) REFERENCES
        cycles (cycle_id)
    ) STRICT
    """,
)

APPEND_ONLY = ("later_prices", "hypothetical_trades", "model_calls")


def upgrade() -> None:
    """Add the tables; earlier cycles are not looked up, their prices were never waited for."""
    for statement in STATEMENTS:
        op.execute(statement)
    for table in APPEND_ONLY:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'a row of {table} that stands may not change'); END"
            )
