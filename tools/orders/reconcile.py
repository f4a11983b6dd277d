"""
Reconciliation, first thing in every cycle: the venue is the truth, the ledger follows.

Orders of unknown fate are resolved, what happened since the last cycle is booked, missing
stops are replaced, entries nobody waits for are cancelled. What it cannot explain it
reports, and then nothing new is opened; it never closes what it does not know.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from records.base import Record
from records.clock import Clock
from records.errors import LedgerError, VenueError
from records.order import WORKING, Order, Position, Trade
from records.ports import AccountReader, Journal, VenueOrder
from tools.ledger.ledger import Ledger
from tools.orders import states
from tools.orders.booking import Books
from tools.orders.exits import Exits
from tools.orders.guards import Guards, waits
from tools.orders.resolver import Resolver, doubtful
from tools.orders.sender import Sender


class Reconciliation(Record):
    """What was booked, and what stands in the way of new entries."""

    trades: tuple[Trade, ...]
    problems: tuple[str, ...]
    venue_failed: bool = False
    """Whether the venue could not be asked for something, as against what it said."""


@dataclass
class _Found:
    """What one reconciliation gathers."""

    trades: list[Trade] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """Problems that are a failing venue's."""


class Reconciler:
    """Compares one account with the ledger and repairs what it safely can."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        account: AccountReader,
        sender: Sender,
        resolver: Resolver,
        guards: Guards,
        exits: Exits,
        books: Books,
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._sender = sender
        self._resolver = resolver
        self._guards = guards
        self._exits = exits
        self._books = books
        self._clock = clock
        self._journal = journal

    def run(self, halted: bool) -> Reconciliation:
        """Book, protect, compare; what the venue fails at is named, not raised.

        A ledger that fails is raised, after guards that are due were sent all the same.
        """
        try:
            return self._run(halted)
        except LedgerError:
            self._guards.protect_waiting_unrecorded()
            raise

    def _run(self, halted: bool) -> Reconciliation:
        found = _Found()
        standing: Mapping[str, VenueOrder] = {}
        listed = False
        with _named(found.failures):
            self._account.catch_up()
            standing = self._standing()
            self._revive(standing, found.problems)
            listed = True
        with _named(found.failures):
            answers = self._follow_orders(standing, found.problems, 2 if listed else 1)
            if not (answers or listed):  # a venue that is silent is not asked on
                return self._result(found, self._books.alarms)
            self._book(found)
            self._guards.settle_all()
        if not listed:
            return self._result(found, self._books.alarms)
        with _named(found.failures):
            self._cover_positions()
        with _named(found.failures):
            self._cancel_waiting(halted, found.problems)
            self._follow_orders(self._standing(), found.problems, 2)
            self._book(found)  # a stop that was sent too late is filled at once
            self._guards.settle_all()
            self._clear_orphans()
            self._cover_positions()
            found.problems.extend(self._differences())
            found.problems.extend(self._unprotected())
        return self._result(found, self._books.alarms)

    def _result(self, found: "_Found", more: Sequence[str]) -> Reconciliation:
        problems = dict.fromkeys((*found.failures, *found.problems, *more))
        result = Reconciliation(
            trades=tuple(found.trades),
            problems=tuple(problems),
            venue_failed=bool(found.failures),
        )
        self._journal.write("reconcile", **result.model_dump(mode="json"))
        return result

    def cancel_entries(self, why: str, symbols: Sequence[str] | None = None) -> None:
        """Take back every entry that rests, end those never sent, and guard what had filled.

        One that cannot be cancelled raises an alarm and stops nothing else.
        """
        problems: list[str] = []
        for order in self._ledger.execution.working_orders():
            if order.intent.role == "entry" and (symbols is None or order.intent.symbol in symbols):
                with _named(problems):
                    self._take_back(order, why)
        with _named(problems):
            self._book(_Found())
            self._guards.settle_all()
            self._cover_positions()
        for problem in problems:
            self._books.alarm("not_cancelled", problem)

    # orders

    def _standing(self) -> dict[str, VenueOrder]:
        """What the venue lists as open, by client order id."""
        return {one.client_order_id: one for one in self._account.open_orders()}

    def _follow_orders(
        self, standing: Mapping[str, VenueOrder], problems: list[str], patience: int
    ) -> bool:
        """Bring every order that may still change up to the venue's word; each for itself.

        False when the venue left as many questions unanswered as there is patience for.
        """
        unanswered = 0
        for order in self._ledger.execution.working_orders():
            answer = standing.get(order.intent.client_order_id)
            if answer is None and (waits(order) or unanswered >= patience):
                continue
            before = len(problems)
            with _named(problems):
                followed = self._books.book_order(order, answer) if answer else self._ask(order)
                problems.extend(_doubts(followed))
            unanswered += answer is None and len(problems) > before
        return unanswered < patience

    def _ask(self, order: Order) -> Order:
        """An order the venue does not list as open."""
        if doubtful(order):
            return self._resolver.resolve(order)
        answer = self._account.order(order.intent)
        if answer is not None:
            return self._books.book_order(order, answer)
        if order.status == "pending":
            return self._sender.end(order, "expired", "it was never sent")
        return self._books.write(states.missed(order, self._clock.now(), proven=False))

    def _cancel_waiting(self, halted: bool, problems: list[str]) -> None:
        """Take back orders whose approval expired, and entries while the desk is halted."""
        now = self._clock.now()
        for order in self._ledger.execution.working_orders():
            intent = order.intent
            if intent.role not in ("entry", "exit") or intent.approval_id is None:
                continue
            approval = self._ledger.decisions.approval(intent.approval_id)
            expired = approval is not None and now >= approval.expires_at
            if expired or (halted and intent.role == "entry"):
                with _named(problems):
                    self._take_back(order, "its approval expired" if expired else "halted")

    def _take_back(self, order: Order, why: str) -> None:
        if order.status == "pending":
            self._sender.end(order, "cancelled", why)
        elif not doubtful(order):
            self._sender.cancel(order)

    def _revive(self, standing: Mapping[str, VenueOrder], problems: list[str]) -> None:
        """Orders that stand at the venue and that the ledger does not expect there."""
        for found in standing.values():
            ours = self._ledger.execution.order(found.client_order_id)
            if ours is None:
                problems.append(
                    f"{found.symbol}: order {found.client_order_id[:60]!r} stands at the venue and "
                    "is not this desk's. It is left alone; nothing new is opened until a person "
                    "has looked."
                )
            elif ours.status not in WORKING:
                revived = self._books.book_order(ours, found)
                if revived.intent.role == "entry":
                    with _named(problems):
                        self._sender.cancel(revived)

    # positions

    def _cover_positions(self) -> None:
        """Where the venue holds what the ledger holds; a difference is reported later."""
        standing: tuple[VenueOrder, ...] = tuple(self._account.open_orders())
        held = self._account.holdings()
        for position in self._ledger.account.open_positions():
            there = held.get(position.symbol, Decimal(0)) * _sign(position) > 0
            if there and not self._books.leaving(position):
                self._guards.cover(position, standing)

    def _unprotected(self) -> Iterator[str]:
        """Positions that are still without a stop for all of them."""
        standing = tuple(self._account.open_orders())
        for position in self._ledger.account.open_positions():
            if not self._guards.covered(position, "stop", standing):
                yield (
                    f"{position.symbol} is held without a stop for all of it. Nothing new is "
                    "opened; close it at the venue, or with `desk flatten`."
                )

    def _clear_orphans(self) -> None:
        """Cancel stops and targets that guard nothing of ours, once all that filled is booked."""
        working = self._ledger.execution.working_orders()
        unsure = {order.intent.symbol for order in working if doubtful(order)}
        unsure |= {order.intent.symbol for order in self._books.unexplained()}
        for symbol in dict.fromkeys(o.intent.symbol for o in working if _sent_guard(o)):
            if symbol not in unsure:
                self._exits.clear(symbol)

    def _book(self, found: "_Found") -> None:
        booking = self._books.book_fills()
        found.trades.extend(booking.trades)
        found.problems.extend(booking.problems)
        for order in self._books.untold():
            problem = self._books.book_untold(order)
            if problem is not None:
                found.problems.append(problem)

    def _differences(self) -> Iterator[str]:
        held = {s: q for s, q in self._account.holdings().items() if q != 0}
        for position in self._ledger.account.open_positions():
            signed = position.quantity * _sign(position)
            at_venue = held.pop(position.symbol, Decimal(0))
            if at_venue != signed:
                yield (
                    f"{position.symbol}: the ledger holds {signed}, the venue {at_venue}. Nothing "
                    "new is opened until they agree. If somebody closed it at the venue, "
                    "`desk accept` books that."
                )
        for symbol, quantity in held.items():
            yield (
                f"{symbol}: the venue holds {quantity} that this desk did not open. "
                "It is left alone; nothing new is opened until a person has looked."
            )


def _doubts(order: Order) -> Iterator[str]:
    """What of an order is not known, in words."""
    if doubtful(order):
        yield (
            f"Whether order {order.intent.client_order_id} of {order.intent.symbol} stands is not "
            "known yet. Nothing new is opened until the venue says so."
        )
    elif order.status == "lost":
        yield (
            f"{order.intent.symbol}: the venue held order {order.intent.client_order_id} and no "
            "longer knows it. Nothing new is opened in this cycle; look at the venue."
        )


def _sign(position: Position) -> int:
    return 1 if position.side == "long" else -1


def _sent_guard(order: Order) -> bool:
    return order.intent.reduce_only and not waits(order) and not doubtful(order)


@contextmanager
def _named(problems: list[str]) -> Iterator[None]:
    """A venue that fails in one step is a problem with a name; the next step is still taken."""
    try:
        yield
    except VenueError as error:
        problems.append(str(error))
