"""
Brings the ledger up to what the venue says: order states, fills, positions, trades.

Every fill is booked exactly once, together with what it does to its position, in one
transaction; reading the same answer twice changes nothing. It books nothing that no
order of this desk explains.
"""

from datetime import datetime, timedelta
from itertools import groupby
from typing import get_args

from records.base import Record
from records.clock import Clock
from records.errors import VenueError
from records.order import Fill, Order, OrderIntent, OrderStatus, Position, Trade
from records.ports import AccountReader, Journal, VenueOrder
from tools.ledger.ledger import Ledger
from tools.orders.positions import Effect, Origin, enter, leave, together

_LOOK_BACK = timedelta(days=1)
_STATUSES: frozenset[str] = frozenset(get_args(OrderStatus))


class Booking(Record):
    """What a look at the venue's fills brought."""

    trades: tuple[Trade, ...]
    problems: tuple[str, ...]


class Books:
    """The desk's books of one cycle, following one account."""

    def __init__(
        self, ledger: Ledger, account: AccountReader, clock: Clock, journal: Journal, cycle_id: str
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._clock = clock
        self._journal = journal
        self._cycle_id = cycle_id
        self.booked: list[Fill] = []
        """Every fill this cycle booked, stops of earlier cycles included."""

    def book_order(self, answer: VenueOrder) -> Order:
        """Write an order's state as the venue reported it."""
        order = as_order(answer)
        self._ledger.execution.update_order(order)
        self._journal.write("order", order=order.model_dump(mode="json"))
        return order

    def book_fills(self) -> Booking:
        """Book every fill the ledger does not know yet; one that cannot be booked stops no other.

        A fill of an order that is not ours is left alone: what it did to the holdings is
        reported when they are compared.
        """
        trades: list[Trade] = []
        problems: list[str] = []
        found = self._account.fills(self._last_fill_at())
        for client_order_id, executed in groupby(found, key=lambda fill: fill.client_order_id):
            if self._ledger.execution.order(client_order_id) is None:
                continue
            try:
                trade = self._book(tuple(executed))
            except VenueError as error:
                problems.append(str(error))
                continue
            if trade is not None:
                trades.append(trade)
        return Booking(trades=tuple(trades), problems=tuple(problems))

    def _last_fill_at(self) -> datetime | None:
        """A day before the newest fill: a walk may date one back; booking twice changes nothing."""
        newest = self._ledger.execution.last_fill_at()
        return None if newest is None else newest - _LOOK_BACK

    def _book(self, executed: tuple[Fill, ...]) -> Trade | None:
        """Fills of one order with what they do to its position, together or not at all."""
        with self._ledger.transaction():
            new = self._ledger.execution.book_fills(executed)
            if not new:
                return None
            whole = together(new)
            effect = self._effect(whole)
            self._write(effect, whole)
        self.booked.extend(new)
        self._journal.write(
            "fills",
            fills=[fill.model_dump(mode="json") for fill in new],
            trade=effect.trade.model_dump(mode="json") if effect.trade else None,
        )
        return effect.trade

    def _effect(self, fill: Fill) -> Effect:
        order = self._ledger.execution.order(fill.client_order_id)
        held = self.position(fill.symbol)
        if order is not None and order.intent.role == "entry":
            return Effect(position=enter(held, fill, self._origin(order.intent)))
        if order is None or held is None:
            raise VenueError(
                f"The venue reports a fill of {fill.symbol} for order {fill.client_order_id!r}, "
                "but the ledger holds no position there. It was not booked. Nothing new is opened "
                "until a person has looked."
            )
        return leave(held, fill, order.intent, self._cycle_id)

    def _write(self, effect: Effect, fill: Fill) -> None:
        if effect.position is not None:
            self._ledger.account.save_position(effect.position)
        if effect.trade is not None:
            self._ledger.account.add_trade(effect.trade)
            if effect.position is None:
                self._ledger.account.close_position(effect.trade.position_id, fill.at)

    def position(self, symbol: str) -> Position | None:
        """What the ledger holds in a market."""
        held = (p for p in self._ledger.account.open_positions() if p.symbol == symbol)
        return next(held, None)

    def _origin(self, intent: OrderIntent) -> Origin:
        approval = (
            self._ledger.decisions.approval(intent.approval_id) if intent.approval_id else None
        )
        proposal = self._ledger.decisions.proposal(approval.proposal_id) if approval else None
        if approval is None or proposal is None:
            raise VenueError(
                f"Entry order {intent.client_order_id!r} has no approval in the ledger. Its fill "
                "was not booked. Nothing new is opened until a person has looked."
            )
        return Origin(approval=approval, draft=proposal.draft)


def as_order(answer: VenueOrder) -> Order:
    """The venue's answer as the ledger's order; a status the desk does not know is `unknown`."""
    return Order(
        intent=answer.intent,
        venue_order_id=answer.venue_order_id,
        status=answer.status if answer.status in _STATUSES else "unknown",
        filled_quantity=answer.filled_quantity,
        average_price=answer.average_price,
        fee=answer.fee,
        reason=answer.reason,
        updated_at=answer.updated_at,
    )
