"""
Any exchange that ccxt knows, as a source of public market data.

It needs no key and takes none. Everything of a snapshot is fetched concurrently under the
venue's rate limit, and one market that fails is left out and named. Closed and stale are
judged by the venue's clock. What came is parsed strictly and never repaired.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from records.candles import CandleSeries, interval_ms
from records.clock import Clock, SystemClock, epoch_ms, from_epoch_ms
from records.errors import StaleCandles, VenueError
from records.market import MarketSnapshot, Skipped, SymbolMarket, SymbolRules
from records.ports import MarketRequest
from records.skipped import Cause
from tools.exchange import ccxt_read
from tools.exchange.aggregate import aggregate, divides
from tools.exchange.ccxt_client import check_url, check_venue_id, public_client
from tools.exchange.findings import market_findings
from tools.exchange.symbols import venue_symbol

_BOOK_LEVELS = 20
_MOST_PAGES = 50
_MOST_ROWS = 1000
_PERPETUAL_TYPES = frozenset({"swap", "future"})
# What ccxt's parsers raise when a venue answers with something else than it documents.
_NONSENSE = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)


class _Unlisted(VenueError):
    """The venue has no such market."""


class CcxtMarket:
    """A real venue's public side; keeps records.ports.MarketSource."""

    synthetic = False

    def __init__(
        self, venue_id: str, *, exchange_url: str | None, timeout_s: float, testnet: bool = False
    ) -> None:
        check_venue_id(venue_id)
        check_url(exchange_url)
        self.name = venue_id
        self._url = exchange_url
        self._timeout_s = timeout_s
        self._testnet = testnet
        self._clock: Clock | None = None
        self._listed: tuple[Any, Any] | None = None

    @property
    def listed(self) -> tuple[Any, Any] | None:
        """ccxt's markets and currencies once they were loaded, for a client with keys."""
        return self._listed

    def clock(self) -> Clock:
        """The machine's clock, shifted by what the venue says now."""

        async def ask(exchange: Any) -> Clock:
            return await self._ask_time(exchange)

        return self._run(ask)

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        """
        All markets at once; raises VenueError when none can be read.

        Where the venue answers and every market has stopped, the snapshot holds none.
        """
        if not request.symbols:
            raise VenueError("No market was asked for; nothing was read. Set symbols.")

        async def see(exchange: Any) -> MarketSnapshot:
            clock = self._clock or await self._ask_time(exchange)
            now = clock.now()
            beside = request.for_price()
            asked = [(symbol, request) for symbol in request.symbols]
            asked += [(symbol, beside) for symbol in beside.symbols] if beside else []
            found = await asyncio.gather(
                *(self._seen(exchange, symbol, how, now) for symbol, how in asked)
            )
            optional = beside.symbols if beside else ()
            named = [one for one in found if not _absent(one, optional)]
            return self._snapshot(named, now)

        return self._run(see)

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        """Closed candles that opened at or after `start` and closed by `end`."""

        async def read(exchange: Any) -> CandleSeries:
            clock = self._clock or await self._ask_time(exchange)
            until_ms = min(epoch_ms(end), epoch_ms(clock.now()))
            spelling = self._spelling(exchange, symbol)
            offered = self._offered(exchange, interval)
            rows = await self._rows_from(exchange, spelling, offered, epoch_ms(start), until_ms)
            series = ccxt_read.candles(symbol, offered, rows).closed_by(until_ms)
            return aggregate(series, interval).since(epoch_ms(start)).closed_by(until_ms)

        return self._run(read)

    def rules(self, symbol: str) -> SymbolRules:
        """Tick, step and minimum of one market."""

        async def read(exchange: Any) -> SymbolRules:
            return self._rules(exchange, symbol)

        return self._run(read)

    async def _seen(
        self, exchange: Any, symbol: str, request: MarketRequest, now: datetime
    ) -> SymbolMarket | Skipped:
        """One market, or why it is left out."""
        import ccxt

        cause: Cause = "failed"
        try:
            return await self._market(exchange, symbol, request, now)
        except _Unlisted as problem:
            cause, reason = "absent", str(problem)
        except StaleCandles as problem:
            cause, reason = "stale", f"its candles are stale; {problem}"
        except VenueError as problem:
            reason = str(problem)
        except ccxt.BaseError as problem:
            reason = _said(problem)
        except _NONSENSE as problem:
            reason = f"the venue's answer cannot be read ({type(problem).__name__})"
        said = f"{symbol[:40]} was left out: {reason}"[:300]
        return Skipped(symbol=symbol[:40], reason=said, cause=cause)

    async def _market(
        self, exchange: Any, symbol: str, request: MarketRequest, now: datetime
    ) -> SymbolMarket:
        spelling = self._spelling(exchange, symbol)
        market, findings = exchange.market(spelling), list[str]()
        size = ccxt_read.contract_size(market)
        ticker, depth, funding, interest, *series = await _all(
            exchange.fetch_ticker(spelling),
            exchange.fetch_order_book(spelling, _BOOK_LEVELS),
            self._funding(exchange, market, findings),
            self._interest(exchange, market, findings),
            *(
                self._frame(exchange, symbol, interval, request.candles, now)
                for interval in request.intervals
            ),
        )
        findings += map(str, market_findings(series, request.candles, epoch_ms(now)))
        if size != 1:
            findings.append(f"one contract is {size} of the base; volumes may count contracts")
        book = ccxt_read.book(depth, size)
        return SymbolMarket(
            symbol=symbol,
            ticker=ccxt_read.ticker(ticker, book, now),
            book=book,
            rules=self._rules(exchange, symbol),
            frames={one.interval: one for one in series},
            funding_rate_pct=funding,
            open_interest=interest,
            findings=tuple(findings),
        )

    async def _funding(self, exchange: Any, market: Any, findings: list[str]) -> Decimal | None:
        if not market.get("contract") or not exchange.has.get("fetchFundingRate"):
            return None
        answer = exchange.fetch_funding_rate(market["symbol"])
        return await _optional("funding", answer, ccxt_read.funding_rate_pct, findings)

    async def _interest(self, exchange: Any, market: Any, findings: list[str]) -> Decimal | None:
        if not market.get("contract") or not exchange.has.get("fetchOpenInterest"):
            return None
        answer = exchange.fetch_open_interest(market["symbol"])
        return await _optional("open interest", answer, ccxt_read.open_interest, findings)

    async def _frame(
        self, exchange: Any, symbol: str, interval: str, count: int, now: datetime
    ) -> CandleSeries:
        """The newest closed candles of an interval, in pages when the venue gives few at once."""
        offered, spelling = self._offered(exchange, interval), self._spelling(exchange, symbol)
        length = interval_ms(offered)
        wanted = (count + 1) * (interval_ms(interval) // length)
        rows = await exchange.fetch_ohlcv(spelling, offered, limit=min(wanted, _MOST_ROWS))
        for _ in range(_MOST_PAGES):
            if not rows or len(rows) >= wanted:
                break
            missing = min(wanted - len(rows), _MOST_ROWS)
            since = rows[0][0] - missing * length
            page = await exchange.fetch_ohlcv(spelling, offered, since=since, limit=missing)
            older = [row for row in page if row[0] < rows[0][0]]
            if not older:
                break
            rows = older + rows
        series = ccxt_read.candles(symbol, offered, rows).closed_by(epoch_ms(now))
        return aggregate(series, interval).closed_by(epoch_ms(now)).last(count)

    async def _rows_from(
        self, exchange: Any, spelling: str, offered: str, start_ms: int, until_ms: int
    ) -> list[Any]:
        """Rows from a time on, page after page; stops where the venue has no more."""
        rows: list[Any] = []
        since, length = start_ms, interval_ms(offered)
        for _ in range(_MOST_PAGES):
            if since + length > until_ms:
                break
            limit = min(_MOST_ROWS, (until_ms - since) // length + 1)
            page = await exchange.fetch_ohlcv(spelling, offered, since=since, limit=limit)
            newer = [row for row in page if row[0] >= since]
            if not newer:
                break
            rows += newer
            since = newer[-1][0] + length
        return rows

    async def _ask_time(self, exchange: Any) -> Clock:
        machine, offset = SystemClock(), timedelta(0)
        if exchange.has.get("fetchTime"):
            before = machine.now()
            stamp = await exchange.fetch_time()
            if not isinstance(stamp, int):
                raise VenueError(f"{self.name} did not say what time it is. Nothing was traded.")
            offset = from_epoch_ms(stamp) - (before + (machine.now() - before) / 2)
        self._clock = SystemClock(offset)
        return self._clock

    def _snapshot(self, found: list[SymbolMarket | Skipped], now: datetime) -> MarketSnapshot:
        markets = {one.symbol: one for one in found if isinstance(one, SymbolMarket)}
        skipped = tuple(one for one in found if isinstance(one, Skipped))
        seen = MarketSnapshot(
            venue=self.name, synthetic=False, as_of=now, markets=markets, skipped=skipped
        )
        if not markets and not seen.is_quiet([one.symbol for one in skipped]):
            raise VenueError(
                f"No market of {self.name} can be read. {skipped[0].reason}. Nothing was traded. "
                "Check symbols and intervals, then run again."
            )
        return seen

    def _rules(self, exchange: Any, symbol: str) -> SymbolRules:
        market = exchange.market(self._spelling(exchange, symbol))
        return ccxt_read.rules(market, exchange.precisionMode)

    def _spelling(self, exchange: Any, symbol: str) -> str:
        perpetual = exchange.options.get("defaultType") in _PERPETUAL_TYPES
        spelling = venue_symbol(symbol, exchange.markets, contracts_first=perpetual)
        if spelling is None:
            raise _Unlisted(
                f"{self.name} lists no market {symbol[:40]}. Nothing was read for it. "
                "Correct symbols, or choose another venue."
            )
        return spelling

    def _offered(self, exchange: Any, interval: str) -> str:
        """The interval itself, or the largest one of the venue's that it can be made of."""
        if interval in exchange.timeframes:
            return interval
        fitting: list[str] = [
            one for one in exchange.timeframes if one[-1] in "mhd" and divides(one, interval)
        ]
        if not fitting:
            raise VenueError(
                f"{self.name} has no {interval} candles, nor smaller ones to make them of. "
                f"Choose intervals from {', '.join(exchange.timeframes)}."
            )
        return max(fitting, key=interval_ms)

    def _run[T](self, work: Callable[[Any], Awaitable[T]]) -> T:
        """One client and one event loop for each question; the client is always closed."""
        return _finished(self._with_client(work))

    async def _with_client[T](self, work: Callable[[Any], Awaitable[T]]) -> T:
        import ccxt

        exchange = public_client(
            self.name, exchange_url=self._url, timeout_s=self._timeout_s, testnet=self._testnet
        )
        try:
            await self._load(exchange)
            return await work(exchange)
        except ccxt.ExchangeNotAvailable as problem:
            raise self._unusable(await self._state(exchange) or _said(problem)) from problem
        except ccxt.BaseError as problem:
            raise self._unusable(_said(problem)) from problem
        except _NONSENSE as problem:
            raise self._unusable(f"unreadable answer, {type(problem).__name__}") from problem
        finally:
            await exchange.close()

    async def _state(self, exchange: Any) -> str:
        """What the venue says of itself when it does not answer; empty when it is not down."""
        import ccxt

        if self._url is not None or not exchange.has.get("fetchStatus"):
            return ""
        try:
            status = (await exchange.fetch_status()).get("status")
        except (ccxt.BaseError, *_NONSENSE):
            return ""
        return "it is under maintenance, as it says itself" if status == "maintenance" else ""

    async def _load(self, exchange: Any) -> None:
        if self._listed is not None:
            exchange.set_markets(*self._listed)
            return
        await exchange.load_markets()
        self._listed = (exchange.markets, exchange.currencies)

    def _unusable(self, detail: str) -> VenueError:
        where = " at exchange_url" if self._url else ""
        return VenueError(
            f"{self.name}{where} cannot be read: {detail}. Nothing was traded. "
            "Check the network and the venue's status, then run again."
        )


async def _optional[T](
    what: str, answer: Awaitable[Any], parse: Callable[[Any], T], findings: list[str]
) -> T | None:
    """A figure the desk can do without: its failure is a finding, not an error."""
    import ccxt

    try:
        return parse(await answer)
    except ccxt.BaseError as problem:
        findings.append(f"no {what}: {_said(problem)}")
    except (VenueError, *_NONSENSE):
        findings.append(f"no {what}: the venue's answer cannot be read")
    return None


async def _all(*questions: Awaitable[Any]) -> list[Any]:
    """Every answer; the first failure is raised once all have ended."""
    answers = await asyncio.gather(*questions, return_exceptions=True)
    for one in answers:
        if isinstance(one, BaseException):
            raise one
    return answers


def _said(problem: Exception) -> str:
    """An exchange's error in one short line; its text is untrusted."""
    text = " ".join(str(problem).split())
    return f"{type(problem).__name__}: {text[:160]}"


def _finished[T](work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, also where an event loop is already running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as other:
        return other.submit(asyncio.run, work).result()


def _absent(one: SymbolMarket | Skipped, optional: Sequence[str]) -> bool:
    """Whether this is an optional market that could not be read: nobody need hear of it."""
    return isinstance(one, Skipped) and one.symbol in optional
