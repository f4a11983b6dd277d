"""Orders of unknown fate, funding, leverage, and the permission to trade real money."""

from alembic import op

revision = "0002"
down_revision: str | None = "0001"

STATEMENTS = (
    "ALTER TABLE intents ADD COLUMN leverage INTEGER NOT NULL DEFAULT '1'",
    "ALTER TABLE intents ADD COLUMN why TEXT",
    "ALTER TABLE orders ADD COLUMN submitted_at INTEGER",
    "ALTER TABLE orders ADD COLUMN strikes INTEGER NOT NULL DEFAULT '0'",
    "ALTER TABLE orders ADD COLUMN executed_as TEXT",
    "CREATE INDEX orders_by_venue_id ON orders (venue_order_id)",
    "ALTER TABLE positions ADD COLUMN funding TEXT NOT NULL DEFAULT '0'",
    "ALTER TABLE positions ADD COLUMN leverage INTEGER NOT NULL DEFAULT '1'",
    "ALTER TABLE positions ADD COLUMN first_stop TEXT",
    "ALTER TABLE positions ADD COLUMN best_price TEXT",
    "ALTER TABLE trades ADD COLUMN funding TEXT NOT NULL DEFAULT '0'",
    """
    CREATE TABLE funding (
        payment_id TEXT NOT NULL, position_id TEXT NOT NULL, symbol TEXT NOT NULL, amount TEXT NOT
        NULL, at INTEGER NOT NULL, PRIMARY KEY (payment_id), FOREIGN KEY(position_id) REFERENCES
        positions (position_id)
    ) STRICT
    """,
    "CREATE INDEX funding_by_time ON funding (at)",
    """
    CREATE TABLE arming (
        arming_id TEXT NOT NULL, venue TEXT NOT NULL, armed_at INTEGER NOT NULL, expires_at INTEGER
        NOT NULL, max_notional TEXT NOT NULL, max_daily_loss TEXT NOT NULL, armed_by TEXT NOT NULL,
        disarmed_at INTEGER, PRIMARY KEY (arming_id)
    ) STRICT
    """,
    "UPDATE positions SET first_stop = stop",
)

APPEND_ONLY = ("funding",)


def upgrade() -> None:
    """Add what a venue with real money needs."""
    for statement in STATEMENTS:
        op.execute(statement)
    for table in APPEND_ONLY:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'a row of {table} that stands may not change'); END"
            )
    op.execute(
        "CREATE TRIGGER arming_no_update BEFORE UPDATE ON arming WHEN OLD.disarmed_at IS NOT NULL "
        "OR NEW.venue <> OLD.venue OR NEW.armed_at <> OLD.armed_at OR NEW.expires_at <> "
        "OLD.expires_at OR NEW.max_notional <> OLD.max_notional OR NEW.max_daily_loss <> "
        "OLD.max_daily_loss "
        "BEGIN SELECT RAISE(ABORT, 'a row of arming that stands may not change'); END"
    )
    op.execute(
        "CREATE TRIGGER arming_no_delete BEFORE DELETE ON arming "
        "BEGIN SELECT RAISE(ABORT, 'a row of arming that stands may not change'); END"
    )
