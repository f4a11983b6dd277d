"""Lessons as whole records, one for each proposal, and those that a person wants forgotten."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from alembic import op

revision = "0006"
down_revision: str | None = "0005"

STATEMENTS = (
    "DROP TABLE lessons",
    """
    CREATE TABLE lessons (
        lesson_id TEXT NOT NULL, cycle_id TEXT NOT NULL, learned_at INTEGER NOT NULL, symbol TEXT
        NOT NULL, proposal_id TEXT, record TEXT NOT NULL, PRIMARY KEY (lesson_id)
    ) STRICT
    """,
    "CREATE INDEX lessons_by_time ON lessons (learned_at)",
    "CREATE UNIQUE INDEX lessons_of_proposal ON lessons (proposal_id)",
    """
    CREATE TABLE forgotten_lessons (
        lesson_id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (lesson_id)
    ) STRICT
    """,
)

APPEND_ONLY = ("lessons", "forgotten_lessons")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLD = (
    "SELECT lesson_id, cycle_id, learned_at, symbol, situation, decision, outcome, pnl_pct, "
    "holding_s FROM lessons ORDER BY rowid"
)


def upgrade() -> None:
    """Write the old rows as records; what was not kept then is null, no number changes."""
    bind = op.get_bind()
    old = [_record(dict(row)) for row in bind.exec_driver_sql(_OLD).mappings()]
    for statement in STATEMENTS:
        op.execute(statement)
    for row in old:
        bind.exec_driver_sql("INSERT INTO lessons VALUES (?, ?, ?, ?, NULL, ?)", row)
    for table in APPEND_ONLY:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'a row of {table} that stands may not change'); END"
            )


def _record(row: dict[str, Any]) -> tuple[Any, ...]:
    """The columns of a row as it is kept now; the thesis stood behind the price and a colon."""
    learned = _EPOCH + timedelta(microseconds=row["learned_at"])
    decision, _, thesis = row["decision"].partition(": ")
    told = row | {"learned_at": learned.isoformat(), "decision": decision, "thesis": thesis}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return row["lesson_id"], row["cycle_id"], row["learned_at"], row["symbol"], text
