"""
A paper account: real prices, pretended money, books that survive the process.

It behaves as a venue with isolated margin and one position for each market: shorts and
leverage on perpetuals, long only and paid in full on spot. What rests is walked through
the candles that passed since the last look (paper_walk.py, matching.py); every change is
one atomic save (paper_session.py). It refuses rather than guesses (paper_rules.py): an
entry larger than the shown book, prices it cannot see, margin that is not free.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from records.clock import Clock
from records.errors import OrderRefused, VenueError
from records.market import Level, MarketSnapshot, SymbolMarket, SymbolRules
from records.order import WORKING, Fill, FundingPayment, OrderIntent
from records.ports import (
    MarketRequest,
    MarketSource,
    PaperBooks,
    PaperOrder,
    PaperStore,
    VenueFill,
    VenueOrder,
)
from tools.exchange import matching, paper_candles, paper_rules, paper_walk
from tools.exchange.matching import Execution
from tools.exchange.paper_session import LIQUIDATION_ID, Session, Terms

_FUNDING_KEPT = timedelta(days=30)


class PaperAccount:
    """Keeps records.ports.AccountReader and tools.exchange.writer.OrderWriter."""

    fate_known_after_s = 0.0
    entries_rest = True

    def __init__(
        self,
        store: PaperStore,
        market: MarketSource,
        clock: Clock,
        *,
        starting_cash: Decimal,
        currency: str,
        maker_fee_pct: Decimal,
        taker_fee_pct: Decimal,
        finest_interval: str,
        walk_interval: str = "1m",
        funding_rate_pct: Decimal = Decimal("0.01"),
        liquidation_fee_pct: Decimal = Decimal("1.25"),
        volume_share_pct: Decimal = Decimal(10),
        slippage_pct: Decimal = Decimal("0.02"),
    ) -> None:
        self._store = store
        self._market = market
        self._clock = clock
        self._starting_cash = starting_cash
        self._currency = currency
        self._terms = Terms(
            maker_fee_pct=maker_fee_pct,
            taker_fee_pct=taker_fee_pct,
            liquidation_fee_pct=liquidation_fee_pct,
            funding_rate_pct=funding_rate_pct,
            volume_share_pct=volume_share_pct,
            slippage_pct=slippage_pct,
        )
        self._interval = finest_interval
        self._walk_interval = walk_interval
        self._seen: dict[str, SymbolMarket] = {}

    def open_books(self) -> None:
        """Begin with the starting cash, unless the account already has books."""
        if self._store.load() is None:
            books = PaperBooks(cash=self._starting_cash, holdings={}, walked_to=self._clock.now())
            self._store.save(books, [], [])

    def set_books(self, snapshot: MarketSnapshot) -> None:
        """What market orders are executed against from now on; also the price that may liquidate
        a position, and the funding rates until the next look."""
        self._seen = dict(snapshot.markets)
        session = self._session()
        for symbol in session.symbols():
            if symbol in self._seen and self._seen[symbol].rules.perpetual:
                session.note_funding_rate(symbol, self._seen[symbol].funding_rate_pct)
                paper_walk.meet_price(session, self._seen[symbol], self._clock.now())
        self._save(session)

    def cash(self) -> Decimal:
        """Equity less the signed value of the holdings, quote currency; negative with leverage."""
        return self._books().cash

    def holdings(self) -> Mapping[str, Decimal]:
        """Signed quantity held for each symbol."""
        return self._books().holdings

    def open_orders(self) -> Sequence[VenueOrder]:
        """Working orders, resting stops and targets included."""
        return [_as_told(order) for order in self._store.open_orders()]

    def order(self, intent: OrderIntent) -> VenueOrder | None:
        """One order by our own id; None when it was never booked."""
        found = self._known(intent)
        return None if found is None else _as_told(found)

    def fills(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[VenueFill]:
        """Fills at or after `since`, oldest first; a walk adds fills dated inside past candles."""
        return [_fill_as_told(one) for one in self._store.fills(since) if one.symbol in symbols]

    def forced(self, fill: VenueFill) -> bool:
        """Whether the account closed the position itself."""
        return fill.venue_order_id.startswith(LIQUIDATION_ID)

    def funding(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[FundingPayment]:
        """Funding at or after `since`, oldest first; that of the last 30 days is kept."""
        kept = sorted(self._books().funding, key=lambda one: (one.at, one.symbol))
        return [one for one in kept if one.symbol in symbols and (since is None or one.at >= since)]

    def prepare(self, intent: OrderIntent) -> None:
        """Set an entry's leverage for its market; raises OrderRefused when it is not allowed."""
        if not intent.reduce_only:
            session = self._session()
            self._set_leverage(intent, self._market_of(intent.symbol).rules, session)
            self._save(session)

    def create(self, intent: OrderIntent) -> VenueOrder:
        """Book one order, at most once for each client order id."""
        known = self._store.order(intent.client_order_id)
        if known is not None:
            return _as_told(known)
        session, now = self._session(), self._clock.now()
        market = self._market_of(intent.symbol)
        executions = self._at_once(intent, market, now)
        self._check(intent, market, session, executions)
        booked = session.book(intent, now)
        if intent.reduce_only:
            executions = _cut(executions, session.reducible(intent))
        if executions:
            booked = session.execute(booked, executions)
        if market.rules.perpetual:
            session.note_funding_rate(intent.symbol, market.funding_rate_pct)
        self._save(session)
        return _as_told(booked)

    def cancel(self, intent: OrderIntent) -> VenueOrder | None:
        """Take a resting order back; one that already ended is returned as it is."""
        known = self._known(intent)
        if known is None or known.status not in WORKING:
            return None if known is None else _as_told(known)
        session = self._session()
        cancelled = session.cancel(known, "cancelled on request", self._clock.now())
        self._save(session)
        return _as_told(cancelled)

    def catch_up(self) -> None:
        """Walk what is held and what rests through every candle and funding time since."""
        session, now = self._session(), self._clock.now()
        books = session.books
        stretches = [
            paper_candles.passed(
                self._market, symbol, books.walked.get(symbol, books.walked_to), now,
                walk=self._walk_interval, fallback=self._interval,
            )
            for symbol in sorted({*session.symbols(), *books.walked})
            if session.orders(symbol) or self._rules(symbol).perpetual
        ]  # fmt: skip
        session.forget_funding_before(books.walked_to - _FUNDING_KEPT)
        later = self._store.fills(min(one.start for one in stretches)) if stretches else ()
        walk = paper_walk.Walk(session, stretches, later)
        walk.run()
        session.note_walked(walk.reached(), now)
        self._save(session)

    def _check(
        self,
        intent: OrderIntent,
        market: SymbolMarket,
        session: Session,
        executions: Sequence[Execution],
    ) -> None:
        rules, symbol = market.rules, intent.symbol
        paper_rules.check_shape(intent, rules, self._currency)
        paper_rules.check_holding(intent, rules, session.held(symbol), session.promised(symbol))
        levels = matching.facing(market.book, intent.side)
        if not levels:
            raise OrderRefused(
                f"The book of {symbol} is empty on the side that {intent.client_order_id!r} "
                "needs. Nothing was booked. Wait for the next cycle."
            )
        price = intent.limit_price or intent.trigger_price or levels[0][0]
        paper_rules.check_value(intent, rules, price)
        if intent.reduce_only:
            return
        if intent.kind == "market":
            shown = sum((size for _, size in _reachable(intent, levels)), Decimal(0))
            paper_rules.check_depth(intent, shown)
        self._set_leverage(intent, rules, session)
        if needed := _needed(intent, price, executions, session):
            paper_rules.check_margin(intent, needed, session.free(self._price_of))

    def _set_leverage(self, intent: OrderIntent, rules: SymbolRules, session: Session) -> None:
        in_use = session.leverage_in_use(intent.symbol)
        paper_rules.check_leverage(intent, rules, in_use)
        session.set_leverage(intent.symbol, intent.leverage)

    def _at_once(self, intent: OrderIntent, market: SymbolMarket, now: datetime) -> list[Execution]:
        """What happens the moment an order arrives; empty when it rests."""
        triggered = intent.kind in ("stop_market", "take_profit_market")
        if triggered and not matching.met_at(intent, market.ticker.last):
            return []
        levels = matching.facing(market.book, intent.side)
        if not triggered:
            levels = _reachable(intent, levels)
        taken = matching.walk_book(levels, intent.quantity, now)
        missing = intent.quantity - sum((one.quantity for one in taken), Decimal(0))
        if intent.kind == "limit":
            return taken
        if missing and levels:  # an exit larger than the shown book: the rest at its worst price
            taken.append(Execution(levels[-1][0], missing, "taker", now))
        return [self._slipped(one, intent, market.rules.tick) for one in taken]

    def _slipped(self, one: Execution, intent: OrderIntent, tick: Decimal) -> Execution:
        """The price after slippage, but never beyond the limit of an entry."""
        price = matching.slipped(one.price, intent.side, self._terms.slippage_pct, tick)
        if intent.limit_price is not None and not intent.reduce_only:
            worst = min if intent.side == "buy" else max
            price = worst(price, intent.limit_price)
        return Execution(price, one.quantity, one.liquidity, one.at)

    def _price_of(self, symbol: str) -> Decimal:
        return self._market_of(symbol).ticker.last

    def _market_of(self, symbol: str) -> SymbolMarket:
        if symbol in self._seen:
            return self._seen[symbol]
        request = MarketRequest(symbols=(symbol,), intervals=(self._interval,), candles=1)
        try:
            found = self._market.observe(request).markets.get(symbol)
        except VenueError as problem:
            raise OrderRefused(f"No prices of {symbol}: {problem} Nothing was booked.") from problem
        if found is None:
            raise OrderRefused(
                f"{self._market.name} gave no prices of {symbol}. Nothing was booked. "
                "Wait for the next cycle."
            )
        return found

    def _rules(self, symbol: str) -> SymbolRules:
        seen = self._seen.get(symbol)
        return seen.rules if seen else self._market.rules(symbol)

    def _known(self, intent: OrderIntent) -> PaperOrder | None:
        found = self._store.order(intent.client_order_id)
        return found if found is not None and found.intent.symbol == intent.symbol else None

    def _session(self) -> Session:
        return Session(self._books(), self._store.open_orders(), self._terms, self._rules)

    def _books(self) -> PaperBooks:
        books = self._store.load()
        if books is None:
            self.open_books()
            books = self._store.load()
        assert books is not None, "open_books has just saved them"
        return books

    def _save(self, session: Session) -> None:
        if session.changed:
            self._store.save(session.books, session.changed_orders(), session.fills)


