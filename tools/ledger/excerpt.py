"""
The ledger as a cycle finds it, in few bytes, so that the cycle can be run again.

Left out is what only people read: how earlier cycles ended in full, their reports, and all
but the newest snapshots. What a cycle decides by is there to the last row.
"""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from records.errors import LedgerCorrupt
from tools.ledger.faults import told

_LEVEL = 1
_LARGEST = 2**31
_LEFT_OUT = {
    "cycles": ("record", "1"),
    "reports": (None, "0"),
    "snapshots": (
        None,
        "cycle_id IN (SELECT cycle_id FROM cycles ORDER BY sequence DESC LIMIT 500)"
        " OR cycle_id = (SELECT cycle_id FROM cycles WHERE model_calls > 0 AND outcome != 'failed'"
        " ORDER BY sequence DESC LIMIT 1)",
    ),
}
"""Of these tables: a column that is emptied, and which rows are kept."""


def excerpt(ledger: Path) -> bytes:
    """The ledger as it is now, packed; what another process writes meanwhile is not in it."""
    with told(ledger), closing(sqlite3.connect(ledger, isolation_level=None)) as source:
        source.execute("ATTACH ':memory:' AS kept")
        source.execute("BEGIN")
        made = source.execute(
            "SELECT type, name, sql FROM main.sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for kind, name, sql in made:
            if kind == "table":
                _copy_table(source, name, sql)
        for kind, name, sql in made:
            if kind != "table":
                source.execute(_in_kept(kind, name, sql))
        source.execute("COMMIT")
        for pragma in ("application_id", "user_version"):
            (value,) = source.execute(f"PRAGMA main.{pragma}").fetchone()
            source.execute(f"PRAGMA kept.{pragma} = {int(value)}")
        return zlib.compress(source.serialize(name="kept"), _LEVEL)


def unpack(packed: bytes, to: Path) -> None:
    """Write an excerpt as a ledger file of its own; raises LedgerCorrupt when it is none."""
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, _LARGEST)
    except zlib.error:
        content = b""
    if not content or not unpacker.eof:
        raise LedgerCorrupt(f"The recorded ledger is damaged. {to.name!r} was not written.")
    to.write_bytes(content)


def _copy_table(source: sqlite3.Connection, name: str, sql: str) -> None:
    source.execute(_in_kept("table", name, sql))
    emptied, rows = _LEFT_OUT.get(name, (None, "1"))
    columns = [row[1] for row in source.execute(f'PRAGMA main.table_info("{name}")')]
    wanted = ", ".join("NULL" if one == emptied else f'"{one}"' for one in columns)
    source.execute(  # names and conditions are this ledger's own, never from outside
        f'INSERT INTO kept."{name}" SELECT {wanted} FROM main."{name}" WHERE {rows}'  # noqa: S608
    )


def _in_kept(kind: str, name: str, sql: str) -> str:
    """The statement that made it, for the copy."""
    before, found, after = sql.partition(name)
    assert found, f"{kind} {name} is made without its name"
    opened = before.rstrip().endswith('"')
    start = before.rstrip()[:-1] if opened else before
    return f'{start}kept."{name}"{after[1:] if opened else after}'
