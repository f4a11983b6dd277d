"""Positions that know when their thesis should have come true, and when it was proven wrong."""

from alembic import op

revision = "0007"
down_revision: str | None = "0006"

STATEMENTS = (
    "ALTER TABLE positions ADD COLUMN deadline_at INTEGER",
    "ALTER TABLE positions ADD COLUMN invalidated_at INTEGER",
    "ALTER TABLE positions ADD COLUMN reviewed_at INTEGER",
)


def upgrade() -> None:
    """Add both; a position of before has no deadline, and is judged from the next cycle on."""
    for statement in STATEMENTS:
        op.execute(statement)