def _reachable(intent: OrderIntent, levels: Sequence[Level]) -> list[Level]:
    """The levels within the order's own limit; an exit at market takes what it gets."""
    bound = intent.kind == "limit" or not intent.reduce_only
    return matching.within(levels, intent.side, intent.limit_price if bound else None)


def _needed(
    intent: OrderIntent, price: Decimal, executions: Sequence[Execution], session: Session
) -> Decimal:
    """Margin and fee of an entry: at the prices it executes at, a limit at its own or dearer."""
    taken = sum((one.quantity for one in executions), Decimal(0))
    least = price if intent.kind == "limit" else Decimal(0)
    value = sum((one.quantity * max(one.price, least) for one in executions), Decimal(0))
    value += (intent.quantity - taken) * price
    return session.needs(intent, intent.quantity, value / intent.quantity)


def _cut(executions: Sequence[Execution], most: Decimal) -> list[Execution]:
    """The first executions, up to a quantity."""
    kept: list[Execution] = []
    for one in executions:
        part = min(one.quantity, most)
        if part > 0:
            kept.append(Execution(one.price, part, one.liquidity, one.at))
        most -= part
    return kept


def _as_told(order: PaperOrder) -> VenueOrder:
    intent = order.intent
    return VenueOrder(
        client_order_id=intent.client_order_id,
        venue_order_id=order.venue_order_id,
        symbol=intent.symbol,
        side=intent.side,
        status=order.status,
        quantity=intent.quantity,
        filled_quantity=order.filled_quantity,
        average_price=order.average_price,
        trigger_price=intent.trigger_price,
        reduce_only=intent.reduce_only,
        reason=order.reason,
        updated_at=order.updated_at,
    )


def _fill_as_told(fill: Fill) -> VenueFill:
    venue_order_id = fill.fill_id.rpartition("-")[0]
    return VenueFill(
        fill_id=fill.fill_id,
        venue_order_id=venue_order_id,
        symbol=fill.symbol,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee,
        liquidity=fill.liquidity,
        at=fill.at,
    )
