"""
What happened to a paper account while nobody looked, in the order in which it happened.

Candles tell neither the path inside them nor who was first, so the worse case is assumed:

    the open: liquidation, then orders past their price there (stops, targets, limits)
    the inside: stops and liquidation by their distance from the open, then targets, then
    limits, then the liquidation of what those limits opened

Inside a candle everything is dated at its close, so that funding at a candle's close comes
after it and before the next open. All markets share one order of time. A candle that was
already open when an order came, or a position grew, does not count for it: part of that
candle is older. What an entry opened in a candle has no stop yet: the desk was away.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

import numpy as np

from records.market import SymbolMarket
from records.order import Fill
from records.ports import PaperOrder
from tools.exchange import matching
from tools.exchange.matching import Bar, Execution
from tools.exchange.paper_candles import Stretch
from tools.exchange.paper_session import Session, left_of

_INSIDE, _FUNDING, _OPEN = range(3)
_FUNDING_EVERY = timedelta(hours=8)
_FIRST_FUNDING = datetime(1970, 1, 1, tzinfo=UTC)
_PRECEDENCE = {"stop_market": 0, "take_profit_market": 1, "limit": 2, "market": 3}


class _Event(NamedTuple):
    at: datetime
    rank: int
    symbol: str
    bar: Bar | None = None


class Walk:
    """Takes a session through the stretches of its markets."""

    def __init__(
        self, session: Session, stretches: Sequence[Stretch], later_fills: Sequence[Fill]
    ) -> None:
        self._session = session
        self._stretches: Mapping[str, Stretch] = {one.symbol: one for one in stretches}
        self._later_fills = later_fills
        self._volume_left: dict[str, Decimal] = {}

    def run(self) -> None:
        """Every candle and funding time, oldest first."""
        for event in sorted(self._events(), key=lambda one: one[:3]):
            if event.bar is None:
                self._fund(event.symbol, event.at)
            elif event.rank == _OPEN:
                self._open(event.symbol, event.bar)
            else:
                self._inside(event.symbol, event.bar)

    def reached(self) -> dict[str, datetime]:
        """How far each market came; one is done with when nothing is left there, then or since."""
        alive = set(self._session.symbols())
        return {
            one.symbol: one.until
            for one in self._stretches.values()
            if one.symbol in alive or self._traded_after(one.symbol, one.until)
        }

    def _events(self) -> Iterator[_Event]:
        for stretch in self._stretches.values():
            for bar in self._bars(stretch):
                yield _Event(bar.opened_at, _OPEN, stretch.symbol, bar)
                yield _Event(bar.closed_at, _INSIDE, stretch.symbol, bar)
            if self._session.rules(stretch.symbol).perpetual:
                for at in funding_times(stretch.start, stretch.until):
                    yield _Event(at, _FUNDING, stretch.symbol)

    def _bars(self, stretch: Stretch) -> list[Bar]:
        """Candles that could matter; all of them while an entry rests, which may fill anywhere."""
        session, series = self._session, stretch.series
        if not len(series):
            return []
        intents = [order.intent for order in session.orders(stretch.symbol)]
        if all(intent.reduce_only for intent in intents):
            price = session.liquidation_price(stretch.symbol)
            long = session.held(stretch.symbol) > 0
            keep = matching.may_meet(series, intents, price, long=long)
        else:
            keep = np.ones(len(series), dtype=bool)
        return matching.bars(series, keep, session.rules(stretch.symbol).tick)

    def _fund(self, symbol: str, at: datetime) -> None:
        """Charge what was held then: what was traded later, in the last cycle, is taken out."""
        held = self._session.held(symbol)
        for fill in self._traded_after(symbol, at):
            held -= fill.quantity if fill.side == "buy" else -fill.quantity
        self._session.pay_funding(symbol, held, self._price_of(symbol, at), at)

    def _traded_after(self, symbol: str, at: datetime) -> list[Fill]:
        return [one for one in self._later_fills if one.symbol == symbol and one.at > at]

    def _open(self, symbol: str, bar: Bar) -> None:
        """What the first price of a candle does: everything it jumped over is executed at it."""
        share = self._session.terms.volume_share_pct
        self._volume_left[symbol] = bar.volume * share / 100
        reached = self._liquidation_in(symbol, bar)
        if reached is not None and reached == bar.open:
            self._session.liquidate(symbol, bar.open, bar.opened_at)
        for order in self._eligible(symbol, bar):
            if matching.met_at(order.intent, bar.open):
                self._execute(order, bar.open, bar, bar.opened_at)

    def _inside(self, symbol: str, bar: Bar) -> None:
        waiting = [
            (order, price)
            for order in self._eligible(symbol, bar)
            if not matching.met_at(order.intent, bar.open)
            and (price := matching.met_in(order.intent, bar)) is not None
        ]
        stops = [one for one in waiting if one[0].intent.kind == "stop_market"]
        for order, price in sorted(stops, key=lambda one: abs(one[1] - bar.open)):
            self._liquidate_in(symbol, bar, within=abs(price - bar.open))
            self._execute(order, price, bar, bar.closed_at)
        self._liquidate_in(symbol, bar)
        for order, price in waiting:
            if order.intent.kind != "stop_market":
                self._execute(order, price, bar, bar.closed_at)
        self._liquidate_in(symbol, bar, entered_inside=True)

    def _eligible(self, symbol: str, bar: Bar) -> list[PaperOrder]:
        """Orders that rested unchanged before the candle opened, in the order they are met."""
        resting = (one for one in self._session.orders(symbol) if one.updated_at <= bar.opened_at)
        return sorted(resting, key=lambda one: _PRECEDENCE[one.intent.kind])

    def _liquidation_in(
        self, symbol: str, bar: Bar, *, entered_inside: bool = False
    ) -> Decimal | None:
        """The price at which a candle liquidates the position; None: it lives."""
        session = self._session
        price, held = session.liquidation_price(symbol), session.held(symbol)
        if price is None:
            return None
        entered = session.books.entered_at[symbol]
        if entered > bar.opened_at and not (entered_inside and entered == bar.closed_at):
            return None
        if held > 0:
            return min(price, bar.open) if bar.low <= price else None
        return max(price, bar.open) if bar.high >= price else None

    def _liquidate_in(
        self,
        symbol: str,
        bar: Bar,
        *,
        within: Decimal | None = None,
        entered_inside: bool = False,
    ) -> None:
        price = self._liquidation_in(symbol, bar, entered_inside=entered_inside)
        if price is not None and (within is None or abs(price - bar.open) <= within):
            self._session.liquidate(symbol, price, bar.closed_at)

    def _execute(self, order: PaperOrder, price: Decimal, bar: Bar, at: datetime) -> None:
        """Execute what the candle and the account allow of a resting order that was met."""
        session, intent = self._session, order.intent
        if not session.is_working(order):
            return
        rules = session.rules(intent.symbol)
        quantity = self._offered(order)
        if intent.kind != "limit":
            price = bar.clamped(
                matching.slipped(price, intent.side, session.terms.slippage_pct, rules.tick)
            )
        if intent.reduce_only or (intent.side == "sell" and not rules.perpetual):
            if not session.reducible(intent):
                session.cancel(order, "nothing left to reduce", at)
                return
            quantity = min(quantity, session.reducible(intent))
        if not quantity:
            return
        needed = session.needs(intent, quantity, price)
        if needed and needed > session.unbound(lambda symbol: self._price_of(symbol, at)):
            session.cancel(order, f"the price {price} it met needs more than what is free", at)
            return
        maker = intent.kind == "limit"
        if maker:
            self._volume_left[intent.symbol] -= quantity
        session.execute(order, [Execution(price, quantity, "maker" if maker else "taker", at)])

    def _offered(self, order: PaperOrder) -> Decimal:
        """All of a stop or target; of a limit, our share of what the candle traded."""
        if order.intent.kind != "limit":
            return left_of(order)
        step = self._session.rules(order.intent.symbol).step
        share = self._volume_left[order.intent.symbol]
        whole = (share / step).to_integral_value(ROUND_FLOOR) * step
        return min(left_of(order), whole)

    def _price_of(self, symbol: str, at: datetime) -> Decimal:
        """What a market was worth then, as far as it is known: candles, entry, later fills."""
        stretch = self._stretches.get(symbol)
        found = stretch.price_at(at) if stretch else None
        later = (fill.price for fill in self._traded_after(symbol, at))
        return found or self._session.books.entry_prices.get(symbol) or next(later, Decimal(0))


def funding_times(after: datetime, until: datetime) -> Iterator[datetime]:
    """00:00, 08:00 and 16:00 UTC later than one time, up to another."""
    passed = (after - _FIRST_FUNDING) // _FUNDING_EVERY
    at = _FIRST_FUNDING + (passed + 1) * _FUNDING_EVERY
    while at <= until:
        yield at
        at += _FUNDING_EVERY


def meet_price(session: Session, market: SymbolMarket, now: datetime) -> None:
    """
    Liquidate a position that the current price is already past.

    A stop that stands before the liquidation price was met first: it is left to the candle,
    when that closes.
    """
    symbol, last = market.symbol, market.ticker.last
    price, held = session.liquidation_price(symbol), session.held(symbol)
    if price is None or (last > price if held > 0 else last < price):
        return
    stops = [
        order.intent.trigger_price
        for order in session.orders(symbol)
        if order.intent.kind == "stop_market" and order.intent.trigger_price is not None
        and session.reducible(order.intent)
    ]  # fmt: skip
    if not any(stop > price if held > 0 else stop < price for stop in stops):
        session.liquidate(symbol, last, now)
