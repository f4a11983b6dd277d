"""
A paper account: real prices, pretended money, books that survive the process.

Orders that rest (limits, stops, targets) are walked through the candles that passed since
the last cycle; the rules of execution are in matching.py. Every change is one atomic save.
It is long only, spot-like and without leverage, and it refuses rather than guesses. A
missing candle executes nothing: the order rests, and the candle is walked when it comes.
A candle that was already open when an order arrived is not counted for it, since part of
that candle is older than the order; the open of the next one shows what was missed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from records.clock import Clock
from records.errors import OrderRefused, VenueError
from records.market import Level, MarketSnapshot, SymbolMarket, SymbolRules
from records.order import WORKING, Fill, OrderIntent
from records.ports import MarketRequest, MarketSource, PaperBooks, PaperStore, VenueOrder
from tools.exchange import matching, paper_rules
from tools.exchange.matching import Bar, Execution
from tools.exchange.paper_session import Session, most_it_costs

_LATEST_CANDLE = timedelta(days=1)  # a candle that comes later than this is no longer walked


class PaperAccount:
    """Keeps records.ports.AccountReader and tools.exchange.writer.OrderWriter."""

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
    ) -> None:
        self._store = store
        self._market = market
        self._clock = clock
        self._starting_cash = starting_cash
        self._currency = currency
        self._fee_pct = {"maker": maker_fee_pct, "taker": taker_fee_pct}
        self._interval = finest_interval
        self._seen: dict[str, SymbolMarket] = {}

    def open_books(self) -> None:
        """Begin with the starting cash, unless the account already has books."""
        if self._store.load() is None:
            books = PaperBooks(cash=self._starting_cash, holdings={}, walked_to=self._clock.now())
            self._store.save(books, [], [])

    def set_books(self, snapshot: MarketSnapshot) -> None:
        """The order books that market orders are executed against from now on."""
        self._seen = dict(snapshot.markets)

    def cash(self) -> Decimal:
        """Free and reserved cash, quote currency."""
        return self._books().cash

    def holdings(self) -> Mapping[str, Decimal]:
        """Quantity held for each symbol."""
        return self._books().holdings

    def open_orders(self) -> Sequence[VenueOrder]:
        """Working orders, resting stops and targets included."""
        return self._store.open_orders()

    def order(self, client_order_id: str, symbol: str) -> VenueOrder | None:
        """One order by our own id; None when it was never booked."""
        found = self._store.order(client_order_id)
        return found if found is not None and found.intent.symbol == symbol else None

    def fills(self, since: datetime | None) -> Sequence[Fill]:
        """Fills at or after `since`, oldest first; a walk adds fills dated inside past candles."""
        return self._store.fills(since)

    def create(self, intent: OrderIntent) -> VenueOrder:
        """Book one order, at most once for each client order id."""
        known = self._store.order(intent.client_order_id)
        if known is not None:
            return known
        session = Session(self._books(), self._store.open_orders(), self._fee_pct)
        market = self._market_of(intent.symbol)
        self._check(intent, market, session)
        now = self._clock.now()
        booked = session.book(intent, now)
        if executions := _at_once(intent, market, now):
            booked = session.execute(booked, executions)
        self._save(session)
        return booked

    def cancel(self, client_order_id: str, symbol: str) -> VenueOrder:
        """Take a resting order back; one that already ended is returned as it is."""
        known = self.order(client_order_id, symbol)
        if known is None:
            raise OrderRefused(
                f"No order {client_order_id!r} of {symbol} is known to the paper account. "
                "Nothing was cancelled. Check the id with `desk status`."
            )
        if known.status not in WORKING:
            return known
        session = Session(self._books(), self._store.open_orders(), self._fee_pct)
        cancelled = session.cancel(known, "cancelled on request", self._clock.now())
        self._save(session)
        return cancelled

    def catch_up(self) -> None:
        """Walk the resting orders through every candle that closed since the last walk."""
        session = Session(self._books(), self._store.open_orders(), self._fee_pct)
        now = self._clock.now()
        start = session.books.walked_to
        covered, candles = now, []
        for symbol in session.symbols():
            reached, found = self._passed(symbol, session, start, now)
            covered = min(covered, reached)
            candles += found
        for bar, symbol in sorted(candles, key=lambda one: (one[0].opened_at, one[1])):
            session.meet(symbol, bar)
        covered = max(start, covered, now - _LATEST_CANDLE)
        if covered == start and not session.changed_orders():
            return
        session.books = session.books.model_copy(update={"walked_to": covered})
        self._save(session)

    def _passed(
        self, symbol: str, session: Session, start: datetime, now: datetime
    ) -> tuple[datetime, list[tuple[Bar, str]]]:
        """How far this market's candles reach, and those that could meet an order."""
        series = self._market.candles_between(symbol, self._interval, start, now)
        if not len(series):
            return start, []
        keep = matching.may_meet(series, session.intents(symbol))
        found = matching.bars(series, keep, self._rules(symbol).tick) if keep.any() else []
        return series.closes_at, [(bar, symbol) for bar in found]

    def _check(self, intent: OrderIntent, market: SymbolMarket, session: Session) -> None:
        paper_rules.check_shape(intent, market.rules, self._currency)
        held, promised = session.held(intent.symbol), session.promised(intent.symbol)
        paper_rules.check_holding(intent, held, promised)
        levels = matching.facing(market.book, intent.side)
        if not levels:
            raise OrderRefused(
                f"The book of {intent.symbol} is empty on the side that {intent.client_order_id!r} "
                "needs. Nothing was booked. Wait for the next cycle."
            )
        price = intent.limit_price or intent.trigger_price or levels[0][0]
        paper_rules.check_value(intent, market.rules, price)
        if intent.kind == "market" and not intent.reduce_only:
            levels = matching.within(levels, intent.side, intent.limit_price)
            shown = sum((size for _, size in levels), Decimal(0))
            paper_rules.check_depth(intent, shown)
        if intent.side == "buy":
            paper_rules.check_cash(intent, self._cost(intent, price, levels), session.free_cash())

    def _cost(self, intent: OrderIntent, price: Decimal, levels: Sequence[Level]) -> Decimal:
        """The most this purchase can cost, fee included."""
        if intent.kind != "market":
            return most_it_costs(intent.quantity, price, self._fee_pct)
        taken = matching.walk_book(levels, intent.quantity, self._clock.now())
        return sum(
            (most_it_costs(one.quantity, one.price, self._fee_pct) for one in taken), Decimal(0)
        )

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

    def _books(self) -> PaperBooks:
        books = self._store.load()
        if books is None:
            self.open_books()
            books = self._store.load()
        assert books is not None, "open_books has just saved them"
        return books

    def _save(self, session: Session) -> None:
        self._store.save(session.books, session.changed_orders(), session.fills)


def _at_once(intent: OrderIntent, market: SymbolMarket, now: datetime) -> list[Execution]:
    """What happens the moment an order arrives; empty when it rests."""
    triggered = intent.kind in ("stop_market", "take_profit_market")
    if triggered and not matching.met_at(intent, market.ticker.last):
        return []
    levels = matching.facing(market.book, intent.side)
    if intent.kind in ("limit", "market"):
        levels = matching.within(levels, intent.side, intent.limit_price)
    taken = matching.walk_book(levels, intent.quantity, now)
    missing = intent.quantity - sum((one.quantity for one in taken), Decimal(0))
    if missing and intent.kind == "limit":
        return []
    if missing:  # an exit larger than the shown book: the rest goes at the worst shown price
        taken.append(Execution(levels[-1][0], missing, "taker", now))
    return taken
