"""
Records to rows and back.

A flat record is a row: its fields are the columns. A nested one is a JSON document in
the column `record`, beside the columns that are searched. Both are read through the
record's own validation, so a cell changed by another hand is reported, not believed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from records.base import Record
from records.errors import LedgerConflict, LedgerCorrupt
from records.order import Fill
from records.verdict import Approval


def columns(record: Record, table: Table, /, **extra: Any) -> dict[str, Any]:
    """The record's values for the columns the table has, and a few more."""
    names = record.__class__.model_fields
    return {
        column.name: getattr(record, column.name)
        for column in table.columns
        if column.name in names
    } | extra


def document(record: Record) -> str:
    """The whole record as JSON; decimals as plain strings, times as ISO 8601."""
    return record.model_dump_json()


def from_document[R: Record](model: type[R], text: str) -> R:
    """The record that was written as this JSON."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _unreadable(model, error) from error


def from_columns[R: Record](model: type[R], row: Row[Any] | Mapping[str, Any], **nested: Any) -> R:
    """The record whose fields are columns of this row."""
    mapping: Mapping[Any, Any] = row._mapping if isinstance(row, Row) else row
    fields = {name: mapping[name] for name in model.model_fields if name in mapping}
    try:
        return model(**fields, **nested)
    except ValidationError as error:
        raise _unreadable(model, error) from error


def documents[R: Record](model: type[R], rows: Iterable[Row[Any]]) -> tuple[R, ...]:
    """The records of rows whose only column is the document."""
    return tuple(from_document(model, row[0]) for row in rows)


def approved(text: str, used_at: datetime | None) -> Approval:
    """An approval as it was issued, and when it was used."""
    return from_document(Approval, text).model_copy(update={"used_at": used_at})


def new_fills(connection: Connection, table: Table, executed: Sequence[Fill]) -> tuple[Fill, ...]:
    """The fills the table does not hold yet; one it holds with other figures is a conflict.

    Its fee may differ: one paid in another currency is converted at the price of the look, and
    the first one stands.
    """
    known: dict[str, Fill] = {}
    new: list[Fill] = []
    for fill in executed:
        stands = known.get(fill.fill_id) or _fill(connection, table, fill.fill_id)
        if stands is None:
            new.append(fill)
        elif stands != fill.model_copy(update={"fee": stands.fee}):
            raise LedgerConflict(
                f"Fill {fill.fill_id!r} is booked as {stands.quantity} at {stands.price} with fee "
                f"{stands.fee}, and is now told as {fill.quantity} at {fill.price} with fee "
                f"{fill.fee}. None of these fills was booked. Compare with the venue."
            )
        known[fill.fill_id] = fill
    return tuple(new)


def _fill(connection: Connection, table: Table, fill_id: str) -> Fill | None:
    row = connection.execute(select(table).where(table.c.fill_id == fill_id)).one_or_none()
    return None if row is None else from_columns(Fill, row)


def in_order(identifier: ColumnElement[str]) -> tuple[ColumnElement[Any], ...]:
    """Sort ids of one cycle as they were handed out: p2 before p10."""
    return func.length(identifier), identifier


def _unreadable(model: type[Record], error: ValidationError) -> LedgerCorrupt:
    """What to tell of a row that is no such record; the values themselves are left out."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return LedgerCorrupt(
        f"A row of the ledger is not a valid {model.__name__}: {where or 'record'}: "
        f"{first['msg']}. Nothing was traded on it. Look with `desk doctor`, or restore a backup."
    )
