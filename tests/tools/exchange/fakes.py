"""Fakes of our own protocols, a store in memory and a market with written candles, and a
paper account that stands on them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from records.candles import CandleSeries, interval_ms
from records.clock import Clock, FixedClock, epoch_ms
from records.errors import VenueError
from records.market import MarketSnapshot, OrderBook, SymbolMarket, SymbolRules, Ticker
from records.order import WORKING, Fill, OrderIntent
from records.ports import MarketRequest, PaperBooks, PaperOrder, VenueOrder
from tools.exchange.paper import PaperAccount

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
BTC, ETH = "BTC/USDT", "ETH/USDT"
CASH = Decimal(1000)
RULES = SymbolRules(
    tick=Decimal("0.01"),
    step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(5),
)
PERPETUAL = RULES.model_copy(
    update={"perpetual": True, "max_leverage": 20, "maintenance_pct": Decimal("0.5")}
)


class MemoryStore:
    """A PaperStore that forgets everything when the test ends."""

    def __init__(self) -> None:
        self.books: PaperBooks | None = None
        self.orders: dict[str, PaperOrder] = {}
        self.all_fills: list[Fill] = []
        self.saves = 0

    def load(self) -> PaperBooks | None:
        return self.books

    def save(self, books: PaperBooks, orders: Sequence[PaperOrder], fills: Sequence[Fill]) -> None:
        self.saves += 1
        self.books = books
        self.orders |= {order.intent.client_order_id: order for order in orders}
        self.all_fills += fills

    def order(self, client_order_id: str) -> PaperOrder | None:
        return self.orders.get(client_order_id)

    def open_orders(self) -> Sequence[PaperOrder]:
        return [order for order in self.orders.values() if order.status in WORKING]

    def fills(self, since: datetime | None) -> Sequence[Fill]:
        return [fill for fill in self.all_fills if since is None or fill.at >= since]


class WrittenMarket:
    """A MarketSource whose candles and book the test writes down."""

    name = "written"
    synthetic = True

    def __init__(self, clock: Clock, rules: SymbolRules = RULES) -> None:
        self._clock = clock
        self._rules = rules
        self.candles: dict[tuple[str, str], list[tuple[int, ...]]] = {}
        self.funding_rate_pct: Decimal | None = None
        self.asked: list[tuple[str, str]] = []
        self.books: dict[str, OrderBook] = {"BTC/USDT": book(100)}
        self.broken = False

    def clock(self) -> Clock:
        return self._clock

    def rules(self, symbol: str) -> SymbolRules:
        return self._rules

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        if self.broken:
            raise VenueError("The venue is silent.")
        now = self._clock.now()
        markets = {s: self._market(s, now) for s in request.symbols if s in self.books}
        return MarketSnapshot(venue=self.name, synthetic=True, as_of=now, markets=markets)

    def _market(self, symbol: str, now: datetime) -> SymbolMarket:
        top = self.books[symbol]
        bid, ask = top.bids[0][0], top.asks[0][0]
        return SymbolMarket(
            symbol=symbol,
            ticker=Ticker(last=(bid + ask) / 2, bid=bid, ask=ask, at=now),
            book=top,
            rules=self._rules,
            frames={},
            funding_rate_pct=self.funding_rate_pct,
            open_interest=None,
        )

    def candle(
        self,
        open_: float,
        high: float,
        low: float,
        close: float,
        *,
        minute: int,
        volume: float = 1_000_000,
        symbol: str = "BTC/USDT",
        interval: str = "1m",
    ) -> None:
        """Add a candle that opens this many minutes after START."""
        row = (epoch_ms(START) + minute * 60_000, open_, high, low, close, volume)
        self.candles.setdefault((symbol, interval), []).append(row)

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        self.asked.append((symbol, interval))
        closed_by = min(epoch_ms(end), epoch_ms(self._clock.now())) - interval_ms(interval)
        known = self.candles.get((symbol, interval), [])
        rows = [row for row in known if epoch_ms(start) <= row[0] <= closed_by]
        times = np.array([row[0] for row in rows], dtype=np.int64)
        block = np.array([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), 5)
        return CandleSeries.checked(symbol, interval, times, block)


def book(price: int, size: str = "1", levels: int = 3) -> OrderBook:
    """Levels of one quote unit each around a price: 101, 102, 103 and 99, 98, 97 for 100."""
    return OrderBook(
        bids=tuple((Decimal(price - k), Decimal(size)) for k in range(1, levels + 1)),
        asks=tuple((Decimal(price + k), Decimal(size)) for k in range(1, levels + 1)),
    )


class PaperDesk:
    """One paper account with everything it stands on."""

    def __init__(self, rules: SymbolRules = RULES, **terms: Decimal | str) -> None:
        self.clock = FixedClock(START)
        self.store = MemoryStore()
        self.market = WrittenMarket(self.clock, rules)
        self.terms: dict[str, Any] = {"slippage_pct": Decimal(0), **terms}
        self.account = self.reopened()
        self.account.open_books()
        self.sent: list[OrderIntent] = []

    def reopened(self) -> PaperAccount:
        """The account as the next process opens it."""
        return PaperAccount(
            self.store, self.market, self.clock, starting_cash=CASH, currency="USDT",
            maker_fee_pct=Decimal("0.02"), taker_fee_pct=Decimal("0.05"), finest_interval="3m",
            **self.terms,
        )  # fmt: skip

    def intent(self, side, quantity, kind="market", *, price=None, id=None, **more) -> OrderIntent:
        name = "limit_price" if kind == "limit" else "trigger_price"
        level = {} if price is None else {name: Decimal(price)}
        return OrderIntent.model_validate(
            {
                "intent_id": "i", "cycle_id": "c", "approval_id": None,
                "client_order_id": id or f"o{len(self.sent) + 1}",
                "created_at": self.clock.now(), "symbol": BTC, "side": side, "role": "entry",
                "kind": kind, "quantity": Decimal(quantity), **level, **more,
            }
        )  # fmt: skip

    def send(self, *args, **more) -> VenueOrder:
        intent = self.intent(*args, **more)
        self.sent.append(intent)
        return self.account.create(intent)

    def guard(self, quantity, *, stop=None, target=None, side="sell", **more):
        """Send a stop or a target, whichever has a price."""
        kind, role = ("stop_market", "stop") if stop else ("take_profit_market", "take_profit")
        return self.send(
            side, quantity, kind, role=role, price=stop or target, reduce_only=True, **more
        )

    def protect(self, quantity, stop, target):
        return self.guard(quantity, stop=stop), self.guard(quantity, target=target)

    def pass_minutes(self, minutes):
        self.clock.advance(minutes=minutes)
        self.account.catch_up()

    def look(self, *symbols: str) -> None:
        """Observe the market, as a cycle does."""
        asked = MarketRequest(symbols=symbols or (BTC,), intervals=("3m",), candles=1)
        self.account.set_books(self.market.observe(asked))

    def kept(self, order: VenueOrder) -> PaperOrder:
        """An order as it stands in the books now."""
        return self.store.orders[order.client_order_id]

    def status(self, order: VenueOrder) -> str:
        return self.kept(order).status

    def fills(self, *symbols: str):
        return self.account.fills(None, symbols or (BTC,))
