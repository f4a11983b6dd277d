"""
Real orders, each sent once.

What the venue said decides what is known: a refusal in its own words means that it booked
nothing, and no connection means that nothing was sent. Everything else, a timeout, a lost or
unreadable answer, a code that does not say, means that the order may stand there. It is then
asked for by our own id and never sent again.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal

from records.base import plain
from records.errors import (
    NotSent,
    OrderRefused,
    OutcomeUnknown,
    Throttled,
    TradingError,
    VenueError,
)
from records.order import WORKING, OrderIntent
from records.ports import VenueOrder
from tools.exchange import ccxt_parse
from tools.exchange.ccxt_account import CONDITIONAL, CcxtAccount, own_id
from tools.exchange.ccxt_private import RECV_WINDOW_MS, Failure, PrivateClient
from tools.exchange.ccxt_read import contract_size, rules

Margin = Literal["isolated", "cross"]

_LAG_S = 10.0
_CANCEL_TRIES = 3
_OVERLOADED = (418, 429)
# Disconnected, unexpected answer, timeout, overload; and an id that an open order already has.
_SAY_NOTHING = frozenset({-1000, -1001, -1006, -1007, -1008, -1010, -4116})
_TRIGGER_PRICE = {"stop_market": "stopLossPrice", "take_profit_market": "takeProfitPrice"}


class CcxtOrders:
    """The writing side of an account; keeps tools.exchange.writer.OrderWriter."""

    entries_rest = False

    def __init__(
        self,
        client: PrivateClient,
        *,
        margin: Margin = "isolated",
        fate_known_after_s: float = RECV_WINDOW_MS / 1000 + _LAG_S,
    ) -> None:
        self._client = client
        self._account = CcxtAccount(client)
        self._margin = margin
        self.fate_known_after_s = fate_known_after_s

    def prepare(self, intent: OrderIntent) -> None:
        """Set margin mode and leverage of the market where they differ."""
        market = self._client.contract(intent.symbol)
        mode, leverage = self._settings(market)
        if mode != self._margin:
            self._set(
                f"{self._margin} margin",
                lambda exchange: exchange.set_margin_mode(self._margin, market["symbol"]),
            )
        if leverage != intent.leverage:
            self._set(
                f"leverage {intent.leverage}",
                lambda exchange: exchange.set_leverage(intent.leverage, market["symbol"]),
            )

    def create(self, intent: OrderIntent) -> VenueOrder:
        """Send one order once; how an ending is told apart is in the module's docstring."""
        try:
            market = self._client.contract(intent.symbol)
            request = _request(self._client.exchange, market, intent)
        except VenueError as problem:
            raise OrderRefused(f"{_name(intent)} cannot be sent: {problem}") from None
        answer = self._client.once(lambda exchange: exchange.create_order(*request))
        if isinstance(answer, Failure):
            raise _ending(answer, intent)
        return self._booked(answer, market, intent)

    def cancel(self, intent: OrderIntent) -> VenueOrder | None:
        """Cancel it, and ask what became of it; at most three times."""
        spelling = self._client.contract(intent.symbol)["symbol"]
        trouble: Exception | None = None
        for _ in range(_CANCEL_TRIES):
            self._client.once(lambda ex: ex.cancel_order(None, spelling, own_id(intent)))
            try:
                found = self._account.order(intent)
            except VenueError as problem:
                trouble = problem
                continue
            if found is None or found.status not in WORKING:
                return found
            trouble = None
        raise VenueError(
            f"Order {intent.client_order_id!r} was to be cancelled, and it is not known whether "
            f"it was: {trouble or 'the venue still calls it open'}. Look at the venue."
        )

    def _booked(self, answer: Any, market: Any, intent: OrderIntent) -> VenueOrder:
        """The order as accepted; an answer that does not name it says nothing."""
        try:
            found = ccxt_parse.order(answer, market)
        except (VenueError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as it:
            reason = self._client.safe(str(it) or type(it).__name__)
        else:
            if (found.client_order_id, found.side) == (intent.client_order_id, intent.side):
                return found
            reason = "the answer names another order"
        raise _unknown(intent, reason)

    def _settings(self, market: Any) -> tuple[str | None, int | None]:
        """Margin mode and leverage as they are; None for what the venue does not say."""
        rows = self._client.read(
            "margin and leverage",
            lambda ex: ex.fapiprivate_get_symbolconfig({"symbol": market["id"]}),
            rows=True,
        )
        own = [one for one in rows if one.get("symbol") == market["id"]]
        if len(own) != 1:
            return None, None
        mode = {"CROSSED": "cross", "ISOLATED": "isolated"}.get(str(own[0].get("marginType")))
        leverage = str(own[0].get("leverage"))
        return mode, int(leverage) if leverage.isascii() and leverage.isdigit() else None

    def _set(self, what: str, send: Any) -> None:
        """Repeating it is harmless, so it is asked again like a read."""
        import ccxt

        answer = self._client.ask(send)
        if not isinstance(answer, Failure) or issubclass(answer.kind, ccxt.NoChange):
            return
        if _definite(answer) or not answer.requested:
            raise OrderRefused(
                f"The venue does not take {what}: {answer.words}. No order was sent. Close what "
                "is open in this market, or change margin and leverage in the settings."
            )
        raise self._client.unreadable(what, answer)


def _request(exchange: Any, market: Any, intent: OrderIntent) -> tuple[Any, ...]:
    """The arguments of ccxt's create_order; numbers as text, never as floats."""
    quantity = plain(intent.quantity / contract_size(market))
    params: dict[str, Any] = {"clientOrderId": intent.client_order_id}
    kind, price = "market", None
    if intent.kind in CONDITIONAL:
        params[_TRIGGER_PRICE[intent.kind]] = _trigger(exchange, market, intent)
    elif intent.role == "entry" and intent.limit_price is not None:
        # Neither beyond the approved price nor later: nobody could place its stop at once.
        kind, price = "limit", _worst(exchange, market, intent)
        params["timeInForce"] = "IOC"
    elif intent.kind == "limit":
        kind, price = "limit", _worst(exchange, market, intent)
    if intent.reduce_only:
        params["reduceOnly"] = True
    return market["symbol"], kind, intent.side, quantity, price, params


def _worst(exchange: Any, market: Any, intent: OrderIntent) -> str:
    """The limit on its tick, never beyond it."""
    if intent.limit_price is None:
        raise OrderRefused(f"Order {intent.client_order_id!r} has no limit. It was not sent.")
    return _on_tick(exchange, market, intent.limit_price, up=intent.side == "sell")


def _trigger(exchange: Any, market: Any, intent: OrderIntent) -> str:
    """The trigger on its tick; a stop only ever becomes tighter, a target nearer."""
    if intent.trigger_price is None:
        raise OrderRefused(f"Order {intent.client_order_id!r} has no trigger. It was not sent.")
    stop, sells = intent.kind == "stop_market", intent.side == "sell"
    return _on_tick(exchange, market, intent.trigger_price, up=stop == sells)


def _on_tick(exchange: Any, market: Any, price: Decimal, *, up: bool) -> str:
    tick = rules(market, exchange.precisionMode).tick
    ticks = (price / tick).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)
    if ticks <= 0:
        raise OrderRefused(f"The price {price} is less than one tick, {tick}. No order was sent.")
    return plain(ticks * tick)


