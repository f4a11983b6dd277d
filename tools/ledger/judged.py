"""
What scores are made of: views and proposals of past cycles beside what came of them.

It only reads, over many cycles at once, and of one venue alone: a synthetic market says
nothing about a real one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, select

from records.model_calls import ModelCalls
from records.outcome import HypotheticalTrade
from records.proposal import TradeProposal
from records.reports import ReportRow
from tools.ledger.engine import Store
from tools.ledger.rows import from_columns, from_document
from tools.ledger.schema import (
    approvals,
    awaited,
    cycles,
    hypothetical_trades,
    later_prices,
    model_calls,
    positions,
    proposals,
    refusals,
    reports,
    trades,
    verdicts,
)

_AT_ONCE = 1_000
"""Rows in memory while they are read."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which cycles: of one venue, begun at or after a time."""

    venue: str
    since: datetime | None = None

    def of(self, cycle_id: ColumnElement[str], statement: Select[Any]) -> Select[Any]:
        """The rows of these cycles."""
        joined = statement.join(cycles, cycles.c.cycle_id == cycle_id)
        joined = joined.where(cycles.c.venue == self.venue)
        return joined if self.since is None else joined.where(cycles.c.started_at >= self.since)


class Moved(NamedTuple):
    """A market's price at a decision and some hours after it; None: no candle was to be had."""

    cycle_id: str
    symbol: str
    at: datetime
    horizon_h: int
    price: Decimal
    later: Decimal | None


class Proposed(NamedTuple):
    """A sized entry, what was decided on it, and what it would have made; None: not known."""

    proposal: TradeProposal
    decision: str | None
    """The officer's; None: nobody judged it."""
    approved: bool
    refused: bool
    """By code, before or after the officer."""
    trade: HypotheticalTrade | None


class Closed(NamedTuple):
    """A real trade of a proposal, after fees."""

    cycle_id: str
    """The cycle that proposed it."""
    symbol: str
    opened_at: datetime
    pnl: Decimal
    pnl_pct: Decimal


class Judged:
    """Reads a stretch of history as scores need it, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def newest_venue(self) -> tuple[str, bool] | None:
        """Where the newest cycle ran, and whether that market is synthetic."""
        wanted = select(cycles.c.venue, cycles.c.synthetic).order_by(cycles.c.sequence.desc())
        with self._store.reading() as connection:
            row = connection.execute(wanted.limit(1)).one_or_none()
        return None if row is None else (row.venue, row.synthetic)

    def moved(self, stretch: Stretch) -> tuple[Moved, ...]:
        """Every later price that was booked."""
        table = later_prices
        wanted = select(*(table.c[name] for name in Moved._fields))
        found = self._rows(stretch, table.c.cycle_id, wanted.order_by(table.c.at, table.c.symbol))
        return tuple(Moved(*row) for row in found)

    def waits(self, stretch: Stretch) -> frozenset[tuple[str, str, int]]:
        """Cycle, market and horizon, hours, of every price that is still waited for."""
        wanted = select(awaited.c.cycle_id, awaited.c.symbol, awaited.c.horizon_h)
        return frozenset(map(tuple, self._rows(stretch, awaited.c.cycle_id, wanted)))

    def reports(self, stretch: Stretch) -> Iterator[ReportRow]:
        """Every report, read as it is asked for: all of them at once are large."""
        wanted = select(reports.c.record).order_by(reports.c.created_at)
        for row in self._rows(stretch, reports.c.cycle_id, wanted):
            yield from_document(ReportRow, row[0])

    def proposed(self, stretch: Stretch) -> tuple[Proposed, ...]:
        """Every entry the desk could size, whatever became of it."""
        wanted = (
            select(
                proposals.c.record,
                verdicts.c.decision,
                approvals.c.approval_id,
                exists().where(refusals.c.subject == proposals.c.proposal_id),
                hypothetical_trades.c.record,
            )
            .select_from(proposals)
            .outerjoin(verdicts, verdicts.c.proposal_id == proposals.c.proposal_id)
            .outerjoin(approvals, approvals.c.proposal_id == proposals.c.proposal_id)
            .outerjoin(
                hypothetical_trades,
                hypothetical_trades.c.proposal_id == proposals.c.proposal_id,
            )
            .order_by(proposals.c.created_at)
        )
        rows = self._rows(stretch, proposals.c.cycle_id, wanted)
        found = (_proposed(*row) for row in rows)
        return tuple(
            one for one in found if one.proposal.draft.opens and one.proposal.sizing is not None
        )

    def closed(self, stretch: Stretch) -> tuple[Closed, ...]:
        """Every position of a proposal that is closed, all of its parts as one trade."""
        wanted = (
            select(
                proposals.c.cycle_id,
                trades.c.symbol,
                trades.c.opened_at,
                trades.c.pnl,
                trades.c.quantity,
                trades.c.entry_price,
                trades.c.position_id,
            )
            .select_from(trades)
            .join(positions, positions.c.position_id == trades.c.position_id)
            .join(proposals, proposals.c.proposal_id == positions.c.proposal_id)
            .where(positions.c.closed_at.is_not(None))
            .order_by(trades.c.opened_at, trades.c.position_id)
        )
        parts = self._rows(stretch, proposals.c.cycle_id, wanted)
        return tuple(_together(list(some)) for _, some in groupby(parts, lambda p: p.position_id))

    def calls(self, stretch: Stretch) -> tuple[ModelCalls, ...]:
        """Who asked which model, and what it cost."""
        wanted = select(model_calls).order_by(
            model_calls.c.cycle_id, model_calls.c.attempt, model_calls.c.task
        )
        rows = self._rows(stretch, model_calls.c.cycle_id, wanted)
        return tuple(from_columns(ModelCalls, row) for row in rows)

    def cost_usd(self, stretch: Stretch) -> Decimal:
        """What models cost in all of these cycles, the killed ones included."""
        wanted = select(cycles.c.cost_usd).where(
            cycles.c.venue == stretch.venue, cycles.c.cost_usd.is_not(None)
        )
        if stretch.since is not None:
            wanted = wanted.where(cycles.c.started_at >= stretch.since)
        with self._store.reading() as connection:
            return sum(connection.scalars(wanted), Decimal(0))

    def _rows(
        self, stretch: Stretch, cycle_id: ColumnElement[str], wanted: Select[Any]
    ) -> Iterator[Any]:
        rows = stretch.of(cycle_id, wanted).execution_options(yield_per=_AT_ONCE)
        with self._store.reading() as connection:
            yield from connection.execute(rows)


def _together(parts: Sequence[Any]) -> Closed:
    first, pnl = parts[0], sum((part.pnl for part in parts), Decimal(0))
    value = sum((part.quantity * part.entry_price for part in parts), Decimal(0))
    return Closed(first.cycle_id, first.symbol, first.opened_at, pnl, pnl / value * 100)


def _proposed(
    proposal: str,
    decision: str | None,
    approval_id: str | None,
    refused: bool,
    trade: str | None,
) -> Proposed:
    return Proposed(
        proposal=from_document(TradeProposal, proposal),
        decision=decision,
        approved=approval_id is not None,
        refused=refused,
        trade=None if trade is None else from_document(HypotheticalTrade, trade),
    )
