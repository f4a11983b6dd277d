"""
One change to a paper account, gathered in memory until it is saved whole.

Money is exact: cash changes by price times quantity and the fee of each fill, by each
funding payment, and by nothing else. So cash plus the signed value of the holdings is the
equity, for longs and shorts and at any leverage; what leverage changes is how much of it is
bound, and where the position is liquidated. A fill that empties a position takes the orders
that only reduce it along, and a filled stop or target its sibling of the same approval.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from records.base import PositionSide, Side
from records.market import SymbolRules
from records.order import WORKING, Fill, FundingPayment, OrderIntent
from records.ports import PaperBooks, PaperOrder
from tools.exchange import margin, matching
from tools.exchange.matching import Execution

LIQUIDATION_ID = "paper-liquidation-"
_PRICE_UNIT = Decimal("0.00000001")
_ENTRY_UNIT = Decimal("0.000000000001")
_NOTHING = Decimal(0)

PriceOf = Callable[[str], Decimal]
RulesOf = Callable[[str], SymbolRules]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What trading costs on the paper venue, in percent."""

    maker_fee_pct: Decimal
    taker_fee_pct: Decimal
    liquidation_fee_pct: Decimal
    funding_rate_pct: Decimal
    volume_share_pct: Decimal
    slippage_pct: Decimal

    def fee_pct(self, liquidity: matching.Liquidity) -> Decimal:
        return self.maker_fee_pct if liquidity == "maker" else self.taker_fee_pct

    @property
    def dearest_fee_pct(self) -> Decimal:
        return max(self.maker_fee_pct, self.taker_fee_pct)


