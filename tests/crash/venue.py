"""
One account at a venue with the rules of Binance USD-M that an order path can trip over.

A client order id is unique only among open orders: the id of a filled market order is taken
again and opens a second position. Conditional orders are kept apart, reduce-only ones expire
without a position. The clock is virtual and moves only when it is told to; the tape of prices
and requests that arrive late are walked in time order. It knows no network: what fails on
purpose is tests.crash.server.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from records.base import Record, Side
from records.clock import from_epoch_ms
from records.order import OrderIntent, OrderKind, OrderStatus
from records.ports import VenueFill, VenueOrder
from tests.crash.script import BTC, MAKER, START_MS, STEP, TAKER, TICK, WALLET, Script

OPEN = ("open", "partially_filled")
CONDITIONAL = ("stop_market", "take_profit_market")


class Refused(Exception):
    """The venue booked nothing and says why, with its own code."""


@dataclass
class Held:
    """One order as the venue keeps it."""

    number: int
    client_id: str
    side: Side
    kind: OrderKind
    quantity: Decimal
    limit: Decimal | None
    trigger: Decimal | None
    reduce_only: bool
    created: int
    updated: int
    hidden_until: int = 0
    status: OrderStatus = "open"
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    child: "Held | None" = None

    @property
    def conditional(self) -> bool:
        return self.kind in CONDITIONAL

    @property
    def sign(self) -> int:
        return 1 if self.side == "buy" else -1

    def told(self) -> VenueOrder:
        """The order in the words of the desk's protocol."""
        executed = self.child or self
        return VenueOrder(
            client_order_id=self.client_id,
            venue_order_id=str(self.number),
            symbol=BTC,
            side=self.side,
            status=self.status,
            quantity=self.quantity,
            filled_quantity=executed.filled,
            average_price=executed.cost / executed.filled if executed.filled else None,
            trigger_price=self.trigger,
            reduce_only=self.reduce_only,
            executed_as=str(self.child.number) if self.child else None,
            updated_at=from_epoch_ms(self.updated),
        )


class Audit(Record):
    """What only the venue knows: whether anything was sent twice or is left over."""

    position: Decimal
    largest_position: Decimal
    same_client_id: tuple[str, ...]
    accepted: tuple[str, ...]
    """Client ids in the order of acceptance."""
    open_orders: tuple[VenueOrder, ...]
    fills: tuple["Executed", ...]
    orphans: tuple[str, ...]
    protected: bool
    stops: int
    targets: int


class Executed(Record):
    """A fill under the client id of the order that caused it."""

    client_id: str
    fill: VenueFill


