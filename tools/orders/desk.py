"""
The order desk of one cycle: an approval id becomes one order, at most once, with its stop.

It refuses whatever is not exactly approved. The intent is committed before anything is
sent.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from threading import Lock

from records.base import Record
from records.clock import Clock
from records.errors import (
    ApprovalUnknown,
    EchoRefused,
    EntriesHalted,
    LedgerError,
    NotArmed,
    OrderRefused,
    PriceMoved,
    TooManyOrders,
    VenueError,
)
from records.ids import IdSequence
from records.market import SymbolMarket, Ticker
from records.order import ExecutionReport, Order, OrderRefusal
from records.ports import Journal
from records.risk import RiskLimits
from records.verdict import Approval, Refusal
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books
from tools.orders.echo import NO_ECHO, OrderEcho
from tools.orders.exits import Exits
from tools.orders.guards import Guards
from tools.orders.intents import from_approval
from tools.orders.resolver import Resolver, doubtful
from tools.orders.sender import Sender

_RESTING: frozenset[str] = frozenset({"open", "partially_filled"})


class OrderCaps(Record):
    """How many entries may be sent; exits are never counted."""

    per_cycle: int = RiskLimits.model_fields["max_orders_per_cycle"].default
    per_day: int = RiskLimits.model_fields["max_orders_per_day"].default


class OrderDesk:
    """Sends what the ledger's approvals allow, and nothing else."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        sender: Sender,
        resolver: Resolver,
        guards: Guards,
        exits: Exits,
        books: Books,
        quote: Callable[[str], SymbolMarket | None],
        ids: IdSequence,
        clock: Clock,
        pause: Callable[[float], None],
        halted: Callable[[], str | None],
        permit: Callable[[Approval], str | None],
        caps: OrderCaps,
        journal: Journal,
    ) -> None:
        self._ledger = ledger
        self._sender = sender
        self._resolver = resolver
        self._guards = guards
        self._exits = exits
        self._books = books
        self._quote = quote
        self._ids = ids
        self._clock = clock
        self._pause = pause
        self._halted = halted
        self._permit = permit
        self._caps = caps
        self._journal = journal
        self._refused: list[OrderRefusal] = []
        self._doubt: str | None = None
        self.failure: LedgerError | None = None
        """What the ledger failed at; nothing is placed any more by this desk."""
        self._one_at_a_time = Lock()

    def place_all(self, approval_ids: Sequence[str], echo: OrderEcho = NO_ECHO) -> ExecutionReport:
        """
        Place the order of each approval; what is refused is recorded and sends nothing.

        What the caller repeats of an order is compared with every approval, and never used.
        """
        with self._one_at_a_time:
            if self.failure is not None:
                raise self.failure
            orders: list[Order] = []
            already = len(self._refused)
            for approval_id in approval_ids:
                try:
                    orders.extend(self._place(approval_id, echo))
                except OrderRefused as refusal:
                    self._refused.append(self._record(approval_id, refusal))
                except LedgerError as error:
                    self.failure = error
                    raise
            return ExecutionReport(orders=tuple(orders), refused=tuple(self._refused[already:]))

    def refused(self) -> tuple[OrderRefusal, ...]:
        """Every approval id of this cycle that led to no order."""
        return tuple(self._refused)

    def order(self, client_order_id: str) -> Order | None:
        """One order of this desk, by our own id."""
        return self._ledger.execution.order(client_order_id)

    def _place(self, approval_id: str, echo: OrderEcho) -> tuple[Order, ...]:
        approval = self._ledger.decisions.approval(approval_id)
        if approval is None or approval.cycle_id != self._ids.cycle_id:
            raise ApprovalUnknown(
                f"No approval {approval_id[:80]!r} was issued in this cycle. No order was sent. "
                "Only the risk gate issues approvals."
            )
        if (differs := echo.differs_from(approval)) is not None:
            raise EchoRefused(
                f"{differs}. Approval {approval_id} was not used and no order was sent. "
                "Name approval ids; the order is the approval's."
            )
        if approval.reduce_only:
            self._refuse_second_exit(approval)
        else:
            self._refuse_entry(approval)
        intents = from_approval(approval, self._clock.now())
        if not approval.reduce_only and approval.used_at is None:
            self._sender.prepare(intents[0])
        orders = self._ledger.execution.spend_approval(
            approval.approval_id, self._clock.now(), intents
        )
        self._journal.write("intents", intents=[i.model_dump(mode="json") for i in intents])
        return self._execute(orders)

    def _execute(self, orders: tuple[Order, ...]) -> tuple[Order, ...]:
        """Send the first order; its guards follow once the venue holds a position."""
        first, *guards = orders
        if first.intent.reduce_only:
            return (self._leave(first),)
        try:
            sent = self._settled(self._resolver.resolve(self._sender.send(first)))
            if doubtful(sent):
                self._doubt = f"what became of {sent.intent.client_order_id} is not known."
            placed = self._guards.settle(sent)
            self._books.book_until_told(sent, self._pause)
            if not placed:  # its fills may be listed before the venue says so of the order
                placed = self._guards.settle(self._now(sent))
        except LedgerError:
            self._guards.protect_unrecorded(first.intent, guards)
            raise
        if self._books.lacks_fills(sent):
            self._doubt = f"the venue does not list the fills of {sent.intent.client_order_id} yet."
        return (self._now(sent), *(self._now(guard) for guard in placed))

    def _settled(self, entry: Order) -> Order:
        """An entry that may not rest is over in a moment; what is left of it is taken back."""
        if entry.intent.kind == "limit" and self._sender.entries_rest:
            return entry
        entry = self._resolver.settled(entry)
        if entry.status in _RESTING:
            self._exits.withdraw(entry)  # never raises: what was filled still needs its stop
        return self._now(entry)

    def _leave(self, order: Order) -> Order:
        sent = self._resolver.resolve(self._sender.send(order))
        if order.intent.kind == "market":
            sent = self._resolver.settled(sent)
        self._books.book_until_told(sent, self._pause)
        if sent.filled_quantity > 0:
            self._exits.clear(sent.intent.symbol)
        return self._now(sent)

    def _now(self, order: Order) -> Order:
        """The order as the ledger has it after everything."""
        return self._ledger.execution.order(order.intent.client_order_id) or order

    def _refuse_second_exit(self, approval: Approval) -> None:
        """What exits have taken whose fills are not booked yet is not sold a second time."""
        held = self._books.position(approval.symbol)
        gone = Decimal(0) if held is None else self._books.leaving(held)
        if held is not None and gone and approval.quantity > held.quantity - gone:
            raise OrderRefused(
                f"{gone} of {held.quantity} {approval.symbol} was closed already, and the venue "
                f"does not list the fills yet. Exit {approval.approval_id} was not sent. The next "
                "cycle looks again."
            )

    def _refuse_entry(self, approval: Approval) -> None:
        doubt = self._doubt or next(iter(self._books.alarms), None)
        if doubt is not None:
            raise EntriesHalted(
                f"Nothing new is opened in this cycle: {doubt} Entry {approval.approval_id} was "
                "not sent. The next cycle asks the venue again."
            )
        if (reason := self._halted()) is not None:
            raise EntriesHalted(
                f"The desk is halted ({reason}). Entry {approval.approval_id} was not sent. "
                "`desk resume` allows entries again."
            )
        self._refuse_beyond_caps(approval)
        self._refuse_moved_price(approval)
        forbidden = self._permit(approval)
        if forbidden is not None:
            raise NotArmed(f"{forbidden} Entry {approval.approval_id} was not sent.")

    def _refuse_beyond_caps(self, approval: Approval) -> None:
        """Counted again where orders leave: nothing above may be in error about this."""
        if approval.used_at is not None:
            return  # the ledger refuses it, and says that it was used
        execution, now = self._ledger.execution, self._clock.now()
        sent = sum(o.intent.role == "entry" for o in execution.orders(self._ids.cycle_id))
        today = execution.entries_since(now.replace(hour=0, minute=0, second=0, microsecond=0))
        for count, most, when in (
            (sent, self._caps.per_cycle, "in this cycle"),
            (today, self._caps.per_day, "since 00:00 UTC"),
        ):
            if count >= most:
                raise TooManyOrders(
                    f"{count} entries were sent {when}, the most is {most}. "
                    f"Entry {approval.approval_id} was not sent."
                )

    def _refuse_moved_price(self, approval: Approval) -> None:
        try:
            market = self._quote(approval.symbol)
        except VenueError as error:
            raise PriceMoved(
                f"{approval.symbol} has no fresh price: {error} No order was sent. The next cycle "
                "decides anew."
            ) from error
        if market is None:
            raise PriceMoved(f"{approval.symbol} has no price in this cycle. No order was sent.")
        buys, ticker = approval.side == "buy", market.ticker
        price = ticker.ask if buys else ticker.bid
        limit = approval.limit_price or price
        for paid in (limit, min(limit, price) if buys else max(limit, price)):
            if not approval.price_low <= paid <= approval.price_high:
                raise PriceMoved(
                    f"{approval.symbol} is at {paid}, outside the approved {approval.price_low} "
                    f"to {approval.price_high}. No order was sent. The next cycle decides anew."
                )
        _refuse_beyond_stop(approval, ticker)

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


def _refuse_beyond_stop(approval: Approval, ticker: Ticker) -> None:
    """What would be bought only to be stopped out at once is not bought; nor is it sold."""
    if approval.stop is None:
        return
    if approval.side == "buy":
        nearest = min(ticker.bid, ticker.last)
        passed = nearest <= approval.stop
    else:
        nearest = max(ticker.ask, ticker.last)
        passed = nearest >= approval.stop
    if passed:
        raise PriceMoved(
            f"{approval.symbol} is at {nearest}, at or beyond the approved stop {approval.stop}. "
            "No order was sent. The next cycle decides anew."
        )
