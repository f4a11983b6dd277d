"""
Column types that lose nothing: decimals as exact text, times as epoch microseconds.

SQLite's own NUMERIC is a float and its dates have no zone; both would quietly change
what was recorded. A value that cannot be kept exactly is refused, and a cell that this
desk could not have written is reported as corruption, never repaired.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from records.base import plain
from records.errors import LedgerCorrupt, LedgerError

MAX_DIGITS = 200
"""Longest amount kept, in digits; no price or quantity needs a quarter of it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal as plain text, digit for digit: neither exponent nor rounding."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not value.is_finite() or _digits(value) > MAX_DIGITS:
            raise LedgerError(
                f"The amount {str(value)[:40]!r} cannot be kept exactly. Nothing was recorded. "
                f"An amount must be finite and have at most {MAX_DIGITS} digits."
            )
        return plain(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if not _PLAIN.fullmatch(value):
            raise LedgerCorrupt(f"The ledger holds {value[:40]!r} where an amount belongs.")
        return Decimal(value)


class UtcMicros(TypeDecorator[datetime]):
    """An aware time as whole microseconds since 1970-01-01 UTC."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite's INTEGER holds 64 bits, and a STRICT table knows no BIGINT."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise LedgerError(
                f"The time {value.isoformat()!r} has no zone. Nothing was recorded. "
                "Hand in aware UTC times."
            )
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        try:
            return _EPOCH + timedelta(microseconds=value)
        except OverflowError:
            raise LedgerCorrupt(f"The ledger holds {value} where a time belongs.") from None


class Flag(TypeDecorator[bool]):
    """Yes or no as 1 or 0."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        if value not in (None, 0, 1):
            raise LedgerCorrupt(f"The ledger holds {value} where yes or no belongs.")
        return None if value is None else bool(value)


def _digits(value: Decimal) -> int:
    """How many digits the plain notation takes."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    return max(len(digits) + max(exponent, 0), -min(exponent, 0))
