"""
A venue's answers about an account, into records: strictly, or VenueError.

Quantities are in base units, whatever the venue counts in. A state that is not known here, a
number that is missing, a side that contradicts its quantity: none of it is guessed at. An
order of unknown state is asked for again; a wrong one would be booked.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from records.base import Side
from records.clock import from_epoch_ms
from records.errors import SettingsError, VenueError
from records.order import FundingPayment, OrderStatus
from records.ports import VenueFill, VenueOrder
from records.strict import faults
from tools.exchange.ccxt_read import contract_size, exact
from tools.exchange.symbols import desk_symbol

_OURS = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9]+-", re.ASCII)
"""How every client order id of a desk begins; see records.ids."""
_STATUSES: dict[str, OrderStatus] = {
    "open": "open",
    "closed": "filled",
    "canceled": "cancelled",
    "expired": "expired",
    "rejected": "rejected",
}
_TRIGGER_STATUSES: dict[str, OrderStatus] = {
    "NEW": "open",
    "TRIGGERING": "open",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
}
_TRIGGERED = frozenset({"TRIGGERED", "FINISHED"})


def shown_symbol(spelling: object) -> str:
    """The desk's name of ccxt's spelling; a market the desk cannot trade keeps its own."""
    try:
        return desk_symbol(str(spelling))
    except SettingsError:
        return str(spelling)


def order(answer: Any, market: Any) -> VenueOrder:
    """One order; of a conditional one that was triggered, see `triggered_as`."""
    size = contract_size(market)
    filled = exact(answer.get("filled"), "its filled quantity") * size
    if _is_trigger(answer):
        return _record(VenueOrder, **_common(answer, size), **_waiting(answer))
    return _record(
        VenueOrder,
        **_common(answer, size),
        status=_status(answer, filled),
        filled_quantity=filled,
        average_price=_price(answer.get("average"), "its average price") if filled else None,
    )


def triggered_as(answer: Any) -> str | None:
    """The order that a conditional order became; None while it waits or when it ended unused."""
    info = answer.get("info")
    if not _is_trigger(answer) or info.get("algoStatus") not in _TRIGGERED:
        return None
    child = str(info.get("actualOrderId") or "")
    if child in ("", "0"):
        if info["algoStatus"] == "FINISHED":
            raise VenueError("A conditional order has ended, and the answer does not say how.")
        return None
    return child


def executed(trigger: VenueOrder, child: VenueOrder) -> VenueOrder:
    """A conditional order with what became of it once it was triggered."""
    if (child.symbol, child.side) != (trigger.symbol, trigger.side):
        raise VenueError("A conditional order was triggered as an order of another market or side.")
    return trigger.model_copy(
        update={
            "status": child.status,
            "filled_quantity": child.filled_quantity,
            "average_price": child.average_price,
            "executed_as": child.venue_order_id,
            "updated_at": max(trigger.updated_at, child.updated_at),
        }
    )


def fee_currency(answer: Any) -> str:
    """What the fee of a fill was paid in."""
    fee = answer.get("fee")
    currency = fee.get("currency") if isinstance(fee, Mapping) else None
    if not isinstance(currency, str):
        raise VenueError("A fill does not say what its fee was paid in.")
    return currency


def fill(answer: Any, market: Any, fee_price: Decimal) -> VenueFill:
    """One fill; `fee_price`: what one unit of its fee's currency is worth in the quote's."""
    symbol = shown_symbol(answer.get("symbol"))
    fee = exact((answer.get("fee") or {}).get("cost"), "its fee")
    return _record(
        VenueFill,
        fill_id=f"{symbol}-{_id(answer.get('id'), 'A fill')}",
        venue_order_id=_id(answer.get("order"), "The order of a fill"),
        symbol=symbol,
        side=_side(answer),
        quantity=exact(answer.get("amount"), "its quantity") * contract_size(market),
        price=exact(answer.get("price"), "its price"),
        fee=fee * fee_price,
        liquidity=answer.get("takerOrMaker"),
        at=_time(answer.get("timestamp")),
    )


def holding(answer: Any, market: Any) -> Decimal:
    """The signed quantity of one position; VenueError when the account is in hedge mode."""
    if answer.get("hedged") is True:
        raise VenueError(
            "The account is in hedge mode, which the desk does not trade in. Nothing was sent. "
            "Set one-way mode at the venue, then run again."
        )
    quantity = exact(answer.get("contracts"), "its contracts") * contract_size(market)
    if not quantity:
        return quantity
    sign = {"long": 1, "short": -1}.get(str(answer.get("side")))
    if sign is None or quantity < 0:
        raise VenueError(f"A position is {answer.get('side')!r:.40}, neither long nor short.")
    return quantity * sign


def cash(account: Any, quote: str, quotes: Mapping[str, str]) -> Decimal:
    """
    Wallet less entry value of longs, plus that of shorts, from one answer.

    `quotes`: what the positions of each of the venue's market ids are settled in.
    """
    assets = [one for one in _list(account, "assets") if one.get("asset") == quote]
    if len(assets) != 1:
        raise VenueError(f"The account's answer holds no {quote[:20]} wallet.")
    wallet = exact(assets[0].get("walletBalance"), "its wallet")
    return wallet - sum(_entry_value(one, quote, quotes) for one in _list(account, "positions"))


def funding(answer: Any, quote: str) -> FundingPayment:
    """One funding payment; what the venue calls an income is negative when paid."""
    symbol = shown_symbol(answer.get("symbol"))
    if answer.get("code") != quote:
        raise VenueError(f"A funding payment is in {answer.get('code')!r:.40}, not in {quote}.")
    at = _time(answer.get("timestamp"))
    return _record(
        FundingPayment,
        payment_id=f"{symbol}-funding-{_id(answer.get('id'), 'A funding payment')}",
        symbol=symbol,
        amount=-exact(answer.get("amount"), "its amount"),
        at=at,
    )


def stranger(answer: Any) -> VenueOrder | None:
    """An open order of somebody else, as far as it can be read; None when it may be ours."""
    name = answer.get("clientOrderId") if isinstance(answer, Mapping) else None
    if not isinstance(name, str) or not name or _OURS.match(name):
        return None
    side: Side = "sell" if answer.get("side") == "sell" else "buy"
    return VenueOrder(
        client_order_id=name[:80],
        venue_order_id=str(answer.get("id"))[:80],
        symbol=str(answer.get("symbol"))[:40],
        side=side,
        status="open",
        quantity=Decimal(0),
        filled_quantity=Decimal(0),
        average_price=None,
        reason="it cannot be read",
        updated_at=from_epoch_ms(0),
    )


def _quantity(answer: Any, size: Decimal, *, closes: bool) -> Decimal:
    """Base units; an order that closes whatever is held names none."""
    amount = answer.get("amount")
    return Decimal(0) if closes and not amount else exact(amount, "its quantity") * size


def _common(answer: Any, size: Decimal) -> dict[str, Any]:
    info = answer.get("info")
    closes = isinstance(info, Mapping) and info.get("closePosition") is True
    trigger = answer.get("triggerPrice")
    return {
        "client_order_id": str(answer.get("clientOrderId") or ""),
        "venue_order_id": _id(answer.get("id"), "An order"),
        "symbol": shown_symbol(answer.get("symbol")),
        "side": _side(answer),
        "quantity": _quantity(answer, size, closes=closes),
        "trigger_price": None if trigger is None else _price(trigger, "its trigger price"),
        "reduce_only": answer.get("reduceOnly") is True or closes,
        "updated_at": _updated(answer),
    }


def _waiting(answer: Any) -> dict[str, Any]:
    """A conditional order has filled nothing itself: the order it becomes does."""
    said = str(answer["info"].get("algoStatus"))
    status = "open" if said in _TRIGGERED else _TRIGGER_STATUSES.get(said)
    if status is None:
        raise VenueError(f"A conditional order is in state {said!r:.40}, which is not known here.")
    return {"status": status, "filled_quantity": Decimal(0), "average_price": None}


def _status(answer: Any, filled: Decimal) -> OrderStatus:
    said = answer.get("status")
    status = _STATUSES.get(str(said))
    if status is None:
        raise VenueError(f"An order is in state {said!r:.40}, which is not known here.")
    if status == "filled" and not filled:
        raise VenueError("An order is called filled, and nothing of it was.")
    return "partially_filled" if status == "open" and filled else status


def _is_trigger(answer: Any) -> bool:
    info = answer.get("info")
    return isinstance(info, Mapping) and "algoStatus" in info


def _entry_value(position: Any, quote: str, quotes: Mapping[str, str]) -> Decimal:
    """Signed; from value and result, since the newest answers leave the entry price out."""
    amount = exact(position.get("positionAmt"), "its position")
    if not amount or quotes.get(str(position.get("symbol"))) != quote:
        return Decimal(0)
    value = exact(position.get("notional"), "its position's value")
    if value * amount <= 0:
        raise VenueError("A position and its value have different signs.")
    return value - exact(position.get("unrealizedProfit"), "its position's result")


def _list(account: Any, name: str) -> list[Any]:
    rows = account.get(name) if isinstance(account, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise VenueError(f"The account's answer holds no {name}.")
    return rows


def _side(answer: Any) -> Side:
    side = answer.get("side")
    if side not in ("buy", "sell"):
        raise VenueError(f"A side is {side!r:.40}, neither buy nor sell.")
    return "buy" if side == "buy" else "sell"


def _price(value: Any, what: str) -> Decimal:
    price = exact(value, what)
    if price <= 0:
        raise VenueError(f"{what} is {price}, not above zero.")
    return price


def _updated(answer: Any) -> Any:
    stamps = (answer.get("lastUpdateTimestamp"), answer.get("timestamp"))
    return _time(next((stamp for stamp in stamps if stamp), None))


def _time(stamp: Any) -> Any:
    if isinstance(stamp, bool) or not isinstance(stamp, int) or stamp <= 0:
        raise VenueError(f"A time is {stamp!r:.40}, not milliseconds since 1970.")
    return from_epoch_ms(stamp)


def _id(value: Any, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise VenueError(f"{what} has no id.")
    return str(value)


def _record[R: (VenueOrder, VenueFill, FundingPayment)](record: type[R], **fields: Any) -> R:
    try:
        return record.model_validate(fields)
    except ValidationError as problem:
        raise VenueError(
            f"The venue's answer is no {record.__name__}: {faults(problem)}."
        ) from None
