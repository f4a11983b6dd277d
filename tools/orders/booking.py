"""
Brings the ledger up to what the venue says: order states, fills, funding, positions, trades.

Every fill is booked exactly once, together with what it does to its position, in one
transaction; reading the same answer twice changes nothing. It books nothing that no
order of this desk explains, except that the venue itself closed a position of ours.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Literal

from records.base import Record
from records.clock import Clock
from records.cycle import Event
from records.errors import LedgerConflict, VenueError
from records.ids import IdSequence
from records.order import Fill, FundingPayment, Order, OrderIntent, Position, Trade
from records.ports import AccountReader, Journal, VenueFill, VenueOrder
from tools.ledger.ledger import Ledger
from tools.orders import states
from tools.orders.intents import liquidated
from tools.orders.positions import Effect, Origin, enter, leave, together

_LOOK_BACK = timedelta(days=1)
_LONGEST_AWAY = timedelta(days=60)
"""Older orders are not asked for again; what is held is compared whatever their age."""
_UNTOLD_AFTER = timedelta(seconds=60)
_PAUSES_S = (0.2, 0.5)
"""A venue may list the fills of an order a moment after its answer."""
_UNTOLD = "-untold-"
"""In the id of a fill that the venue counts and does not list."""
_OVER: frozenset[str] = frozenset({"filled", "cancelled", "expired"})


class Booking(Record):
    """What a look at the venue's fills brought."""

    trades: tuple[Trade, ...]
    problems: tuple[str, ...]


