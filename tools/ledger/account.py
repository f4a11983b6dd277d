"""
What the desk holds and what it is worth: positions, trades, equity, loss baselines.

A loss limit is measured from a baseline that is set once for each period, so that a
restart in the middle of a bad day does not forgive it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from records.errors import LedgerConflict
from records.history import EquityPoint
from records.order import AccountState, FundingPayment, Position, Trade
from tools.ledger.engine import Store
from tools.ledger.rows import columns, document, from_columns, from_document, in_order
from tools.ledger.schema import baselines, equity, funding, peak, positions, trades

Period = Literal["day", "week", "month"]


class Account:
    """Positions, trades and equity, as far as they were booked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open_positions(self) -> tuple[Position, ...]:
        """What is held, oldest first."""
        statement = (
            select(positions)
            .where(positions.c.closed_at.is_(None))
            .order_by(positions.c.opened_at, *in_order(positions.c.position_id))
        )
        with self._store.reading() as connection:
            return tuple(from_columns(Position, row) for row in connection.execute(statement))

    def position(self, position_id: str) -> Position | None:
        """One position by its id, open or closed, as last saved."""
        statement = select(positions).where(positions.c.position_id == position_id)
        with self._store.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else from_columns(Position, row)

    def save_position(self, position: Position) -> None:
        """Write an open position as it is now."""
        row = columns(position, positions)
        statement = upsert(positions).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["position_id"], set_=row, where=positions.c.closed_at.is_(None)
        )
        with self._store.writing() as connection:
            if connection.execute(statement).rowcount != 1:
                raise _not_open(position.position_id)

    def close_position(self, position_id: str, closed_at: datetime) -> None:
        """Write that a position has ended; it is not opened again."""
        statement = (
            update(positions)
            .where(positions.c.position_id == position_id, positions.c.closed_at.is_(None))
            .values(closed_at=closed_at)
        )
        with self._store.writing() as connection:
            if connection.execute(statement).rowcount != 1:
                raise _not_open(position_id)

    def book_funding(self, payment: FundingPayment, position: Position) -> bool:
        """Book a payment exactly once, with the position that it belongs to; False: known."""
        row = columns(payment, funding, position_id=position.position_id)
        paid = position.model_copy(update={"funding": position.funding + payment.amount})
        with self._store.writing() as connection:
            known = select(funding.c.payment_id).where(funding.c.payment_id == payment.payment_id)
            if connection.scalar(known) is not None:
                return False
            connection.execute(insert(funding), row)
            self.save_position(paid)
            return True

    def last_funding_at(self) -> datetime | None:
        """When the newest booked payment was made."""
        with self._store.reading() as connection:
            newest: datetime | None = connection.scalar(select(func.max(funding.c.at)))
        return newest

    def add_trade(self, trade: Trade) -> None:
        """Enter a round trip, or the closed part of one."""
        with self._store.writing() as connection:
            connection.execute(insert(trades), columns(trade, trades))

    def trades_of(self, cycle_id: str) -> tuple[Trade, ...]:
        """The trades whose exit a cycle booked."""
        statement = (
            select(trades).where(trades.c.closed_in == cycle_id).order_by(trades.c.closed_at)
        )
        with self._store.reading() as connection:
            return tuple(from_columns(Trade, row) for row in connection.execute(statement))

    def trades(self, limit: int) -> tuple[Trade, ...]:
        """The newest trades, newest first."""
        statement = (
            select(trades)
            .order_by(trades.c.closed_at.desc(), *(part.desc() for part in _TRADES_IN_ORDER))
            .limit(limit)
        )
        with self._store.reading() as connection:
            return tuple(from_columns(Trade, row) for row in connection.execute(statement))

    def trades_since(self, since: datetime) -> tuple[Trade, ...]:
        """Trades closed at or after a time, oldest first."""
        statement = (
            select(trades)
            .where(trades.c.closed_at >= since)
            .order_by(trades.c.closed_at, *_TRADES_IN_ORDER)
        )
        with self._store.reading() as connection:
            return tuple(from_columns(Trade, row) for row in connection.execute(statement))

    def add_equity(self, cycle_id: str, account: AccountState) -> None:
        """Keep the account as a cycle left it."""
        row = columns(account, equity, cycle_id=cycle_id, record=document(account))
        with self._store.writing() as connection:
            connection.execute(insert(equity), row)

    def account(self, cycle_id: str) -> AccountState | None:
        """The account as a cycle left it."""
        with self._store.reading() as connection:
            text = connection.scalar(select(equity.c.record).where(equity.c.cycle_id == cycle_id))
        return None if text is None else from_document(AccountState, text)

    def equity_curve(self, limit: int) -> tuple[EquityPoint, ...]:
        """The newest points of the equity curve, oldest first."""
        statement = (
            select(equity).order_by(equity.c.as_of.desc(), equity.c.cycle_id.desc()).limit(limit)
        )
        with self._store.reading() as connection:
            rows = connection.execute(statement).all()
        return tuple(from_columns(EquityPoint, row) for row in reversed(rows))

    def baseline(self, period: Period, period_start: datetime) -> Decimal | None:
        """The equity a period's loss is measured from."""
        statement = select(baselines.c.equity).where(
            baselines.c.period == period, baselines.c.period_start == period_start
        )
        with self._store.reading() as connection:
            return connection.scalar(statement)

    def set_baseline(self, period: Period, period_start: datetime, amount: Decimal) -> Decimal:
        """Set a period's baseline unless it is set; returns the one that stands."""
        row = {"period": period, "period_start": period_start, "equity": amount}
        with self._store.writing() as connection:
            connection.execute(upsert(baselines).on_conflict_do_nothing(), row)
            stands = self.baseline(period, period_start)
        assert stands is not None
        return stands

    def equity_before(self, at: datetime) -> Decimal | None:
        """The last equity that was kept before a time."""
        statement = (
            select(equity.c.equity)
            .where(equity.c.as_of < at)
            .order_by(equity.c.as_of.desc(), equity.c.cycle_id.desc())
            .limit(1)
        )
        with self._store.reading() as connection:
            found: Decimal | None = connection.scalar(statement)
        return found

    def equity_since(self, at: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        """When and what the account was worth from a time on, oldest first."""
        statement = (
            select(equity.c.as_of, equity.c.equity)
            .where(equity.c.as_of >= at)
            .order_by(equity.c.as_of, equity.c.cycle_id)
        )
        with self._store.reading() as connection:
            return tuple((row.as_of, row.equity) for row in connection.execute(statement))

    def first_equity_since(self, at: datetime) -> Decimal | None:
        """The first equity that was kept at or after a time."""
        statement = (
            select(equity.c.equity)
            .where(equity.c.as_of >= at)
            .order_by(equity.c.as_of, equity.c.cycle_id)
            .limit(1)
        )
        with self._store.reading() as connection:
            found: Decimal | None = connection.scalar(statement)
        return found

    def peak_equity(self) -> Decimal | None:
        """The highest equity ever reached."""
        with self._store.reading() as connection:
            return connection.scalar(select(peak.c.equity))

    def raise_peak(self, amount: Decimal, at: datetime) -> Decimal:
        """Note a new highest equity; a lower one changes nothing. Returns the peak."""
        with self._store.writing():
            highest = self.peak_equity()
            if highest is not None and highest >= amount:
                return highest
            self.reset_peak(amount, at)
        return amount

    def reset_peak(self, amount: Decimal, at: datetime) -> None:
        """Measure drawdown from this equity on, higher or lower than the one before."""
        row = {"only": 1, "equity": amount, "at": at}
        statement = upsert(peak).values(row)
        with self._store.writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["only"], set_=row))


_TRADES_IN_ORDER = in_order(trades.c.trade_id)


def _not_open(position_id: str) -> LedgerConflict:
    return LedgerConflict(
        f"Position {position_id!r} is not open in this ledger. Nothing was changed. "
        "A closed position stays closed; a new entry is a new position."
    )
