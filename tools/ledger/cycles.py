"""
What each cycle saw and how it ended: its row, the market, the reports.

A cycle is written when it begins, after each call of a model, and when it ends; the ending is
final. One without an ending was killed, and `unfinished` says so; what it spent stands.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, insert, select, update

from records.base import Mode
from records.cycle import CycleRecord, ModelUse, Outcome
from records.errors import LedgerConflict, LedgerCorrupt
from records.history import CycleStart, MarketSummary, SnapshotSummary
from records.reports import ReportRow
from tools.ledger.engine import Store
from tools.ledger.rows import (
    columns,
    document,
    documents,
    from_columns,
    from_document,
    in_order,
)
from tools.ledger.schema import cycles, reports, snapshots

if TYPE_CHECKING:
    from records.market import MarketSnapshot, SymbolMarket


class Cycles:
    """The cycles of this desk, oldest to newest by the order they began in."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def next_cycle_sequence(self) -> int:
        """The number the next cycle of this ledger gets."""
        with self._store.reading() as connection:
            return 1 + int(connection.execute(_LAST_SEQUENCE).scalar_one())

    def begin_cycle(
        self,
        cycle_id: str,
        started_at: datetime,
        venue: str,
        mode: Mode,
        synthetic: bool,
        symbols: tuple[str, ...],
    ) -> None:
        """Write that a cycle has begun; everything it does refers to this row."""
        with self._store.writing() as connection:
            values = {
                "cycle_id": cycle_id,
                "sequence": 1 + connection.execute(_LAST_SEQUENCE).scalar_one(),
                "started_at": started_at,
                "venue": venue,
                "mode": mode,
                "synthetic": synthetic,
                "symbols": json.dumps(symbols),
            }
            connection.execute(insert(cycles), values)

    def add_use(self, cycle_id: str, use: ModelUse) -> None:
        """Add what calls of models cost to a cycle that has not ended."""
        this = cycles.c.cycle_id == cycle_id, cycles.c.ended_at.is_(None)
        with self._store.writing() as connection:
            row = connection.execute(select(cycles).where(*this)).one_or_none()
            if row is None:
                raise LedgerConflict(
                    f"Cycle {cycle_id!r} was never begun in this ledger, or has already ended. "
                    "What its models cost was not recorded. Begin it first."
                )
            spent = ModelUse(
                calls=row.model_calls or 0,
                prompt_tokens=row.prompt_tokens or 0,
                completion_tokens=row.completion_tokens or 0,
                cost_usd=row.cost_usd or Decimal(0),
            )
            connection.execute(update(cycles).where(*this).values(**_spent(spent.and_then(use))))

    def end_cycle(self, record: CycleRecord) -> None:
        """Write how a begun cycle ended, once."""
        statement = (
            update(cycles)
            .where(cycles.c.cycle_id == record.cycle_id, cycles.c.ended_at.is_(None))
            .values(**_ending(record))
        )
        with self._store.writing() as connection:
            if connection.execute(statement).rowcount != 1:
                raise LedgerConflict(
                    f"Cycle {record.cycle_id!r} was never begun in this ledger, or "
                    "has already ended. Its ending was not recorded. Begin it, then end it once."
                )

    def cycle(self, cycle_id: str) -> CycleRecord | None:
        """The whole record of a cycle that ended."""
        with self._store.reading() as connection:
            text = connection.scalar(select(cycles.c.record).where(cycles.c.cycle_id == cycle_id))
        return None if text is None else from_document(CycleRecord, text)

    def last_cycle(self) -> CycleRecord | None:
        """The newest cycle that ended."""
        newest = self.cycles(1)
        return newest[0] if newest else None

    def cycles(self, limit: int) -> tuple[CycleRecord, ...]:
        """The newest cycles that ended, newest first."""
        statement = (
            select(cycles.c.record)
            .where(cycles.c.record.is_not(None))
            .order_by(cycles.c.sequence.desc())
            .limit(limit)
        )
        with self._store.reading() as connection:
            return documents(CycleRecord, connection.execute(statement))

    def newest_first(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        outcome: Outcome | None = None,
    ) -> Iterator[CycleRecord]:
        """
        Cycles that ended, read a page at a time, so that a long history fits in memory.

        `since` and `until` bound when they began; the second is excluded.
        """
        wanted: list[ColumnElement[bool]] = [cycles.c.record.is_not(None)]
        wanted += [cycles.c.started_at >= since] if since is not None else []
        wanted += [cycles.c.started_at < until] if until is not None else []
        wanted += [cycles.c.outcome == outcome] if outcome is not None else []
        rows = select(cycles.c.sequence, cycles.c.record).where(*wanted).limit(_PAGE)
        rows, before = rows.order_by(cycles.c.sequence.desc()), cycles.c.sequence
        last = None
        while True:
            page = rows if last is None else rows.where(before < last)
            with self._store.reading() as connection:
                found = connection.execute(page).all()
            yield from (from_document(CycleRecord, row.record) for row in found)
            if len(found) < _PAGE:
                return
            last = found[-1].sequence

    def last_venue(self) -> tuple[str, str] | None:
        """Venue and mode of the newest cycle that did not fail: whose account this is."""
        statement = (
            select(cycles.c.venue, cycles.c.mode)
            .where(cycles.c.outcome != "failed")
            .order_by(cycles.c.sequence.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else (row.venue, row.mode)

    def last_id(self) -> str | None:
        """The newest cycle's id, ended or not."""
        statement = select(cycles.c.cycle_id).order_by(cycles.c.sequence.desc()).limit(1)
        with self._store.reading() as connection:
            newest: str | None = connection.scalar(statement)
        return newest

    def last_started_at(self) -> datetime | None:
        """When the newest cycle began, ended or not."""
        statement = select(cycles.c.started_at).order_by(cycles.c.sequence.desc()).limit(1)
        with self._store.reading() as connection:
            started: datetime | None = connection.scalar(statement)
        return started

    def replayed_to(self) -> datetime | None:
        """The market time of the newest cycle, where markets are replayed; else None."""
        statement = (
            select(cycles.c.venue, cycles.c.started_at).order_by(cycles.c.sequence.desc()).limit(1)
        )
        with self._store.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return row.started_at if row is not None and row.venue == "replay" else None

    def cost_since(self, since: datetime) -> Decimal:
        """
        What models cost in USD in cycles begun at or after a time, as far as it is known.

        Cycles that run or were killed count with the calls that were answered.
        """
        statement = select(cycles.c.cost_usd).where(
            cycles.c.started_at >= since, cycles.c.cost_usd.is_not(None)
        )
        with self._store.reading() as connection:
            return sum(connection.scalars(statement), Decimal(0))

    def unfinished(self) -> tuple[CycleStart, ...]:
        """Cycles that began and never ended: killed, or running now."""
        statement = select(cycles).where(cycles.c.ended_at.is_(None)).order_by(cycles.c.sequence)
        with self._store.reading() as connection:
            rows = [dict(row._mapping) for row in connection.execute(statement)]
        return tuple(
            from_columns(CycleStart, row | {"symbols": _symbols(row["symbols"])}) for row in rows
        )

    def last_deliberated(self) -> datetime | None:
        """The market time of the last cycle in which models were asked and nothing failed."""
        statement = (
            select(
                func.coalesce(snapshots.c.as_of, cycles.c.started_at, type_=snapshots.c.as_of.type)
            )
            .select_from(cycles.outerjoin(snapshots))
            .where(cycles.c.model_calls > 0, cycles.c.outcome != "failed")
            .order_by(cycles.c.sequence.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            asked: datetime | None = connection.scalar(statement)
        return asked

    def add_snapshot(self, cycle_id: str, snapshot: "MarketSnapshot", digest: str) -> None:
        """Keep the figures of the market this cycle saw; candles stay with the recording."""
        summary = SnapshotSummary(
            cycle_id=cycle_id,
            as_of=snapshot.as_of,
            venue=snapshot.venue,
            synthetic=snapshot.synthetic,
            digest=digest,
            markets={symbol: _summary(market) for symbol, market in snapshot.markets.items()},
        )
        with self._store.writing() as connection:
            row = columns(summary, snapshots, record=document(summary))
            connection.execute(insert(snapshots), row)

    def snapshot(self, cycle_id: str) -> SnapshotSummary | None:
        """The figures of the market a cycle saw."""
        statement = select(snapshots.c.record).where(snapshots.c.cycle_id == cycle_id)
        with self._store.reading() as connection:
            text = connection.scalar(statement)
        return None if text is None else from_document(SnapshotSummary, text)

    def add_report(self, row: ReportRow) -> None:
        """Keep what one reader wrote."""
        with self._store.writing() as connection:
            connection.execute(insert(reports), columns(row, reports, record=document(row)))

    def reports(self, cycle_id: str) -> tuple[ReportRow, ...]:
        """What the readers of a cycle wrote, in order."""
        statement = (
            select(reports.c.record)
            .where(reports.c.cycle_id == cycle_id)
            .order_by(reports.c.created_at, *in_order(reports.c.report_id))
        )
        with self._store.reading() as connection:
            return documents(ReportRow, connection.execute(statement))


_PAGE = 200
_LAST_SEQUENCE = select(func.coalesce(func.max(cycles.c.sequence), 0))


def _ending(record: CycleRecord) -> dict[str, object]:
    """The columns that the end of a cycle fills."""
    seal = record.transcript
    return {
        "ended_at": record.ended_at,
        "outcome": record.outcome,
        "hold_reason": record.hold_reason,
        "message": record.message,
        "exit_code": record.exit_code,
        "model_rounds": record.model.rounds,
        **_spent(record.model),
        "transcript_lines": seal.lines if seal else None,
        "transcript_hash": seal.last_hash if seal else None,
        "record": document(record),
    }


def _spent(use: ModelUse) -> dict[str, object]:
    """The columns that tell what models cost."""
    return {
        "model_calls": use.calls,
        "prompt_tokens": use.prompt_tokens,
        "completion_tokens": use.completion_tokens,
        "cost_usd": use.cost_usd,
    }


def _summary(market: "SymbolMarket") -> MarketSummary:
    """One market's figures, with how far its candles reach."""
    return MarketSummary(
        last=market.ticker.last,
        bid=market.ticker.bid,
        ask=market.ticker.ask,
        funding_rate_pct=market.funding_rate_pct,
        open_interest=market.open_interest,
        candles_to={
            interval: series.closes_at if len(series) else None
            for interval, series in market.frames.items()
        },
    )


def _symbols(text: str) -> tuple[str, ...]:
    """The symbols a cycle began with."""
    try:
        return tuple(json.loads(text))
    except (ValueError, TypeError) as error:
        raise LedgerCorrupt(f"A cycle's symbols are not JSON: {text[:40]!r}.") from error