class Books:
    """The desk's books of one cycle, following one account."""

    def __init__(
        self,
        ledger: Ledger,
        account: AccountReader,
        clock: Clock,
        journal: Journal,
        ids: IdSequence,
        alarmed: Callable[[str], None] = lambda _message: None,
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._clock = clock
        self._journal = journal
        self._ids = ids
        self._alarmed = alarmed
        self.cycle_id = ids.cycle_id
        self.booked: list[Fill] = []
        """Every fill this cycle booked, stops of earlier cycles included."""
        self.alarms: list[str] = []
        """What this cycle raised an alarm about; while there is one, nothing is opened."""
        self._listed = False
        self._foreign: set[tuple[str, str]] = set()

    def write(self, order: Order) -> Order:
        """Write an order's state."""
        self._ledger.execution.update_order(order)
        self._journal.write("order", order=order.model_dump(mode="json"))
        return order

    def book_order(self, order: Order, answer: VenueOrder) -> Order:
        """Write an order's state after the venue's word, if it says anything new."""
        told = states.told(order, answer)
        same = order.model_copy(update={"updated_at": told.updated_at})
        return order if told == same else self.write(told)

    def alarm(self, kind: str, message: str) -> None:
        """Write what a person has to look at."""
        self.alarms.append(message)
        self._note("alarm", kind, message)
        self._alarmed(message)

    def warn(self, kind: str, message: str) -> None:
        """Write what is worth knowing and stands in nobody's way."""
        self._note("warning", kind, message)

    def _note(self, level: Literal["alarm", "warning"], kind: str, message: str) -> None:
        event = Event(
            event_id=self._ids.next("n"),
            cycle_id=self.cycle_id,
            at=self._clock.now(),
            level=level,
            kind=kind,
            message=message,
        )
        self._ledger.safety.add_event(event)
        self._journal.write("event", event=event.model_dump(mode="json"))

    def position(self, symbol: str) -> Position | None:
        """What the ledger holds in a market."""
        held = (p for p in self._ledger.account.open_positions() if p.symbol == symbol)
        return next(held, None)

    def book_fills(self) -> Booking:
        """Book every fill and funding payment the ledger does not know yet, in time order.

        One that cannot be booked stops no other. A fill of an order that is not ours is left
        alone: what it did to the holdings is reported when they are compared.
        """
        try:
            happened = list(self._happened())
        except VenueError as error:
            self._listed = False
            return Booking(trades=(), problems=(str(error),))
        self._listed = True
        trades: list[Trade] = []
        problems: list[str] = []
        for what in happened:
            try:
                trade = self._book(what)
            except (VenueError, LedgerConflict) as error:
                problems.append(str(error))
                continue
            if trade is not None:
                trades.append(trade)
        return Booking(trades=tuple(trades), problems=tuple(problems))

    def book_one(self, fill: VenueFill) -> Trade | None:
        """Book one fill that the venue does not tell of by itself."""
        return self._book_executed((fill,))

    def lacks_fills(self, order: Order) -> bool:
        """Whether more of an order was filled than fills of it are booked."""
        return order.filled_quantity > self._booked_of(order)

    def book_until_told(self, order: Order, pause: Callable[[float], None]) -> None:
        """Book fills; once or twice more while the venue says filled and does not list them all."""
        self.book_fills()
        for pause_s in _PAUSES_S:
            if not self.lacks_fills(order):
                return
            pause(pause_s)
            self.book_fills()

    def unexplained(self) -> tuple[Order, ...]:
        """Orders of which more was filled than fills are booked."""
        return self._ledger.execution.unexplained(self._clock.now() - _LONGEST_AWAY)

    def leaving(self, position: Position) -> Decimal:
        """How much of a position is gone by exits, stops and targets that are not booked yet."""
        gone = (
            order.filled_quantity - self._booked_of(order)
            for order in self.unexplained()
            if order.intent.symbol == position.symbol
            and order.intent.reduce_only
            and order.updated_at >= position.opened_at  # an older one closed another position
        )
        return sum(gone, Decimal(0))

    def untold(self) -> Iterator[Order]:
        """Orders that ended a while ago and whose fills the venue does not list."""
        if not self._listed:
            return  # the list was not read: nothing is missing from it
        now = self._clock.now()
        for order in self.unexplained():
            if order.status in _OVER and order.updated_at <= now - _UNTOLD_AFTER:
                yield order

    def book_untold(self, order: Order) -> str | None:
        """Book what the venue says of a fill that it does not list, or say why not; the fee is not
        known."""
        booked = self._fills_of(order)
        missing = order.filled_quantity - sum((f.quantity for f in booked), Decimal(0))
        known = sum((f.quantity * f.price for f in booked), Decimal(0))
        if order.average_price is None or order.venue_order_id is None:
            return (
                f"The venue says that {order.filled_quantity} of order "
                f"{order.intent.client_order_id} were filled, and neither lists the fills nor "
                "names a price. Nothing was booked; look at the venue."
            )
        unpaid = order.average_price * order.filled_quantity - known
        fill = VenueFill(
            fill_id=f"{order.intent.client_order_id}{_UNTOLD}{order.filled_quantity:f}",
            venue_order_id=order.venue_order_id,
            symbol=order.intent.symbol,
            side=order.intent.side,
            quantity=missing,
            # an average that the venue rounded may leave nothing for a small rest
            price=unpaid / missing if unpaid > 0 else order.average_price,
            fee=Decimal(0),
            liquidity="taker",
            at=_traded_at(order),
        )
        try:
            self._book((fill,))
        except (VenueError, LedgerConflict) as error:
            return str(error)
        return None

    def _since(self) -> datetime:
        """A day back, or to the sending of the oldest order whose fills are not all booked."""
        now = self._clock.now()
        sent = (o.submitted_at for o in self.unexplained() if o.submitted_at is not None)
        return min(now - _LOOK_BACK, *sent, now)

    def _unpaid_since(self, since: datetime, held: Sequence[Position]) -> datetime:
        """From when on funding may not be booked yet: the last payment, or the oldest position."""
        if not held:
            return since
        oldest = min(position.opened_at for position in held)
        last = self._ledger.account.last_funding_at()
        return min(since, oldest if last is None else max(oldest, last - _LOOK_BACK))

    def _symbols(self, since: datetime) -> tuple[str, ...]:
        held = (position.symbol for position in self._ledger.account.open_positions())
        return tuple(dict.fromkeys((*self._ledger.execution.symbols_since(since), *held)))

    def _happened(self) -> Iterator[tuple[VenueFill, ...] | FundingPayment]:
        """Fills, those of one order together, and funding, oldest first."""
        since = self._since()
        symbols = self._symbols(since)
        if not symbols:
            return
        fills = self._account.fills(since, symbols)
        held = [p for p in self._ledger.account.open_positions() if p.symbol in symbols]
        paid = list(self._account.funding(self._unpaid_since(since, held), symbols))
        for _, group in groupby(fills, key=lambda fill: (fill.symbol, fill.venue_order_id)):
            executed = tuple(group)
            while paid and paid[0].at < executed[0].at:
                yield paid.pop(0)
            yield executed
        yield from paid

    def _book(self, what: tuple[VenueFill, ...] | FundingPayment) -> Trade | None:
        if isinstance(what, FundingPayment):
            self._book_funding(what)
            return None
        return self._book_executed(what)

    def _book_funding(self, payment: FundingPayment) -> None:
        held = self.position(payment.symbol)
        if held is None or payment.at < held.opened_at:
            return  # of a position that is closed: its trade is written and stays
        if self._ledger.account.book_funding(payment, held):
            self._journal.write("funding", payment=payment.model_dump(mode="json"))

    def _book_executed(self, executed: tuple[VenueFill, ...]) -> Trade | None:
        """Fills of one order with what they do to its position, together or not at all."""
        first = executed[0]
        known = self._ledger.execution.order_at_venue(first.venue_order_id, first.symbol)
        if known is None and not self._forced(first):
            return None
        with self._ledger.transaction():
            order = known or self._liquidation(first, executed)
            new = self._ledger.execution.book_fills(self._ours(order, executed))
            if not new:
                return None
            self._ledger.execution.update_order(self._with_fees(order))
            whole = together(new)
            effect = self._effect(whole, order.intent)
            self._write(effect, whole)
        self.booked.extend(new)
        self._journal.write(
            "fills",
            fills=[fill.model_dump(mode="json") for fill in new],
            trade=effect.trade.model_dump(mode="json") if effect.trade else None,
        )
        return effect.trade

    def _forced(self, fill: VenueFill) -> bool:
        """Whether the venue closed a position of ours itself; asked once for each stranger."""
        named = (fill.symbol, fill.venue_order_id)
        position = self.position(fill.symbol)
        if position is None or fill.at < position.opened_at or named in self._foreign:
            return False
        if self._account.forced(fill):
            return True
        self._foreign.add(named)
        return False

    def _liquidation(self, first: VenueFill, executed: Sequence[VenueFill]) -> Order:
        """An order of our own for what the venue did to our position."""
        position = self.position(first.symbol)
        assert position is not None, "only what is held is closed by force"
        whole = sum((fill.quantity for fill in executed), Decimal(0))
        intent = liquidated(position, self.cycle_id, whole, first.venue_order_id, first.at)
        (order,) = self._ledger.execution.add_intents((intent,))
        self.alarm(
            "liquidation", f"{position.symbol} was liquidated by the venue at {first.price}."
        )
        known = {"status": "filled", "venue_order_id": first.venue_order_id}
        return order.model_copy(update={**known, "filled_quantity": whole})

    def _ours(self, order: Order, executed: Sequence[VenueFill]) -> tuple[Fill, ...]:
        """The venue's fills under our order's id, unless they are booked as untold already."""
        untold = any(_UNTOLD in fill.fill_id for fill in self._fills_of(order))
        if untold and _UNTOLD not in executed[0].fill_id:
            return ()
        return tuple(
            Fill(
                client_order_id=order.intent.client_order_id,
                **fill.model_dump(exclude={"venue_order_id"}),
            )
            for fill in executed
        )

    def _with_fees(self, order: Order) -> Order:
        """The order with what its booked fills come to."""
        fills = self._fills_of(order)
        filled = sum((fill.quantity for fill in fills), Decimal(0))
        return order.model_copy(
            update={
                "fee": sum((fill.fee for fill in fills), Decimal(0)),
                "filled_quantity": max(order.filled_quantity, filled),
            }
        )

    def _booked_of(self, order: Order) -> Decimal:
        return sum((fill.quantity for fill in self._fills_of(order)), Decimal(0))

    def _fills_of(self, order: Order) -> tuple[Fill, ...]:
        return self._ledger.execution.fills_of(order.intent.client_order_id)

    def _effect(self, fill: Fill, intent: OrderIntent) -> Effect:
        held = self.position(fill.symbol)
        if intent.role == "entry":
            return Effect(position=enter(held, fill, self._origin(intent)))
        if held is None or fill.at < held.opened_at:
            raise VenueError(
                f"The venue reports a fill of {fill.symbol} for order {fill.client_order_id!r}, "
                "but the ledger holds no position there of that time. It was not booked. Nothing "
                "new is opened until a person has looked."
            )
        return leave(held, fill, intent, self.cycle_id)

    def _write(self, effect: Effect, fill: Fill) -> None:
        if effect.position is not None:
            self._ledger.account.save_position(effect.position)
        if effect.trade is not None:
            self._ledger.account.add_trade(effect.trade)
            if effect.position is None:
                self._ledger.account.close_position(effect.trade.position_id, fill.at)

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


def _traded_at(order: Order) -> datetime:
    """When a fill that is not listed was: an entry no later, an exit no earlier than it was."""
    entered = order.submitted_at if order.intent.role == "entry" else None
    return entered or order.updated_at
