"""Fakes of our own protocols: a store in memory and a market with written candles."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from records.candles import CandleSeries, interval_ms
from records.clock import Clock, epoch_ms
from records.errors import VenueError
from records.market import MarketSnapshot, OrderBook, SymbolMarket, SymbolRules, Ticker
from records.order import WORKING, Fill
from records.ports import MarketRequest, PaperBooks, VenueOrder

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
RULES = SymbolRules(
    tick=Decimal("0.01"),
    step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(5),
)


class MemoryStore:
    """A PaperStore that forgets everything when the test ends."""

    def __init__(self) -> None:
        self.books: PaperBooks | None = None
        self.orders: dict[str, VenueOrder] = {}
        self.all_fills: list[Fill] = []
        self.saves = 0

    def load(self) -> PaperBooks | None:
        return self.books

    def save(self, books: PaperBooks, orders: Sequence[VenueOrder], fills: Sequence[Fill]) -> None:
        self.saves += 1
        self.books = books
        self.orders |= {order.intent.client_order_id: order for order in orders}
        self.all_fills += fills

    def order(self, client_order_id: str) -> VenueOrder | None:
        return self.orders.get(client_order_id)

    def open_orders(self) -> Sequence[VenueOrder]:
        return [order for order in self.orders.values() if order.status in WORKING]

    def fills(self, since: datetime | None) -> Sequence[Fill]:
        return [fill for fill in self.all_fills if since is None or fill.at >= since]


class WrittenMarket:
    """A MarketSource whose candles and book the test writes down."""

    name = "written"
    synthetic = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.candles: dict[str, list[tuple[int, float, float, float, float]]] = {}
        self.books: dict[str, OrderBook] = {"BTC/USDT": book(100)}
        self.broken = False

    def clock(self) -> Clock:
        return self._clock

    def rules(self, symbol: str) -> SymbolRules:
        return RULES

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
            rules=RULES,
            frames={},
            funding_rate_pct=None,
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
        symbol: str = "BTC/USDT",
    ) -> None:
        """Add a one-minute candle that opens this many minutes after START."""
        row = (epoch_ms(START) + minute * 60_000, open_, high, low, close)
        self.candles.setdefault(symbol, []).append(row)

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        closed_by = min(epoch_ms(end), epoch_ms(self._clock.now())) - interval_ms(interval)
        rows = [r for r in self.candles.get(symbol, []) if epoch_ms(start) <= r[0] <= closed_by]
        times = np.array([r[0] for r in rows], dtype=np.int64)
        block = np.array([[*r[1:], 1.0] for r in rows], dtype=np.float64).reshape(len(rows), 5)
        return CandleSeries.checked(symbol, interval, times, block)


def book(price: int, size: str = "1", levels: int = 3) -> OrderBook:
    """Levels of one quote unit each around a price: 101, 102, 103 and 99, 98, 97 for 100."""
    return OrderBook(
        bids=tuple((Decimal(price - k), Decimal(size)) for k in range(1, levels + 1)),
        asks=tuple((Decimal(price + k), Decimal(size)) for k in range(1, levels + 1)),
    )