class Session:
    """The account's books and working orders while something happens to them."""

    def __init__(
        self, books: PaperBooks, orders: Sequence[PaperOrder], terms: Terms, rules: RulesOf
    ) -> None:
        self.books = books
        self.terms = terms
        self.rules = rules
        self.fills: list[Fill] = []
        self._begun_with = books
        self._working = {order.intent.client_order_id: order for order in orders}
        self._changed: dict[str, PaperOrder] = {}

    @property
    def changed(self) -> bool:
        """Whether there is anything to save."""
        return bool(self._changed) or self.books != self._begun_with

    def changed_orders(self) -> list[PaperOrder]:
        """Every order that is new or different."""
        return list(self._changed.values())

    def symbols(self) -> list[str]:
        """Markets with a working order or a holding."""
        resting = {order.intent.symbol for order in self._working.values()}
        return sorted(resting | set(self.books.holdings))

    def orders(self, symbol: str) -> list[PaperOrder]:
        """The working orders of one market, oldest first."""
        found = [order for order in self._working.values() if order.intent.symbol == symbol]
        return sorted(found, key=_number)

    def is_working(self, order: PaperOrder) -> bool:
        """Whether it still rests."""
        return order.intent.client_order_id in self._working

    def held(self, symbol: str) -> Decimal:
        """Signed quantity held of one market."""
        return self.books.holdings.get(symbol, _NOTHING)

    def reducible(self, intent: OrderIntent) -> Decimal:
        """How much of the position lies in this order's way."""
        held = self.held(intent.symbol)
        return max(-held if intent.side == "buy" else held, _NOTHING)

    def promised(self, symbol: str) -> Decimal:
        """Quantity that resting plain sell orders will need."""
        return sum(
            (left_of(one) for one in self.orders(symbol)
             if one.intent.side == "sell" and not one.intent.reduce_only),
            _NOTHING,
        )  # fmt: skip

    def leverage_in_use(self, symbol: str) -> int | None:
        """The leverage that a position or a resting entry relies on; None: free to be set."""
        entries = any(not order.intent.reduce_only for order in self.orders(symbol))
        return self._leverage(symbol) if entries or self.held(symbol) else None

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """From now on, for this market."""
        self._put(leverages={**self.books.leverages, symbol: leverage})

    def liquidation_price(self, symbol: str) -> Decimal | None:
        """Where the venue closes the position, on the tick it reaches first; None: never."""
        rules, held = self.rules(symbol), self.held(symbol)
        entry = self.books.entry_prices.get(symbol)
        if not (rules.perpetual and held and entry):
            return None
        side: PositionSide = "long" if held > 0 else "short"
        leverage = self._leverage(symbol)
        price = margin.liquidation_price(side, entry, leverage, rules.maintenance_pct)
        if price is None:
            return None
        rounding = ROUND_CEILING if held > 0 else ROUND_FLOOR
        return matching.on_tick(price, rules.tick, rounding)

    def unbound(self, price_of: PriceOf) -> Decimal:
        """Equity less the margin of what is held."""
        left = self.books.cash
        for symbol, held in self.books.holdings.items():
            leverage = self._leverage(symbol)
            if not (held > 0 and leverage == 1):  # paid in full: its whole value is bound
                value = held * price_of(symbol)
                left += value - margin.margin(abs(value), leverage)
        return left

    def free(self, price_of: PriceOf) -> Decimal:
        """What a new entry may bind: unbound equity less what resting entries will need."""
        resting = (order for order in self._working.values() if not order.intent.reduce_only)
        reserved = (
            self.needs(order.intent, left_of(order), matching.level(order.intent) or _NOTHING)
            for order in resting
        )
        return self.unbound(price_of) - sum(reserved, _NOTHING)

    def needs(self, intent: OrderIntent, quantity: Decimal, price: Decimal) -> Decimal:
        """Margin and dearest fee of an order at a price; nothing when it only closes."""
        opening = quantity - self.reducible(intent)
        if intent.reduce_only or opening <= 0:
            return _NOTHING
        bound = margin.margin(opening * price, intent.leverage)
        return bound + matching.fee(price, quantity, self.terms.dearest_fee_pct)

    def book(self, intent: OrderIntent, at: datetime) -> PaperOrder:
        """Give an order its number and let it rest."""
        self._put(walked={intent.symbol: at, **self.books.walked})
        return self._new(intent, "paper-", at)

    def cancel(self, order: PaperOrder, reason: str, at: datetime) -> PaperOrder:
        """End an order without a further fill."""
        return self._become(order, status="cancelled", reason=reason, updated_at=at)

    def execute(self, order: PaperOrder, executions: Sequence[Execution]) -> PaperOrder:
        """Book fills of one order, and end what they make pointless."""
        fee_pcts = [self.terms.fee_pct(one.liquidity) for one in executions]
        return self._execute(order, executions, fee_pcts)

    def liquidate(self, symbol: str, price: Decimal, at: datetime) -> PaperOrder:
        """Close a position as the venue does: whole, with its own fee, under its own id."""
        held = self.held(symbol)
        side: Side = "sell" if held > 0 else "buy"
        name = f"{LIQUIDATION_ID}{self.books.next_order}"
        intent = OrderIntent(
            intent_id=name, cycle_id="paper", approval_id=None, client_order_id=name,
            created_at=at, symbol=symbol, side=side, role="exit", kind="market",
            quantity=abs(held), reduce_only=True, leverage=self._leverage(symbol),
            why="liquidation",
        )  # fmt: skip
        fee_pct = self.terms.taker_fee_pct + self.terms.liquidation_fee_pct
        order = self._new(intent, LIQUIDATION_ID, at)
        return self._execute(order, [Execution(price, abs(held), "taker", at)], [fee_pct])

    def pay_funding(self, symbol: str, held: Decimal, price: Decimal, at: datetime) -> None:
        """Charge what was held at a funding time; longs pay a positive rate, shorts get it."""
        rate_pct = self.books.funding_rates_pct.get(symbol, self.terms.funding_rate_pct)
        amount = held * price * rate_pct / 100
        amount = amount.quantize(matching.FEE_UNIT, rounding=ROUND_CEILING)
        name = f"{symbol}-{int(at.timestamp())}"
        if not amount or any(one.payment_id == name for one in self.books.funding):
            return
        payment = FundingPayment(payment_id=name, symbol=symbol, amount=amount, at=at)
        self._put(cash=self.books.cash - amount, funding=(*self.books.funding, payment))

    def forget_funding_before(self, at: datetime) -> None:
        """Keep only the sum of old payments, so that the books do not grow for ever."""
        old = [one for one in self.books.funding if one.at < at]
        if old:
            total = sum((one.amount for one in old), self.books.funding_forgotten)
            kept = tuple(one for one in self.books.funding if one.at >= at)
            self._put(funding=kept, funding_forgotten=total)

    def note_funding_rate(self, symbol: str, rate_pct: Decimal | None) -> None:
        """Remember a rate for the funding times that pass while nobody looks."""
        if rate_pct is not None:
            self._put(funding_rates_pct={**self.books.funding_rates_pct, symbol: rate_pct})

    def note_walked(self, reached: Mapping[str, datetime], now: datetime) -> None:
        """How far each market was walked, of those that are not done with."""
        self._put(walked=dict(reached), walked_to=min(reached.values(), default=now))

    def _execute(
        self, order: PaperOrder, executions: Sequence[Execution], fee_pcts: Sequence[Decimal]
    ) -> PaperOrder:
        intent, at = order.intent, executions[-1].at
        paid = sum(
            (
                self._fill(order, one, pct).fee
                for one, pct in zip(executions, fee_pcts, strict=True)
            ),
            _NOTHING,
        )
        quantity = sum((one.quantity for one in executions), _NOTHING)
        value = sum((one.price * one.quantity for one in executions), _NOTHING)
        emptied = self._move(intent, quantity, value, paid, at)
        done = self._filled(order, quantity, value, paid, at)
        self._cancel_pointless(done, at, emptied=emptied)
        return done

    def _filled(
        self, order: PaperOrder, quantity: Decimal, value: Decimal, paid: Decimal, at: datetime
    ) -> PaperOrder:
        """The order after a fill; a limit goes on resting for what is left of it."""
        intent, filled = order.intent, order.filled_quantity + quantity
        value += (order.average_price or _NOTHING) * order.filled_quantity
        whole = filled == intent.quantity
        spent = intent.kind != "limit" or (intent.reduce_only and not self.reducible(intent))
        return self._become(
            order,
            status="filled" if whole or spent else "partially_filled",
            filled_quantity=filled,
            average_price=(value / filled).quantize(_PRICE_UNIT),
            fee=order.fee + paid,
            reason="reduced to what was held" if spent and not whole else "",
            updated_at=at,
        )

    def _fill(self, order: PaperOrder, one: Execution, fee_pct: Decimal) -> Fill:
        number = self.books.next_fill
        self._put(next_fill=number + 1)
        fill = Fill(
            fill_id=f"{order.venue_order_id}-{number}",
            client_order_id=order.intent.client_order_id,
            symbol=order.intent.symbol,
            side=order.intent.side,
            quantity=one.quantity,
            price=one.price,
            fee=matching.fee(one.price, one.quantity, fee_pct),
            liquidity=one.liquidity,
            at=one.at,
        )
        self.fills.append(fill)
        return fill

    def _move(
        self, intent: OrderIntent, quantity: Decimal, value: Decimal, paid: Decimal, at: datetime
    ) -> bool:
        """Change cash and holding; whether the position that was there is gone."""
        sign = 1 if intent.side == "buy" else -1
        before = self.held(intent.symbol)
        after = before + sign * quantity
        holdings = {**self.books.holdings, intent.symbol: after}
        self._put(
            cash=self.books.cash - sign * value - paid,
            holdings={symbol: held for symbol, held in holdings.items() if held},
        )
        if not after:
            self._forget_entry(intent.symbol)
        elif before * after <= 0:
            self._enter(intent.symbol, value / quantity, at)
        elif abs(after) > abs(before):
            old = self.books.entry_prices.get(intent.symbol, value / quantity)
            self._enter(intent.symbol, (old * abs(before) + value) / abs(after), at)
        return bool(before) and before * after <= 0

    def _enter(self, symbol: str, price: Decimal, at: datetime) -> None:
        self._put(
            entry_prices={**self.books.entry_prices, symbol: price.quantize(_ENTRY_UNIT)},
            entered_at={**self.books.entered_at, symbol: at},
        )

    def _forget_entry(self, symbol: str) -> None:
        prices, times = dict(self.books.entry_prices), dict(self.books.entered_at)
        prices.pop(symbol, None)
        times.pop(symbol, None)
        self._put(entry_prices=prices, entered_at=times)

    def _cancel_pointless(self, done: PaperOrder, at: datetime, *, emptied: bool) -> None:
        intent, name = done.intent, done.intent.client_order_id
        for other in self.orders(intent.symbol):
            if emptied and other.intent.reduce_only:
                self.cancel(other, f"{name} emptied the position", at)
            elif _siblings(intent, other.intent):
                self.cancel(other, f"its sibling {name} was filled", at)

    def _leverage(self, symbol: str) -> int:
        return self.books.leverages.get(symbol, 1)

    def _new(self, intent: OrderIntent, prefix: str, at: datetime) -> PaperOrder:
        number = self.books.next_order
        self._put(next_order=number + 1)
        return self._keep(
            PaperOrder(
                intent=intent,
                venue_order_id=f"{prefix}{number}",
                status="open",
                filled_quantity=_NOTHING,
                average_price=None,
                fee=_NOTHING,
                updated_at=at,
            )
        )

    def _put(self, **changes: object) -> None:
        self.books = self.books.model_copy(update=changes)

    def _become(self, order: PaperOrder, **changes: object) -> PaperOrder:
        return self._keep(PaperOrder.model_validate({**dict(order), **changes}))

    def _keep(self, order: PaperOrder) -> PaperOrder:
        key = order.intent.client_order_id
        self._changed[key] = order
        if order.status in WORKING:
            self._working[key] = order
        else:
            self._working.pop(key, None)
        return order


def _siblings(one: OrderIntent, other: OrderIntent) -> bool:
    """Whether these are the stop and the target of one approval."""
    roles = {one.role, other.role}
    same = one.approval_id is not None and one.approval_id == other.approval_id
    return same and one.reduce_only and roles == {"stop", "take_profit"}


def left_of(order: PaperOrder) -> Decimal:
    """Quantity that is not filled yet."""
    return order.intent.quantity - order.filled_quantity


def _number(order: PaperOrder) -> int:
    return int(order.venue_order_id.rpartition("-")[2])
