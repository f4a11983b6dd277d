"""Locks that say how far they judged and why they were cleared, events that show the market."""

from alembic import op

revision = "0003"
down_revision: str | None = "0002"

STATEMENTS = (
    "ALTER TABLE locks ADD COLUMN cleared_why TEXT",
    "ALTER TABLE locks ADD COLUMN judged_to INTEGER",
    "ALTER TABLE events ADD COLUMN detail TEXT",
    "CREATE INDEX cycles_by_time ON cycles (started_at)",
    "CREATE INDEX intents_by_time ON intents (created_at)",
    "DROP TRIGGER locks_no_update",
    # Drawdown is measured from the highest equity, and an older desk kept none.
    """
    INSERT INTO peak (only, equity, at) SELECT 1, equity, as_of FROM equity
    WHERE NOT EXISTS (SELECT 1 FROM peak) ORDER BY CAST(equity AS REAL) DESC LIMIT 1
    """,
)

FIXED = ("lock_id", "kind", "symbol", "since", "reason", '"by"')
"""What a lock keeps from its first moment on; it may only grow longer, and be cleared once."""


def upgrade() -> None:
    """Add what the limits, protections and the breaker write."""
    for statement in STATEMENTS:
        op.execute(statement)
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FIXED)
    op.execute(
        f"CREATE TRIGGER locks_no_update BEFORE UPDATE ON locks WHEN OLD.cleared_at IS NOT NULL "
        f"OR {changed} OR (OLD.until IS NULL AND NEW.until IS NOT NULL) OR NEW.until < OLD.until "
        "OR NEW.judged_to < OLD.judged_to OR (OLD.judged_to IS NOT NULL AND NEW.judged_to IS NULL) "
        "BEGIN SELECT RAISE(ABORT, 'a row of locks that stands may not change'); END"
    )
