"""
The execution side of one cycle, put together: one account, one ledger, one sender.

Whoever runs a cycle needs nothing else of this package: reconcile, protect, place what
was approved, flatten.
"""

import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from records.clock import Clock
from records.ids import IdSequence
from records.market import MarketSnapshot, SymbolMarket
from records.order import Order, Trade
from records.ports import AccountReader, Journal
from records.risk import ExitRules
from records.verdict import Approval
from tools.exchange.writer import OrderWriter
from tools.ledger.ledger import Ledger
from tools.orders.acceptance import Acceptance
from tools.orders.booking import Books
from tools.orders.desk import OrderCaps, OrderDesk
from tools.orders.exits import Exits
from tools.orders.guards import Guards
from tools.orders.protection import Protector
from tools.orders.reconcile import Reconciler, Reconciliation
from tools.orders.resolver import Resolver
from tools.orders.sender import Sender


class Execution:
    """Everything that can change what the account holds, for one cycle."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        account: AccountReader,
        writer: OrderWriter,
        ids: IdSequence,
        clock: Clock,
        journal: Journal,
        pause: Callable[[float], None] = time.sleep,
        alarmed: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """`alarmed` is told of each alarm at once, so that nothing is opened unseen after it."""
        self._ledger, self._account, self._ids = ledger, account, ids
        self._clock, self._journal, self._pause = clock, journal, pause
        self.books = Books(ledger, account, clock, journal, ids, alarmed)
        self._sender = Sender(writer, self.books, clock)
        self._resolver = Resolver(account, self.books, clock, pause, writer.fate_known_after_s)
        self._exits = Exits(ledger, self._sender, self._resolver, self.books, ids, clock, pause)
        self._guards = Guards(
            ledger, self._sender, self._resolver, self._exits, self.books, ids, clock, pause
        )

    def reconcile(self, *, halted: Callable[[], str | None]) -> Reconciliation:
        """Follow the venue, replace missing stops; says what stands in the way of entries."""
        return self._reconciler().run(halted() is not None)

    def cancel_entries(self, why: str, symbols: Sequence[str] | None = None) -> None:
        """Take back every entry that rests."""
        self._reconciler().cancel_entries(why, symbols)

    def protect(
        self, snapshot: MarketSnapshot, rules: ExitRules, interval: str
    ) -> tuple[Trade, ...]:
        """
        Judge theses, tighten stops, close what the rules say is over; returns what was closed.

        `interval` is that of the candles whose closes judge the theses.
        """
        keeper = Protector(self._ledger, self.books, self._guards, self._exits, self._clock, rules)
        return keeper.run(snapshot, interval)

    def desk(
        self,
        *,
        quote: Callable[[str], SymbolMarket | None],
        halted: Callable[[], str | None],
        permit: Callable[[Approval], str | None] = lambda _approval: None,
        caps: OrderCaps = OrderCaps(),  # noqa: B008
    ) -> OrderDesk:
        """The desk that places approved orders; `permit` says why an entry may not go out."""
        return OrderDesk(
            ledger=self._ledger,
            sender=self._sender,
            resolver=self._resolver,
            guards=self._guards,
            exits=self._exits,
            books=self.books,
            quote=quote,
            ids=self._ids,
            clock=self._clock,
            pause=self._pause,
            halted=halted,
            permit=permit,
            caps=caps,
            journal=self._journal,
        )

    def flatten(self, symbols: Sequence[str] | None) -> tuple[Order, ...]:
        """Cancel entries and close positions of these markets, or of all; reduce-only."""
        self.cancel_entries("the desk is flattened", symbols)
        self.books.book_fills()
        held = self._ledger.account.open_positions()
        sent: list[Order] = []
        for position in held:
            if symbols is None or position.symbol in symbols:
                sent.extend(self._exits.close(position, "flatten"))
        return tuple(sent)

    def accept(self, symbol: str, price: Decimal) -> Trade:
        """Book as closed by hand what the venue no longer holds of a position."""
        acceptance = Acceptance(
            self._ledger, self._account, self.books, self._exits, self._ids, self._clock
        )
        return acceptance.accept(symbol, price)

    def _reconciler(self) -> Reconciler:
        return Reconciler(
            ledger=self._ledger,
            account=self._account,
            sender=self._sender,
            resolver=self._resolver,
            guards=self._guards,
            exits=self._exits,
            books=self.books,
            clock=self._clock,
            journal=self._journal,
        )
