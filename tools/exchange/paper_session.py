"""
One change to a paper account, gathered in memory until it is saved whole.

Money is exact: cash changes by price times quantity and the fee of each fill, and by
nothing else. A filled stop or target takes its reduce-only siblings of the same market
with it (one cancels the other), and so does any sale that leaves nothing to reduce.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from records.order import WORKING, Fill, OrderIntent
from records.ports import PaperBooks, VenueOrder
from tools.exchange import matching
from tools.exchange.matching import Bar, Execution

_PRICE_UNIT = Decimal("0.00000001")
_NOTHING = Decimal(0)


def most_it_costs(quantity: Decimal, price: Decimal, fee_pct: Mapping[str, Decimal]) -> Decimal:
    """What a purchase can cost at most: its value and the dearer of the two fees."""
    return quantity * price + matching.fee(price, quantity, max(fee_pct.values()))


class Session:
    """The account's books and working orders while something happens to them."""

    def __init__(
        self, books: PaperBooks, orders: Sequence[VenueOrder], fee_pct: Mapping[str, Decimal]
    ) -> None:
        self.books = books
        self.fills: list[Fill] = []
        self._fee_pct = fee_pct
        self._working = {order.intent.client_order_id: order for order in orders}
        self._changed: dict[str, VenueOrder] = {}

    def changed_orders(self) -> list[VenueOrder]:
        """Every order that is new or different."""
        return list(self._changed.values())

    def symbols(self) -> list[str]:
        """Markets with a working order."""
        return sorted({order.intent.symbol for order in self._working.values()})

    def intents(self, symbol: str) -> list[OrderIntent]:
        """What the working orders of one market want."""
        return [order.intent for order in self._of(symbol)]

    def held(self, symbol: str) -> Decimal:
        """Quantity held of one market."""
        return self.books.holdings.get(symbol, _NOTHING)

    def promised(self, symbol: str) -> Decimal:
        """Quantity that resting plain sell orders will need."""
        return sum(
            (one.quantity for one in self.intents(symbol)
             if one.side == "sell" and not one.reduce_only),
            _NOTHING,
        )  # fmt: skip

    def free_cash(self) -> Decimal:
        """Cash that no resting purchase has reserved."""
        reserved = _NOTHING
        for order in self._working.values():
            price = order.intent.limit_price or order.intent.trigger_price
            if order.intent.side == "buy" and price is not None:
                reserved += most_it_costs(order.intent.quantity, price, self._fee_pct)
        return self.books.cash - reserved

    def book(self, intent: OrderIntent, at: datetime) -> VenueOrder:
        """Give an order its number and let it rest."""
        number = self.books.next_order
        self.books = self.books.model_copy(update={"next_order": number + 1})
        return self._keep(
            VenueOrder(
                intent=intent,
                venue_order_id=f"paper-{number}",
                status="open",
                filled_quantity=_NOTHING,
                average_price=None,
                fee=_NOTHING,
                updated_at=at,
            )
        )

    def cancel(self, order: VenueOrder, reason: str, at: datetime) -> VenueOrder:
        """End an order without a fill."""
        return self._ended(order, status="cancelled", reason=reason, updated_at=at)

    def execute(self, order: VenueOrder, executions: Sequence[Execution]) -> VenueOrder:
        """Book the fills of one order, end it, and end what it makes pointless."""
        intent, at = order.intent, executions[-1].at
        quantity = value = paid = _NOTHING
        for one in executions:
            fill = self._fill(order, one)
            quantity += one.quantity
            value += one.price * one.quantity
            paid += fill.fee
        self._move(intent, quantity, value, paid)
        done = self._ended(
            order,
            status="filled",
            filled_quantity=quantity,
            average_price=(value / quantity).quantize(_PRICE_UNIT),
            fee=paid,
            reason="" if quantity == intent.quantity else "reduced to what was held",
            updated_at=at,
        )
        self._cancel_siblings(intent, at)
        return done

    def meet(self, symbol: str, bar: Bar) -> None:
        """Let one candle pass over the orders that rested before it opened."""
        waiting = sorted(
            self._of(symbol), key=lambda one: (matching.precedence(one.intent), _number(one))
        )
        for order in waiting:
            if (
                order.intent.client_order_id not in self._working
                or bar.opened_at < order.updated_at
            ):
                continue
            met = matching.met_in(order.intent, bar)
            if met is not None:
                self._execute_resting(order, *met)

    def _execute_resting(self, order: VenueOrder, price: Decimal, at: datetime) -> None:
        intent, quantity = order.intent, order.intent.quantity
        if intent.side == "sell":
            quantity = min(quantity, self.held(intent.symbol))
            if not quantity:
                self.cancel(order, "nothing left to reduce", at)
                return
        elif most_it_costs(quantity, price, self._fee_pct) > self.books.cash:
            self.cancel(order, f"the price {price} it met costs more than the cash left", at)
            return
        liquidity: matching.Liquidity = "maker" if intent.kind == "limit" else "taker"
        self.execute(order, [Execution(price, quantity, liquidity, at)])

    def _fill(self, order: VenueOrder, one: Execution) -> Fill:
        number = self.books.next_fill
        self.books = self.books.model_copy(update={"next_fill": number + 1})
        fill = Fill(
            fill_id=f"{order.venue_order_id}-{number}",
            client_order_id=order.intent.client_order_id,
            symbol=order.intent.symbol,
            side=order.intent.side,
            quantity=one.quantity,
            price=one.price,
            fee=matching.fee(one.price, one.quantity, self._fee_pct[one.liquidity]),
            liquidity=one.liquidity,
            at=one.at,
        )
        self.fills.append(fill)
        return fill

    def _move(self, intent: OrderIntent, quantity: Decimal, value: Decimal, paid: Decimal) -> None:
        sign = 1 if intent.side == "buy" else -1
        holdings = dict(self.books.holdings)
        holdings[intent.symbol] = self.held(intent.symbol) + sign * quantity
        self.books = self.books.model_copy(
            update={
                "cash": self.books.cash - sign * value - paid,
                "holdings": {symbol: held for symbol, held in holdings.items() if held},
            }
        )

    def _cancel_siblings(self, intent: OrderIntent, at: datetime) -> None:
        protective = intent.reduce_only and intent.role in ("stop", "take_profit")
        emptied = intent.side == "sell" and not self.held(intent.symbol)
        if not (protective or emptied):
            return
        for sibling in self._of(intent.symbol):
            if sibling.intent.reduce_only:
                self.cancel(sibling, f"its sibling {intent.client_order_id} was filled", at)

    def _of(self, symbol: str) -> list[VenueOrder]:
        return [order for order in self._working.values() if order.intent.symbol == symbol]

    def _ended(self, order: VenueOrder, **changes: object) -> VenueOrder:
        return self._keep(VenueOrder.model_validate({**dict(order), **changes}))

    def _keep(self, order: VenueOrder) -> VenueOrder:
        key = order.intent.client_order_id
        self._changed[key] = order
        if order.status in WORKING:
            self._working[key] = order
        else:
            self._working.pop(key, None)
        return order


def _number(order: VenueOrder) -> int:
    return int(order.venue_order_id.rpartition("-")[2])
