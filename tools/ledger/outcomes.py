"""
What became of decisions: prices that are waited for, and what was found when they were due.

A price is waited for from the moment the crew has decided. Once it is looked up, found or
not, it is waited for no longer and its row stands for ever.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from records.model_calls import ModelCalls
from records.outcome import Awaited, HypotheticalTrade, LaterPrice
from tools.ledger.engine import Store
from tools.ledger.rows import columns, document, documents, from_columns
from tools.ledger.schema import awaited, cycles, hypothetical_trades, later_prices, model_calls


class Outcomes:
    """Later prices, trades as they were proposed, and who asked which model for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def wait_for(self, prices: Sequence[Awaited]) -> None:
        """Enter prices that are to be looked up later."""
        if prices:
            with self._store.writing() as connection:
                connection.execute(insert(awaited), [columns(one, awaited) for one in prices])

    def is_due(self, venue: str, now: datetime) -> bool:
        """Whether the time of any price of this venue has come."""
        first = select(awaited.c.cycle_id).join(cycles)
        ripe = first.where(awaited.c.due_at <= now, cycles.c.venue == venue).limit(1)
        with self._store.reading() as connection:
            return connection.execute(ripe).first() is not None

    def due(self, venue: str, now: datetime, of_each: int) -> tuple[Awaited, ...]:
        """
        Prices of this venue whose time has come, so many of each market, the longest overdue first.

        Of each, so that a market no venue tells of any more stands in no other one's way.
        """
        place = (
            func.row_number()
            .over(
                partition_by=awaited.c.symbol,
                order_by=(awaited.c.due_at, awaited.c.cycle_id, awaited.c.horizon_h),
            )
            .label("place")
        )
        ripe = (
            select(awaited, place)
            .join(cycles)
            .where(awaited.c.due_at <= now, cycles.c.venue == venue)
            .subquery()
        )
        statement = (
            select(ripe).where(ripe.c.place <= of_each).order_by(ripe.c.due_at, ripe.c.cycle_id)
        )
        with self._store.reading() as connection:
            return tuple(from_columns(Awaited, row) for row in connection.execute(statement))

    def waits(self, cycle_id: str, symbol: str) -> bool:
        """Whether a price of this cycle and market is still waited for."""
        statement = select(func.count()).where(
            awaited.c.cycle_id == cycle_id, awaited.c.symbol == symbol
        )
        with self._store.reading() as connection:
            return bool(connection.scalar(statement))

    def book_price(self, found: LaterPrice) -> None:
        """Enter a price that was looked up; it is waited for no longer."""
        with self._store.writing() as connection:
            connection.execute(insert(later_prices), columns(found, later_prices))
            connection.execute(
                delete(awaited).where(
                    awaited.c.cycle_id == found.cycle_id,
                    awaited.c.symbol == found.symbol,
                    awaited.c.horizon_h == found.horizon_h,
                )
            )

    def later_prices(self, cycle_id: str, symbol: str) -> tuple[LaterPrice, ...]:
        """What is known of one market after one cycle, the shortest horizon first."""
        statement = (
            select(later_prices)
            .where(later_prices.c.cycle_id == cycle_id, later_prices.c.symbol == symbol)
            .order_by(later_prices.c.horizon_h)
        )
        with self._store.reading() as connection:
            return tuple(from_columns(LaterPrice, row) for row in connection.execute(statement))

    def book_trade(self, trade: HypotheticalTrade) -> None:
        """Enter what a proposal would have made."""
        row = columns(trade, hypothetical_trades, record=document(trade))
        with self._store.writing() as connection:
            connection.execute(insert(hypothetical_trades), row)

    def hypothetical(self, proposal_id: str) -> HypotheticalTrade | None:
        """What a proposal would have made; None while that is not known."""
        statement = select(hypothetical_trades.c.record).where(
            hypothetical_trades.c.proposal_id == proposal_id
        )
        with self._store.reading() as connection:
            found = documents(HypotheticalTrade, connection.execute(statement))
        return found[0] if found else None

    def add_calls(self, calls: Sequence[ModelCalls]) -> None:
        """Enter what the agents of a cycle asked of models."""
        if calls:
            with self._store.writing() as connection:
                connection.execute(insert(model_calls), [columns(c, model_calls) for c in calls])

    def calls(self, cycle_id: str) -> tuple[ModelCalls, ...]:
        """What the agents of a cycle asked of models."""
        statement = (
            select(model_calls)
            .where(model_calls.c.cycle_id == cycle_id)
            .order_by(model_calls.c.attempt, model_calls.c.task, model_calls.c.model)
        )
        with self._store.reading() as connection:
            return tuple(from_columns(ModelCalls, row) for row in connection.execute(statement))
