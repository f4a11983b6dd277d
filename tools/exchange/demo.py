"""
A venue that needs nothing: no network, no key, no file.

Candles, prices, book, funding and open interest are a pure function of (seed, market,
time), so two desks with one seed see the same market and a cycle can be asked again.
Everything it returns is marked synthetic; it refuses to know any market but its six.
"""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np

from records.candles import CandleSeries, interval_ms
from records.clock import Clock, epoch_ms
from records.errors import SettingsError, VenueError
from records.market import (
    Level,
    MarketSnapshot,
    OrderBook,
    Skipped,
    SymbolMarket,
    SymbolRules,
    Ticker,
)
from records.ports import MarketRequest
from tools.exchange.aggregate import aggregate, origin_ms
from tools.exchange.cascade import LEVELS_MINUTES, nodes, normal, uniform
from tools.exchange.demo_markets import LISTINGS, Listing
from tools.exchange.findings import market_findings

_MINUTE_MS = 60_000
_FUNDING_MS = 8 * 3_600_000
_DAY_MS = 86_400_000
_BOOK_LEVELS = 20


class DemoMarket:
    """The synthetic market; keeps records.ports.MarketSource."""

    name = "demo"
    synthetic = True

    def __init__(self, seed: int, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock

    def clock(self) -> Clock:
        return self._clock

    def rules(self, symbol: str) -> SymbolRules:
        """Tick, step and minimum of one market."""
        return self._known(symbol).rules

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        """All markets asked for, as of now."""
        now, beside = self._clock.now(), request.for_price()
        known = [symbol for symbol in request.symbols if symbol in LISTINGS]
        unknown = [symbol for symbol in request.symbols if symbol not in LISTINGS]
        if request.symbols and not known:
            raise VenueError(_no_market(", ".join(unknown)))
        also = [symbol for symbol in beside.symbols if symbol in LISTINGS] if beside else []
        return MarketSnapshot(
            venue=self.name,
            synthetic=True,
            as_of=now,
            markets=self._markets(known, request, now)
            | (self._markets(also, beside, now) if beside and also else {}),
            skipped=tuple(
                Skipped(symbol=symbol, reason=_no_market(symbol)[:300], cause="absent")
                for symbol in unknown
            ),
        )

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        """Closed candles that opened at or after `start` and closed by `end`."""
        self._known(symbol)
        length, origin = interval_ms(interval), origin_ms(interval)
        closed_ms = min(epoch_ms(end), epoch_ms(self._clock.now()))
        first = -(-(epoch_ms(start) - origin) // length)
        last = max(first, (closed_ms - origin) // length)
        return self._candles([symbol], interval, first, last)[symbol]

    def _known(self, symbol: str) -> Listing:
        if symbol not in LISTINGS:
            raise VenueError(_no_market(symbol))
        return LISTINGS[symbol]

    def _markets(
        self, symbols: list[str], request: MarketRequest, now: datetime
    ) -> dict[str, SymbolMarket]:
        now_ms = epoch_ms(now)
        frames = {interval: self._frame(symbols, interval, request.candles, now_ms)
                  for interval in request.intervals}  # fmt: skip
        prices = self._prices(symbols, now_ms)
        funding = self._funding_rates_pct(symbols, now_ms)
        markets = {}
        for symbol in symbols:
            book = self._book(symbol, prices[symbol], now_ms)
            seen = {interval: frame[symbol] for interval, frame in frames.items()}
            odd = market_findings(tuple(seen.values()), request.candles, now_ms)
            markets[symbol] = SymbolMarket(
                symbol=symbol,
                ticker=Ticker(
                    last=prices[symbol], bid=book.bids[0][0], ask=book.asks[0][0], at=now
                ),
                book=book,
                rules=LISTINGS[symbol].rules,
                frames=seen,
                funding_rate_pct=funding[symbol],
                open_interest=self._open_interest(symbol, now_ms),
                findings=tuple(map(str, odd)),
            )
        return markets

    def _frame(
        self, symbols: list[str], interval: str, count: int, now_ms: int
    ) -> dict[str, CandleSeries]:
        """The newest closed candles of an interval."""
        last = (now_ms - origin_ms(interval)) // interval_ms(interval)
        return self._candles(symbols, interval, last - count, last)

    def _candles(
        self, symbols: list[str], interval: str, first: int, last: int
    ) -> dict[str, CandleSeries]:
        """Candles number `first` to `last - 1` of an interval, counted from its origin."""
        minutes = interval_ms(interval) // _MINUTE_MS
        offset = origin_ms(interval) // _MINUTE_MS
        level, part = _level_for(minutes, offset)
        begin, stop = (first * minutes + offset) // part, (last * minutes + offset) // part
        listings = [LISTINGS[symbol] for symbol in symbols]
        found = nodes(self._seed, tuple(one.character for one in listings), level, begin, stop)
        times = np.arange(begin, stop, dtype=np.int64) * (part * _MINUTE_MS)
        logs = np.stack((found.open, found.high, found.low, found.close), axis=-1)
        series = {}
        for row, (symbol, listing) in enumerate(zip(symbols, listings, strict=True)):
            scale = 10.0**listing.price_decimals
            prices = np.rint(np.exp(logs[row]) * scale) / scale
            block = np.column_stack((prices, found.volume[row] * listing.quantum))
            whole = CandleSeries.checked(symbol, _written(part), times, block)
            series[symbol] = aggregate(whole, interval)
        return series

    def _prices(self, symbols: list[str], now_ms: int) -> dict[str, Decimal]:
        """The closes of the last whole minute."""
        return {
            symbol: Decimal(repr(float(frame.close[-1]))).quantize(LISTINGS[symbol].tick)
            for symbol, frame in self._frame(symbols, "1m", 1, now_ms).items()
        }

    def _book(self, symbol: str, price: Decimal, now_ms: int) -> OrderBook:
        """Twenty levels a side around the price; together about a minute's ordinary volume."""
        listing = LISTINGS[symbol]
        places = np.arange(_BOOK_LEVELS, dtype=np.int64) + now_ms // _MINUTE_MS * _BOOK_LEVELS
        half = max(listing.tick, price * Decimal(listing.spread_bps) / 20_000)
        mean = listing.character.daily_quanta * listing.quantum / 1440 / _BOOK_LEVELS
        sides: list[tuple[Level, ...]] = []
        for name, sign in (("bid", -1), ("ask", 1)):
            noise = uniform(self._seed, (symbol,), ("book", name), places)[0]
            levels = [
                (
                    _on_grid(price + sign * half * (1 + k), listing.tick),
                    max(listing.step, _on_grid(Decimal(repr(float(size))), listing.step)),
                )
                for k, size in enumerate(mean * (0.2 + 1.6 * noise))
            ]
            sides.append(_distinct(levels))
        return OrderBook(bids=sides[0], asks=sides[1])

    def _funding_rates_pct(self, symbols: list[str], now_ms: int) -> dict[str, Decimal]:
        """Percent per eight hours: a small premium that follows the last three days' move."""
        period = np.array([now_ms // _FUNDING_MS])
        noise = normal(self._seed, symbols, ("funding",), period)[:, 0]
        rates = {}
        frames = self._frame(symbols, "1d", 3, int(period[0]) * _FUNDING_MS)
        for (symbol, days), premium in zip(frames.items(), noise, strict=True):
            move = float(np.log(days.close[-1] / days.open[0]))
            rate = min(0.3, max(-0.3, 0.01 + 0.1 * move + 0.004 * float(premium)))
            rates[symbol] = Decimal(repr(round(rate, 4)))
        return rates

    def _open_interest(self, symbol: str, now_ms: int) -> Decimal:
        """Base units; drifts from one daily value to the next."""
        day, passed = divmod(now_ms // _MINUTE_MS, 1440)
        ends = normal(self._seed, (symbol,), ("open interest",), np.array([day, day + 1]))[0]
        drift = float(ends[0] + (ends[1] - ends[0]) * passed / 1440)
        return Decimal(round(LISTINGS[symbol].open_interest * (1 + 0.1 * max(-5.0, drift))))


def _no_market(symbols: str) -> str:
    return (
        f"The demo venue has no market {symbols[:80]}; nothing was read for it. "
        f"It has {', '.join(LISTINGS)}. Set symbols to some of these, or venue to an exchange."
    )


def _level_for(minutes: int, offset: int) -> tuple[int, int]:
    """The coarsest level whose candles fill an interval without a remainder, and its minutes."""
    for level, part in enumerate(LEVELS_MINUTES):
        if minutes % part == 0 and offset % part == 0:
            return level, part
    raise SettingsError(f"The demo venue has no candles of {minutes} minutes.")


def _written(minutes: int) -> str:
    return f"{minutes // 1440}d" if minutes % 1440 == 0 else f"{minutes}m"


def _on_grid(value: Decimal, grid: Decimal) -> Decimal:
    return (value / grid).to_integral_value() * grid


def _distinct(levels: list[Level]) -> tuple[Level, ...]:
    """Levels without those that rounding put on the price of the one before."""
    return (levels[0], *(b for a, b in pairwise(levels) if a[0] != b[0]))