@dataclass
class Venue:
    """One account in one market."""

    script: Script
    now: int = START_MS
    position: Decimal = Decimal(0)
    largest: Decimal = Decimal(0)
    wallet: Decimal = WALLET
    entry_value: Decimal = Decimal(0)
    orders: list[Held] = field(default_factory=list)
    executed: list[Executed] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    pending: list[tuple[int, int, Callable[[], Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.last = self.script.price
        for price in self.script.tape:
            self.later(price.at_ms, partial(self.move, price.price))

    # ---- time

    def later(self, at: int, what: Callable[[], Any]) -> None:
        """Let something happen once the clock gets there; at one time, in order of asking."""
        self.pending.append((at, len(self.pending), what))
        self.pending.sort(key=lambda event: event[:2])

    def advance(self, ms: int) -> None:
        """Move the clock, and let everything happen that falls due."""
        until = self.now + ms
        while self.pending and self.pending[0][0] <= until:
            at, _, what = self.pending.pop(0)
            self.now = max(self.now, at)
            what()
        self.now = until

    # ---- orders

    def create(self, intent: OrderIntent, lag_ms: int = 0) -> Held:
        """Accept an order or refuse it."""
        self._check(intent)
        order = Held(
            number=1_000 + len(self.orders),
            client_id=intent.client_order_id,
            side=intent.side,
            kind=intent.kind,
            quantity=intent.quantity,
            limit=intent.limit_price,
            trigger=intent.trigger_price,
            reduce_only=intent.reduce_only,
            created=self.now,
            updated=self.now,
            hidden_until=self.now + lag_ms if lag_ms else 0,
        )
        self.orders.append(order)
        self.accepted.append(order.client_id)
        if not order.conditional:
            self._arrive(order)
        return order

    def create_late(self, intent: OrderIntent) -> None:
        """A request that was under way: accepted or refused, and nobody is told."""
        try:
            self.create(intent, self.script.lag_ms)
        except Refused:
            return

    def cancel(self, client_id: str, conditional: bool) -> Held:
        """End an open order."""
        order = self._newest(client_id, conditional)
        if order is None or order.status not in OPEN:
            raise Refused("-2011 Unknown order sent.")
        order.status, order.updated = "cancelled", self.now
        return order

    def cancel_late(self, client_id: str, conditional: bool) -> None:
        """A cancel that was under way."""
        try:
            self.cancel(client_id, conditional)
        except Refused:
            return

    def find(self, client_id: str, conditional: bool) -> Held | None:
        """The newest order of this client id that a query shows by now."""
        order = self._newest(client_id, conditional)
        return order if order is not None and order.hidden_until <= self.now else None

    def open(self) -> list[Held]:
        return [order for order in self.orders if order.status in OPEN]

    def cash(self) -> Decimal:
        """The wallet less what the position was entered at."""
        return self.wallet - self.entry_value

    def _newest(self, client_id: str, conditional: bool) -> Held | None:
        same = (
            one
            for one in reversed(self.orders)
            if one.client_id == client_id and one.conditional == conditional
        )
        return next(same, None)

    def _check(self, intent: OrderIntent) -> None:
        if any(one.client_id == intent.client_order_id for one in self.open()):
            raise Refused("-4116 ClientOrderId is duplicated.")
        if intent.quantity % STEP or any(
            price is not None and price % TICK
            for price in (intent.trigger_price, intent.limit_price if _rests(intent) else None)
        ):
            raise Refused("-1111 Precision is over the maximum defined for this asset.")
        if intent.kind in CONDITIONAL:
            if _holds(intent, self.last):
                raise Refused("-2021 Order would immediately trigger.")
        elif intent.reduce_only and not self._reduces(intent.side):
            raise Refused("-2022 ReduceOnly Order is rejected.")

    def _reduces(self, side: Side) -> bool:
        return self.position < 0 if side == "buy" else self.position > 0

    # ---- matching

    def move(self, price: Decimal) -> None:
        """Take the price there, and execute what it meets."""
        self.last = price
        for order in self.open():
            if order.status not in OPEN:
                continue  # another order of this very move ended it
            if order.conditional:
                if _holds(order, price):
                    self._trigger(order)
            elif order.limit is not None and _through(order.sign, order.limit, price):
                self._fill(order, self._part(order), order.limit, maker=True)

    def _trigger(self, order: Held) -> None:
        order.updated = self.now
        if not self._reduces(order.side):
            order.status = "expired"
            return
        child = Held(
            number=1_000 + len(self.orders),
            client_id=order.client_id,
            side=order.side,
            kind="market",
            quantity=order.quantity,
            limit=None,
            trigger=None,
            reduce_only=True,
            created=self.now,
            updated=self.now,
        )
        order.status, order.child = "filled", child
        self.orders.append(child)
        self._arrive(child)

    def _arrive(self, order: Held) -> None:
        """Cross the spread, as far as the order's limit allows; a limit order rests then."""
        touch = self.last + TICK * order.sign
        while order.status in OPEN and (
            order.limit is None or (touch - order.limit) * order.sign <= 0
        ):
            self._fill(order, self._part(order), touch, maker=False)
            touch += TICK * order.sign
        if order.status in OPEN and order.kind == "market":
            order.status = "expired"

    def _part(self, order: Held) -> Decimal:
        """The next slice of an order, on the grid of quantities."""
        share = (order.quantity / self.script.slices // STEP) * STEP
        left = order.quantity - order.filled
        return left if left < 2 * share or not share else share

    def _fill(self, order: Held, quantity: Decimal, price: Decimal, *, maker: bool) -> None:
        room = abs(self.position) if self._reduces(order.side) else Decimal(0)
        quantity = min(quantity, room) if order.reduce_only else quantity
        order.updated = self.now
        if quantity == 0:
            order.status = "filled" if order.filled else "expired"
            return
        fee = quantity * price * (MAKER if maker else TAKER)
        order.filled += quantity
        order.cost += quantity * price
        order.status = "filled" if order.filled == order.quantity else "partially_filled"
        self._settle(order.sign * quantity, price, fee)
        fill = VenueFill(
            fill_id=f"{BTC}-{len(self.executed) + 1}",
            venue_order_id=str(order.number),
            symbol=BTC,
            side=order.side,
            quantity=quantity,
            price=price,
            fee=fee,
            liquidity="maker" if maker else "taker",
            at=from_epoch_ms(self.now),
        )
        self.executed.append(Executed(client_id=order.client_id, fill=fill))

    def _settle(self, signed: Decimal, price: Decimal, fee: Decimal) -> None:
        """Holdings and money: cash is the wallet less the entry value, whatever was realised."""
        self.entry_value += signed * price
        self.wallet -= fee
        self.position += signed
        self.largest = max(self.largest, abs(self.position))
        if not self.position:
            self.wallet -= self.entry_value
            self.entry_value = Decimal(0)

    # ---- judgement

    def audit(self) -> Audit:
        """Who has what, and what was accepted more than once."""
        counted = Counter(self.accepted)
        working = self.open()
        against: Side = "sell" if self.position > 0 else "buy"
        stops = [one for one in working if one.kind == "stop_market" and one.side == against]
        return Audit(
            position=self.position,
            largest_position=self.largest,
            same_client_id=tuple(name for name, times in counted.items() if times > 1),
            accepted=tuple(self.accepted),
            open_orders=tuple(one.told() for one in working),
            fills=tuple(self.executed),
            orphans=tuple(
                one.client_id for one in working if one.reduce_only and not self._reduces(one.side)
            ),
            protected=not self.position
            or sum((one.quantity for one in stops), Decimal(0)) >= abs(self.position),
            stops=len(stops),
            targets=sum(one.kind == "take_profit_market" for one in working),
        )


def _rests(intent: OrderIntent) -> bool:
    return intent.kind == "limit"


def _holds(order: OrderIntent | Held, price: Decimal) -> bool:
    """Whether a conditional order's condition is met."""
    level = order.trigger_price if isinstance(order, OrderIntent) else order.trigger
    assert level is not None, "a conditional order has a trigger"
    upwards = (order.side == "buy") == (order.kind == "stop_market")
    return price >= level if upwards else price <= level


def _through(sign: int, limit: Decimal, price: Decimal) -> bool:
    return (limit - price) * sign >= 0
