"""
A real account of a perpetual venue, as the desk reads it through ccxt.

The venue is the truth. A stop or a target is a conditional order there, listed and asked for
apart from the others; one that was triggered is reported with what its own order did. Nothing
here changes anything at the venue, and an answer that cannot be read is never an empty one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from records.clock import epoch_ms
from records.errors import VenueError
from records.order import FundingPayment, OrderIntent, OrderKind
from records.ports import VenueFill, VenueOrder
from tools.exchange import ccxt_parse
from tools.exchange.ccxt_private import Failure, PrivateClient
from tools.exchange.ccxt_read import exact
from tools.exchange.symbols import quote_of

CONDITIONAL: frozenset[OrderKind] = frozenset({"stop_market", "take_profit_market"})
_PAGE = 1000
_WEEK_MS = 7 * 24 * 3_600_000
_CLOSED_BY_VENUE = ("autoclose-", "adl_autoclose", "settlement_autoclose-")


class CcxtAccount:
    """The reading side of an account; keeps records.ports.AccountReader."""

    def __init__(self, client: PrivateClient, *, quote: str = "USDT", page: int = _PAGE) -> None:
        """`quote`: the currency of the account; `page`: most rows asked for at once."""
        self._client = client
        self._quote = quote
        self._page = page
        self._prices: dict[str, Decimal] = {quote: Decimal(1)}

    def catch_up(self) -> None:
        """Nothing to do: the venue does not wait for the desk."""

    def cash(self) -> Decimal:
        """Wallet less entry value of longs, plus that of shorts; quote currency."""
        account = self._client.read("its balance", lambda exchange: exchange.fetch_balance())
        return self._understood(
            "its balance",
            lambda: ccxt_parse.cash(account.get("info"), self._quote, self._settled()),
        )

    def holdings(self) -> Mapping[str, Decimal]:
        """Signed base units of every position of the account."""
        raw: list[Any] = []

        def ask(exchange: Any) -> Any:
            rows = exchange.fetch_positions()
            raw[:] = [self._client.last_answer]
            return rows

        rows = self._client.read("its positions", ask, rows=True)
        return self._understood("its positions", lambda: self._held(rows, raw[0]))

    def open_orders(self) -> Sequence[VenueOrder]:
        """Plain and conditional orders of the whole account, whoever sent them."""
        plain = self._client.read("its orders", lambda ex: ex.fetch_open_orders(), rows=True)
        waiting = self._client.read(
            "its stops",
            lambda ex: ex.fetch_open_orders(None, None, None, {"trigger": True}),
            rows=True,
        )
        return [self._standing(one) for one in (*plain, *waiting)]

    def _standing(self, answer: Any) -> VenueOrder:
        """An open order; a stranger's that cannot be read is still named."""
        try:
            return self._order("its orders", answer)
        except VenueError:
            stranger = ccxt_parse.stranger(answer)
            if stranger is None:
                raise
            return stranger

    def order(self, intent: OrderIntent) -> VenueOrder | None:
        """One order by our own id; None when the venue says that it does not know it."""
        answer = self._found(intent.symbol, own_id(intent))
        if answer is None:
            return None
        found = self._order("an order", answer)
        mine = (intent.client_order_id, intent.symbol, intent.side)
        if (found.client_order_id, found.symbol, found.side) != mine:
            raise VenueError(
                f"{self._client.name} was asked for order {intent.client_order_id!r} and answered "
                "with another one. Nothing was booked."
            )
        return found

    def fills(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[VenueFill]:
        """Fills of these markets, oldest first; without `since`, those of the last 7 days."""
        found = {
            fill.fill_id: fill
            for market in self._listed(symbols)
            for row in self._pages("fetch_my_trades", market["symbol"], since)
            for fill in [self._fill(row, market)]
            if since is None or fill.at >= since
        }
        return sorted(found.values(), key=lambda one: (one.at, one.fill_id))

    def forced(self, fill: VenueFill) -> bool:
        """Whether the venue closed the position itself, told by the name of its order."""
        found = self._found(fill.symbol, {}, fill.venue_order_id)
        return str((found or {}).get("clientOrderId") or "").startswith(_CLOSED_BY_VENUE)

    def funding(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[FundingPayment]:
        """Funding of these markets, oldest first; without `since`, that of the last 7 days."""
        found = {
            paid.payment_id: paid
            for market in self._listed(symbols)
            for row in self._pages("fetch_funding_history", market["symbol"], since)
            for paid in [self._paid(row)]
            if since is None or paid.at >= since
        }
        return sorted(found.values(), key=lambda one: (one.at, one.payment_id))

    def _held(self, rows: Sequence[Any], raw: Sequence[Any]) -> Mapping[str, Decimal]:
        """ccxt leaves a position out that it cannot read; then nothing is known."""
        stated = sum(bool(exact(one.get("positionAmt"), "its position")) for one in raw)
        held: dict[str, Decimal] = {}
        for row in rows:
            quantity = ccxt_parse.holding(row, self._client.market_of(row.get("symbol")))
            if quantity:
                held[ccxt_parse.shown_symbol(row["symbol"])] = quantity
        if len(held) != stated:
            raise VenueError(f"{stated} positions were named and {len(held)} of them can be read")
        return held

    def _order(self, what: str, answer: Any) -> VenueOrder:
        """A record; a conditional order that was triggered, with what its order did."""
        known = self._understood(what, lambda: self._parsed(answer))
        child = self._understood(what, lambda: ccxt_parse.triggered_as(answer))
        if child is None:
            return known
        sent = self._found(known.symbol, {}, child)
        if sent is None:
            raise VenueError(
                f"{self._client.name} says that stop {known.client_order_id!r} became order "
                f"{child!r:.40}, and does not know that order. Nothing was booked."
            )
        return self._understood(what, lambda: ccxt_parse.executed(known, self._parsed(sent)))

    def _parsed(self, answer: Any) -> VenueOrder:
        return ccxt_parse.order(answer, self._client.market_of(answer.get("symbol")))

    def _found(self, symbol: str, params: dict[str, Any], order_id: str | None = None) -> Any:
        """One order; None when the venue says that there is none."""
        spelling = self._client.contract(symbol)["symbol"]
        answer = self._client.ask(lambda ex: ex.fetch_order(order_id, spelling, dict(params)))
        if isinstance(answer, Failure) and answer.order_missing:
            return None
        if isinstance(answer, Failure):
            raise self._client.unreadable("an order", answer)
        return answer

    def _fill(self, row: Any, market: Any) -> VenueFill:
        price = self._price(self._understood("its fills", lambda: ccxt_parse.fee_currency(row)))
        return self._understood("its fills", lambda: ccxt_parse.fill(row, market, price))

    def _price(self, currency: str) -> Decimal:
        """What one unit of a currency is worth in the account's; asked for once."""
        if currency not in self._prices:
            spelling = self._client.contract(f"{currency}/{self._quote}")["symbol"]
            ticker = self._client.read("a price", lambda exchange: exchange.fetch_ticker(spelling))
            self._prices[currency] = self._understood(
                "a price", lambda: exact(ticker.get("last"), f"the price of {currency[:20]}")
            )
        return self._prices[currency]

    def _paid(self, row: Any) -> FundingPayment:
        quote = quote_of(ccxt_parse.shown_symbol(row.get("symbol")))
        return self._understood("its funding", lambda: ccxt_parse.funding(row, quote))

    def _listed(self, symbols: Sequence[str]) -> list[Any]:
        """Markets of these symbols; what the venue does not list was never traded there."""
        found = [self._client.market(symbol) for symbol in symbols]
        return [market for market in found if market is not None]

    def _settled(self) -> Mapping[str, str]:
        markets = self._client.exchange.markets.values()
        return {str(one["id"]): str(one.get("settle")) for one in markets if one.get("contract")}

    def _pages(self, method: str, spelling: str, since: datetime | None) -> Iterator[Any]:
        """Every row from a time on; the venue answers for at most a week at once."""
        now_ms = self._client.now_ms()
        start_ms = now_ms - _WEEK_MS + 1 if since is None else epoch_ms(since)
        while True:
            end_ms = start_ms + _WEEK_MS - 1
            until = {"until": end_ms} if end_ms < now_ms else {}
            yield from self._week(method, spelling, start_ms, until)
            if not until:
                return
            start_ms = end_ms + 1

    def _week(
        self, method: str, spelling: str, start_ms: int, until: Mapping[str, int]
    ) -> Iterator[Any]:
        """Page after page; the last row's time is asked for again, since others may share it."""
        what = "its fills" if method == "fetch_my_trades" else "its funding"
        while True:

            def ask(exchange: Any, start_ms: int = start_ms) -> Any:
                return getattr(exchange, method)(spelling, start_ms, self._page, dict(until))

            page = self._client.read(what, ask, rows=True)
            yield from page
            if len(page) < self._page:
                return
            last_ms = page[-1].get("timestamp")
            if not isinstance(last_ms, int) or last_ms <= start_ms:
                raise VenueError(
                    f"{self._client.name} gives {len(page)} rows of {what} for one moment and no "
                    "way past them. Nothing was booked."
                )
            start_ms = last_ms

    def _understood[T](self, what: str, parse: Callable[[], T]) -> T:
        """The record, or VenueError with the venue's name."""
        try:
            return parse()
        except VenueError as problem:
            reason = str(problem).rstrip(".")
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as problem:
            reason = f"unreadable answer, {type(problem).__name__}"
        raise VenueError(
            f"{self._client.name} answered about {what}: {self._client.safe(reason)}. Nothing was "
            "booked. Look at the account at the venue, then run again."
        )


def own_id(intent: OrderIntent) -> dict[str, Any]:
    """The parameters that name an order by our own id."""
    if intent.kind in CONDITIONAL:
        return {"trigger": True, "clientAlgoId": intent.client_order_id}
    return {"clientOrderId": intent.client_order_id}
