"""
The order desk of one cycle: an approval id becomes one order, at most once, with its stop.

It refuses whatever is not exactly approved. The intent is committed before anything is
sent.
"""

from collections.abc import Callable, Sequence
from threading import Lock

from records.clock import Clock
from records.cycle import Event
from records.errors import (
    ApprovalUnknown,
    EntriesHalted,
    OrderRefused,
    PriceMoved,
)
from records.ids import IdSequence
from records.market import SymbolMarket
from records.order import ExecutionReport, Order, OrderIntent, OrderRefusal
from records.ports import Journal
from records.verdict import Approval, Refusal
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books
from tools.orders.guards import Guards
from tools.orders.intents import exit_now, from_approval
from tools.orders.sender import Sender


class OrderDesk:
    """Sends what the ledger's approvals allow, and nothing else."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        sender: Sender,
        books: Books,
        quote: Callable[[str], SymbolMarket | None],
        ids: IdSequence,
        clock: Clock,
        halted: Callable[[], str | None],
        journal: Journal,
    ) -> None:
        self._ledger = ledger
        self._sender = sender
        self._books = books
        self._guards = Guards(ledger, sender)
        self._quote = quote
        self._ids = ids
        self._clock = clock
        self._halted = halted
        self._journal = journal
        self._refused: list[OrderRefusal] = []
        self._one_at_a_time = Lock()

    def place_all(self, approval_ids: Sequence[str]) -> ExecutionReport:
        """Place the order of each approval; what is refused is recorded and sends nothing."""
        with self._one_at_a_time:
            orders: list[Order] = []
            already = len(self._refused)
            for approval_id in approval_ids:
                try:
                    orders.extend(self._place(approval_id))
                except OrderRefused as refusal:
                    self._refused.append(self._record(approval_id, refusal))
            return ExecutionReport(orders=tuple(orders), refused=tuple(self._refused[already:]))

    def refused(self) -> tuple[OrderRefusal, ...]:
        """Every approval id of this cycle that led to no order."""
        return tuple(self._refused)

    def order(self, client_order_id: str) -> Order | None:
        """One order of this desk, by our own id."""
        return self._ledger.execution.order(client_order_id)

    def _place(self, approval_id: str) -> tuple[Order, ...]:
        approval = self._ledger.decisions.approval(approval_id)
        if approval is None or approval.cycle_id != self._ids.cycle_id:
            raise ApprovalUnknown(
                f"No approval {approval_id[:80]!r} was issued in this cycle. No order was sent. "
                "Only the risk gate issues approvals."
            )
        self._refuse_when_halted(approval)
        self._refuse_moved_price(approval)
        now = self._clock.now()
        intents = from_approval(approval, now)
        self._ledger.execution.spend_approval(approval.approval_id, now, intents)
        self._journal.write("intents", intents=[i.model_dump(mode="json") for i in intents])
        return self._execute(intents)

    def _execute(self, intents: tuple[OrderIntent, ...]) -> tuple[Order, ...]:
        """Send the first intent; its guards follow once the venue holds a position."""
        sent = self._sender.send(intents[0])
        if sent.intent.reduce_only:
            self._books.book_fills()
            if sent.filled_quantity > 0:
                self._cancel_guards(sent.intent.symbol)
            return (sent,)
        guards = self._guards.settle(sent)
        self._books.book_fills()
        return (sent, *guards, *self._leave_unguarded(guards))

    def _leave_unguarded(self, guards: tuple[Order, ...]) -> tuple[Order, ...]:
        """No position without a stop: when the venue refuses it, the position is closed at once."""
        failed = [g for g in guards if g.intent.role == "stop" and g.status == "rejected"]
        exits: list[Order] = []
        for guard in failed:
            position = self._books.position(guard.intent.symbol)
            if position is None:
                continue
            self._alarm(
                f"The stop of {position.symbol} was refused ({guard.reason}); it is closed."
            )
            intent = exit_now(position, self._ids.cycle_id, self._ids.next("g"), self._clock.now())
            self._ledger.execution.add_intents((intent,))
            exits.append(self._sender.send(intent))
            self._books.book_fills()
            self._cancel_guards(position.symbol)
        return tuple(exits)

    def _alarm(self, message: str) -> None:
        event = Event(
            event_id=self._ids.next("n"),
            cycle_id=self._ids.cycle_id,
            at=self._clock.now(),
            level="alarm",
            kind="stop_refused",
            message=message,
        )
        self._ledger.safety.add_event(event)
        self._journal.write("event", event=event.model_dump(mode="json"))

    def _cancel_guards(self, symbol: str) -> None:
        """After an exit, cancel stops and targets of a position that is gone."""
        if self._books.position(symbol) is not None:
            return
        for order in self._ledger.execution.working_orders():
            if order.intent.symbol == symbol and order.intent.reduce_only and order.venue_order_id:
                self._sender.cancel(order)

    def _refuse_when_halted(self, approval: Approval) -> None:
        reason = None if approval.reduce_only else self._halted()
        if reason is not None:
            raise EntriesHalted(
                f"The desk is halted ({reason}). Entry {approval.approval_id} was not sent. "
                "`desk resume` allows entries again."
            )

    def _refuse_moved_price(self, approval: Approval) -> None:
        if approval.reduce_only:
            return  # an exit is never refused because the market ran away
        market = self._quote(approval.symbol)
        if market is None:
            raise PriceMoved(f"{approval.symbol} has no price in this cycle. No order was sent.")
        price = approval.limit_price or (
            market.ticker.ask if approval.side == "buy" else market.ticker.bid
        )
        if not approval.price_low <= price <= approval.price_high:
            raise PriceMoved(
                f"{approval.symbol} is at {price}, outside the approved {approval.price_low} to "
                f"{approval.price_high}. No order was sent. The next cycle decides anew."
            )

    def _record(self, approval_id: str, error: OrderRefused) -> OrderRefusal:
        refusal = Refusal(
            refusal_id=self._ids.next("r"),
            cycle_id=self._ids.cycle_id,
            at=self._clock.now(),
            subject=approval_id[:80],
            code=type(error).__name__,
            message=str(error),
        )
        self._ledger.decisions.add_refusal(refusal)
        self._journal.write("refusal", refusal=refusal.model_dump(mode="json"))
        return OrderRefusal(approval_id=refusal.subject, code=refusal.code, message=refusal.message)