def _ending(failure: Failure, intent: OrderIntent) -> TradingError:
    """What the failure of a create means for the order."""
    name = _name(intent)
    if not failure.requested:
        return OrderRefused(f"{name} cannot be sent: {failure.words}. Nothing was sent.")
    if not failure.connected:
        return NotSent(
            f"{name} did not leave this machine, no connection to the venue could be made. "
            "Check the network."
        )
    if failure.status in _OVERLOADED:
        return Throttled(
            f"{name} was not taken, the venue asks for a pause: {failure.words}. Nothing was "
            "booked.",
            retry_after_s=failure.retry_after_s or 0.0,
        )
    if _definite(failure):
        return OrderRefused(
            f"{name} was refused by the venue: {failure.words}. Nothing was booked."
        )
    return _unknown(intent, failure.words)


def _unknown(intent: OrderIntent, reason: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{_name(intent)} may or may not stand at the venue: {reason}. "
        "It is not sent again; it is asked for by its id."
    )


def _name(intent: OrderIntent) -> str:
    return f"Order {intent.client_order_id!r} of {intent.symbol}"


def _definite(failure: Failure) -> bool:
    """The venue said that it booked nothing, by its status and its own code."""
    import ccxt

    if failure.status in _OVERLOADED:
        return True
    if failure.status is None or failure.status >= 500 or failure.status == 408:
        return False
    if failure.code is None or failure.code >= 0 or failure.code in _SAY_NOTHING:
        return False
    if "duplicat" in failure.words.lower():
        return False
    refusals = (ccxt.ExchangeError, ccxt.InvalidNonce, ccxt.RateLimitExceeded)
    return issubclass(failure.kind, refusals)
