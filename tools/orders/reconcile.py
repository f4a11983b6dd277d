"""
Reconciliation, first thing in every cycle: the venue is the truth, the ledger follows.

It books what happened since the last cycle, sends the stop and target of an entry that
filled meanwhile, replaces missing stops and cancels entries nobody waits for. What it
cannot explain it reports, and then nothing new is opened; it never closes what it does
not know.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from records.base import Record
from records.clock import Clock
from records.errors import VenueError
from records.ids import IdSequence
from records.order import Position, Trade
from records.ports import AccountReader, Journal
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books
from tools.orders.guards import Guards, waits
from tools.orders.intents import replacement_stop
from tools.orders.sender import Sender


class Reconciliation(Record):
    """What was booked, and what stands in the way of new entries."""

    trades: tuple[Trade, ...]
    problems: tuple[str, ...]


class Reconciler:
    """Compares one account with the ledger and repairs what it safely can."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        account: AccountReader,
        sender: Sender,
        books: Books,
        ids: IdSequence,
        clock: Clock,
        journal: Journal,
        halted: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._sender = sender
        self._books = books
        self._guards = Guards(ledger, sender)
        self._ids = ids
        self._clock = clock
        self._journal = journal
        self._halted = halted

    def run(self) -> Reconciliation:
        """Book, compare, protect; problems are named, not raised."""
        self._account.catch_up()
        trades: list[Trade] = []
        problems: list[str] = []
        with _named(problems):
            self._follow_orders()
            self._cancel_waiting_entries()
            self._book(trades, problems)
            self._guards.settle_all()
        with _named(problems):
            problems.extend(self._unprotected())
        with _named(problems):
            self._book(trades, problems)  # a stop that was sent too late is filled at once
            self._follow_orders()
            problems.extend(self._differences())
        result = Reconciliation(trades=tuple(trades), problems=tuple(dict.fromkeys(problems)))
        self._journal.write("reconcile", **result.model_dump(mode="json"))
        return result

    def _book(self, trades: list[Trade], problems: list[str]) -> None:
        booking = self._books.book_fills()
        trades.extend(booking.trades)
        problems.extend(booking.problems)

    def _follow_orders(self) -> None:
        """Bring every order that may still change up to the venue's word."""
        for order in self._ledger.execution.working_orders():
            answer = self._account.order(order.intent.client_order_id, order.intent.symbol)
            if answer is not None:
                if (answer.status, answer.filled_quantity) != (order.status, order.filled_quantity):
                    self._books.book_order(answer)
            elif not waits(order):  # the desk stopped between writing and sending
                self._sender.end(order.intent, "expired", "the venue does not know it")

    def _differences(self) -> Iterator[str]:
        held = {s: q for s, q in self._account.holdings().items() if q != 0}
        for position in self._ledger.account.open_positions():
            signed = position.quantity if position.side == "long" else -position.quantity
            at_venue = held.pop(position.symbol, Decimal(0))
            if at_venue != signed:
                yield (
                    f"{position.symbol}: the ledger holds {signed}, the venue {at_venue}. "
                    "Nothing new is opened until they agree."
                )
        for symbol, quantity in held.items():
            yield (
                f"{symbol}: the venue holds {quantity} that this desk did not open. "
                "It is left alone; nothing new is opened until a person has looked."
            )

    def _unprotected(self) -> Iterator[str]:
        """Replace every missing stop; name the position when that fails."""
        resting = {
            order.intent.symbol
            for order in self._account.open_orders()
            if order.intent.role == "stop"
        }
        for position in self._ledger.account.open_positions():
            if position.symbol not in resting:
                problem = self._replace_stop(position)
                if problem is not None:
                    yield problem

    def _replace_stop(self, position: Position) -> str | None:
        if position.stop is None:
            return f"{position.symbol} is held without a stop. Nothing new is opened."
        intent = replacement_stop(
            position, self._ids.cycle_id, self._ids.next("g"), self._clock.now()
        )
        self._ledger.execution.add_intents((intent,))
        order = self._sender.send(intent)
        if order.status == "rejected":
            return f"The stop of {position.symbol} could not be replaced: {order.reason}"
        return None

    def _cancel_waiting_entries(self) -> None:
        """An entry lives as long as its approval, and not while the desk is halted."""
        now, halted = self._clock.now(), self._halted() is not None
        for order in self._ledger.execution.working_orders():
            if order.intent.role != "entry" or not order.intent.approval_id:
                continue
            approval = self._ledger.decisions.approval(order.intent.approval_id)
            if order.venue_order_id and approval and (halted or now >= approval.expires_at):
                self._sender.cancel(order)


@contextmanager
def _named(problems: list[str]) -> Iterator[None]:
    """A venue that fails in one step is a problem with a name; the next step is still taken."""
    try:
        yield
    except VenueError as error:
        problems.append(str(error))
