"""
Stops and targets: every position has a stop at the venue for all of it, or is closed.

Those of an entry are written with it, in one transaction, and wait as pending. Whoever
learns that it filled, the order desk at once or reconciliation a cycle later, sends them
here, as large as what was filled. A stop that the venue refuses is tried once more; then the
position is closed and an alarm is raised.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from records.clock import Clock
from records.errors import LedgerError, OrderRefused, VenueError
from records.ids import IdSequence
from records.order import (
    WORKING,
    ExitReason,
    Order,
    OrderIntent,
    OrderRole,
    OrderStatus,
    Position,
)
from records.ports import VenueOrder
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books
from tools.orders.exits import Exits
from tools.orders.intents import again, client_order_id, guard_of
from tools.orders.resolver import Resolver, doubtful
from tools.orders.sender import Sender

_GUARDS: frozenset[str] = frozenset({"stop", "take_profit"})


class Guards:
    """Sends, replaces and withdraws stops and targets."""

    def __init__(
        self,
        ledger: Ledger,
        sender: Sender,
        resolver: Resolver,
        exits: Exits,
        books: Books,
        ids: IdSequence,
        clock: Clock,
        pause: Callable[[float], None],
    ) -> None:
        self._ledger = ledger
        self._sender = sender
        self._resolver = resolver
        self._exits = exits
        self._books = books
        self._ids = ids
        self._clock = clock
        self._pause = pause

    def settle_all(self) -> None:
        """Settle every waiting guard; a venue that fails at one is raised once all were tried."""
        failures: list[VenueError] = []
        for entry in self._entries_waited_for():
            try:
                for guard in self._of(entry):
                    self._found_at_venue(guard, entry)
                self.settle(entry)
            except VenueError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def settle(self, entry: Order) -> tuple[Order, ...]:
        """Send the guards of what an entry filled, as large as that; end those of a dead one."""
        waiting = self._of(entry)
        if doubtful(entry) or (entry.status in WORKING and entry.filled_quantity == 0):
            return ()
        if entry.filled_quantity == 0:
            status: OrderStatus = "expired" if entry.status == "expired" else "cancelled"
            why = f"its entry is {entry.status}"
            return tuple(self._sender.end(guard, status, why) for guard in waiting)
        return tuple(self._place_all([self._sized(one, entry) for one in waiting]))

    def cover(self, position: Position, standing: Sequence[VenueOrder]) -> None:
        """See to it that stop and target at the venue cover all of a position.

        `standing` is what the venue lists as open. A smaller or missing guard is replaced,
        and what it replaces is cancelled afterwards.
        """
        if position.stop is None:
            self._books.alarm("no_stop", f"{position.symbol} has no stop price; it is closed.")
            self._exits.close(position, "unprotected")
            return
        if not self.covered(position, "stop", standing):
            self._replace(position, "stop")
        else:
            self._keep_tightest(position, standing)
        if self._books.position(position.symbol) is None or position.take_profit is None:
            return
        if not self.covered(position, "take_profit", standing):
            self._replace(position, "take_profit")
        else:
            self._keep_one_target(position, standing)

    def covered(self, position: Position, role: OrderRole, standing: Sequence[VenueOrder]) -> bool:
        """Whether what stands at the venue guards all of a position at its price or nearer."""
        sizes = (left for _, left in self._guarding(position, role, standing))
        return sum(sizes, Decimal(0)) >= position.quantity

    def move_stop(self, position: Position, why: ExitReason) -> bool:
        """Put a tighter stop in the old one's place: first the new one, then the old one goes.

        Refused, the old one stays; False.
        """
        order = self._resolver.resolve(self._sender.send(self._planned(position, "stop", why)))
        if order.status not in WORKING or doubtful(order):
            return False
        self._withdraw_others(order.intent)
        return True

    def protect_unrecorded(self, entry: OrderIntent, guards: Sequence[Order]) -> None:
        """The ledger fails and an entry may have been accepted: its guards are sent anyway.

        Their intents stand in the ledger since before the entry; the next cycle finds them at
        the venue by their ids.
        """
        found, _ = self._resolver.look(entry, self._clock.now())
        if found is not None and found.filled_quantity > 0:
            for guard in guards:
                self._send_anyway(guard.intent)

    def protect_waiting_unrecorded(self) -> None:
        """The ledger fails in reconciliation: send what waits for entries that have filled."""
        for entry in self._entries_waited_for():
            try:
                found = self._resolver.ask(entry.intent)
            except VenueError:
                continue  # nothing is known of it now; the next cycle asks again
            if found is not None and found.filled_quantity > 0:
                for guard in self._of(entry):
                    self._send_anyway(guard.intent)

    def _keep_tightest(self, position: Position, standing: Sequence[VenueOrder]) -> None:
        """Of several stops for all of a position, the nearest stays; a kill or a lost cancel left
        the others."""
        whole = self._whole_guards(position, "stop", standing)
        if not whole:
            return
        sign = 1 if position.side == "long" else -1
        kept = max(whole, key=lambda intent: (intent.trigger_price or Decimal(0)) * sign)
        self._withdraw_others(kept)
        if kept.trigger_price != position.stop:
            tightened = position.model_copy(update={"stop": kept.trigger_price})
            self._ledger.account.save_position(tightened)

    def _keep_one_target(self, position: Position, standing: Sequence[VenueOrder]) -> None:
        whole = self._whole_guards(position, "take_profit", standing)
        if whole:
            self._withdraw_others(whole[0])

    def _whole_guards(
        self, position: Position, role: OrderRole, standing: Sequence[VenueOrder]
    ) -> list[OrderIntent]:
        """Guards that stand and each cover all of a position."""
        guarding = self._guarding(position, role, standing)
        return [intent for intent, left in guarding if left >= position.quantity]

    def _guarding(
        self, position: Position, role: OrderRole, standing: Sequence[VenueOrder]
    ) -> Iterator[tuple[OrderIntent, Decimal]]:
        """Stops or targets of a position that stand at the venue, and how much each covers."""
        for order in standing:
            ours = self._ledger.execution.order(order.client_order_id)
            if ours is not None and order.reduce_only and _guards(ours.intent, position, role):
                yield ours.intent, order.quantity - order.filled_quantity

    def _send_anyway(self, guard: OrderIntent) -> None:
        """Send a guard that the ledger cannot follow, unless the venue has it."""
        try:
            if self._resolver.ask(guard) is None:
                self._sender.send_unrecorded(guard)
        except (OrderRefused, VenueError):
            return  # the next cycle finds the position without it

    def _entries_waited_for(self) -> list[Order]:
        waiting = [one for one in self._ledger.execution.working_orders() if waits(one)]
        entries = [
            self._ledger.execution.order(client_order_id(approval_id, "entry"))
            for approval_id in dict.fromkeys(one.intent.approval_id for one in waiting)
            if approval_id is not None
        ]
        return [entry for entry in entries if entry is not None]

    def _of(self, entry: Order) -> list[Order]:
        approval_id = entry.intent.approval_id
        return [
            order
            for order in self._ledger.execution.working_orders()
            if waits(order) and order.intent.approval_id == approval_id
        ]

    def _place_all(self, guards: Sequence[Order]) -> Iterator[Order]:
        """The stop first; when the position had to be closed, the target is not sent any more."""
        closed = False
        for guard in sorted(guards, key=lambda one: one.intent.role != "stop"):
            if closed:
                yield self._sender.end(guard, "cancelled", "its position was closed")
                continue
            order = self._place(guard)
            closed = order.intent.role == "stop" and _failed(order)
            yield order

    def _place(self, guard: Order) -> Order:
        """Send a guard; refused, once more under another id; without a stop, leave."""
        try:
            order = self._resolver.resolve(self._sender.send(guard))
        except LedgerError:
            self._send_anyway(guard.intent)
            raise
        if _failed(order):
            self._pause(self._sender.breath_s)
            (second,) = self._ledger.execution.add_intents((again(guard.intent),))
            order = self._resolver.resolve(self._sender.send(second))
        if order.intent.role == "stop" and _failed(order):
            self._leave_unprotected(order)
        elif doubtful(order):
            self._books.alarm(
                "guard_in_doubt",
                f"Whether the {order.intent.role} of {order.intent.symbol} stands is not known "
                f"({order.reason}). The next cycle asks again; look at the venue yourself.",
            )
        return order

    def _leave_unprotected(self, stop: Order) -> None:
        self._books.alarm(
            "stop_refused",
            f"The stop of {stop.intent.symbol} could not be placed ({stop.reason}); the position "
            "is closed at market.",
        )
        self._exits.close_instead_of(stop.intent)

    def _found_at_venue(self, guard: Order, entry: Order) -> None:
        """A guard may stand there that was sent while the ledger could not be written."""
        if entry.filled_quantity > 0:
            found = self._resolver.ask(guard.intent)
            if found is not None:
                self._books.book_order(guard, found)

    def _sized(self, guard: Order, entry: Order) -> Order:
        """The planned guard, or one in its place for the part that was filled."""
        if guard.intent.quantity == entry.filled_quantity:
            return guard
        self._sender.end(
            guard, "cancelled", f"only {entry.filled_quantity} of its entry was filled"
        )
        (sized,) = self._ledger.execution.add_intents((again(guard.intent, entry.filled_quantity),))
        return sized

    def _replace(self, position: Position, role: OrderRole) -> None:
        order = self._place(self._planned(position, role, None))
        if order.status in WORKING and not doubtful(order):
            self._withdraw_others(order.intent)

    def _planned(self, position: Position, role: OrderRole, why: ExitReason | None) -> Order:
        source = self._ids.next("g")
        intent = guard_of(position, role, self._ids.cycle_id, source, self._clock.now(), why)
        (order,) = self._ledger.execution.add_intents((intent,))
        return order

    def _withdraw_others(self, kept: OrderIntent) -> None:
        for order in self._ledger.execution.working_orders():
            other = order.intent
            same = (other.symbol, other.role) == (kept.symbol, kept.role)
            sent = order.status != "pending"
            if same and sent and other.client_order_id != kept.client_order_id:
                self._exits.withdraw(order)


def _failed(guard: Order) -> bool:
    """Whether a guard neither stands nor has done its work."""
    return guard.status not in WORKING and guard.filled_quantity == 0


def _guards(intent: OrderIntent, position: Position, role: OrderRole) -> bool:
    """Whether an order is the stop or target of this position, at its price or nearer."""
    long = position.side == "long"
    wanted = position.stop if role == "stop" else position.take_profit
    if (intent.symbol, intent.role) != (position.symbol, role) or intent.trigger_price is None:
        return False
    if intent.side != ("sell" if long else "buy") or wanted is None:
        return False
    upwards = long == (role == "stop")  # which way is nearer to the market
    return intent.trigger_price >= wanted if upwards else intent.trigger_price <= wanted


def waits(order: Order) -> bool:
    """Whether this is a guard that was written with its entry and not sent yet."""
    return (
        order.status == "pending"
        and order.intent.role in _GUARDS
        and order.intent.approval_id is not None
    )
