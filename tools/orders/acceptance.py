"""
A person closed or reduced a position at the venue: the ledger follows, once told to.

The desk does not guess at what somebody else did. Asked to, it books the difference as an
exit at the price of now; what it cost is not known to it. It adopts nothing: more at the
venue than in the ledger is refused.
"""

from decimal import Decimal

from records.clock import Clock
from records.errors import OrderRefused
from records.ids import IdSequence
from records.order import Position, Trade
from records.ports import AccountReader, VenueFill
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books
from tools.orders.exits import Exits
from tools.orders.intents import exit_now


class Acceptance:
    """Brings a position in the ledger down to what the venue holds."""

    def __init__(
        self,
        ledger: Ledger,
        account: AccountReader,
        books: Books,
        exits: Exits,
        ids: IdSequence,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._books = books
        self._exits = exits
        self._ids = ids
        self._clock = clock

    def accept(self, symbol: str, price: Decimal) -> Trade:
        """Book the part that is gone at this price; OrderRefused when none is gone."""
        position = self._books.position(symbol)
        gone = self._gone(symbol, position)
        assert position is not None, "what is gone was held"
        trade = self._book(position, gone, price)
        self._exits.clear(symbol)
        return trade

    def _gone(self, symbol: str, position: Position | None) -> Decimal:
        if position is None:
            raise OrderRefused(f"The ledger holds nothing of {symbol}. Nothing was changed.")
        sign = 1 if position.side == "long" else -1
        held = max(self._account.holdings().get(symbol, Decimal(0)) * sign, Decimal(0))
        gone = position.quantity - held
        if gone <= 0:
            raise OrderRefused(
                f"The venue holds {held} of {symbol}, the ledger {position.quantity}: nothing is "
                "gone. Nothing was changed. A position that the desk did not open is not adopted."
            )
        return gone

    def _book(self, position: Position, gone: Decimal, price: Decimal) -> Trade:
        at = self._clock.now()
        whole = exit_now(position, self._books.cycle_id, self._ids.next("g"), at, "by_hand")
        (order,) = self._ledger.execution.add_intents(
            (whole.model_copy(update={"quantity": gone}),)
        )
        named = f"by-hand-{order.intent.client_order_id}"
        known = {"status": "filled", "venue_order_id": named, "filled_quantity": gone}
        self._books.write(order.model_copy(update={**known, "average_price": price}))
        fill = VenueFill(
            fill_id=named,
            venue_order_id=named,
            symbol=position.symbol,
            side=whole.side,
            quantity=gone,
            price=price,
            fee=Decimal(0),
            liquidity="taker",
            at=at,
        )
        trade = self._books.book_one(fill)
        assert trade is not None, "a new fill closes a part of what is held"
        return trade
