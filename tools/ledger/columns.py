"""The kinds of column the ledger has, each named once, so that the schema reads as a list."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

from tools.ledger.exact import ExactDecimal, Flag, UtcMicros

metadata = MetaData()


def table(name: str, *parts: Any) -> Table:
    """A table of the ledger; STRICT, so that SQLite keeps the declared types."""
    return Table(name, metadata, *parts, sqlite_strict=True)


def key(name: str) -> Column[str]:
    """A text primary key."""
    return Column(name, Text, primary_key=True, nullable=False)


def number(name: str) -> Column[int]:
    """A primary key that counts rows."""
    return Column(name, Integer, primary_key=True, nullable=False)


def text(name: str, *, null: bool = False) -> Column[str]:
    """A text column."""
    return Column(name, Text, nullable=null)


def amount(name: str, *, null: bool = False) -> Column[Any]:
    """An exact decimal."""
    return Column(name, ExactDecimal, nullable=null)


def nought(name: str) -> Column[Any]:
    """An exact decimal that is 0 in rows older than the column."""
    return Column(name, ExactDecimal, nullable=False, server_default="0")


def time(name: str, *, null: bool = False) -> Column[Any]:
    """A UTC time."""
    return Column(name, UtcMicros, nullable=null)


def whole(name: str, *, null: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=null)


def flag(name: str) -> Column[Any]:
    """Yes or no."""
    return Column(name, Flag, nullable=False)


def link(name: str, target: str, *, null: bool = False, key: bool = False) -> Column[str]:
    """A reference to a row that must stand."""
    return Column(name, Text, ForeignKey(target), nullable=null, primary_key=key)


def cycle_link(name: str = "cycle_id", *, null: bool = False, key: bool = False) -> Column[str]:
    """The cycle this row belongs to."""
    return link(name, "cycles.cycle_id", null=null, key=key)
