"""
What a paper venue refuses before it books anything; each refusal names the rule and the figure.

Long only: nothing may be sold that is not held. Orders that only reduce are exempt from
the smallest order value, as on real venues, so that no remainder is stuck.
"""

from decimal import Decimal

from records.base import plain
from records.errors import OrderRefused
from records.market import SymbolRules
from records.order import OrderIntent
from tools.exchange.symbols import quote_of


def check_shape(intent: OrderIntent, rules: SymbolRules, currency: str) -> None:
    """The order fits the market: currency, steps, prices that its kind needs."""
    if quote_of(intent.symbol) != currency:
        raise _refused(intent, f"it is not priced in the account's {currency}")
    _multiple(intent, "quantity", intent.quantity, rules.step)
    if intent.quantity < rules.min_quantity:
        raise _refused(
            intent,
            f"{plain(intent.quantity)} is below the smallest quantity {plain(rules.min_quantity)}",
        )
    needs = {
        "limit_price": intent.kind == "limit",
        "trigger_price": intent.kind in ("stop_market", "take_profit_market"),
    }
    for name, needed in needs.items():
        price: Decimal | None = getattr(intent, name)
        if needed and price is None:
            raise _refused(intent, f"a {intent.kind} order needs a {name}")
        if needed and price is not None:
            _multiple(intent, name, price, rules.tick)


def check_value(intent: OrderIntent, rules: SymbolRules, price: Decimal) -> None:
    """The order is large enough to be worth a fill."""
    value = intent.quantity * price
    if not intent.reduce_only and value < rules.min_notional:
        raise _refused(
            intent,
            f"its value {value:.2f} is below the smallest order value {plain(rules.min_notional)}",
        )


def check_holding(intent: OrderIntent, held: Decimal, promised: Decimal) -> None:
    """Only what is held, and not already promised to another plain sell order, may be sold."""
    if intent.reduce_only and intent.side == "buy":
        raise _refused(intent, "a reduce-only buy closes a short, and this account is long only")
    if intent.side == "buy":
        return
    free = held if intent.reduce_only else held - promised
    if intent.quantity > free:
        raise _refused(
            intent,
            f"it sells {plain(intent.quantity)} and {plain(free)} can be sold (long only)",
        )


def check_cash(intent: OrderIntent, cost: Decimal, free: Decimal) -> None:
    """The purchase and its fee are paid from cash that no resting order has reserved."""
    if cost > free:
        raise _refused(
            intent, f"it costs {cost:.2f} with its fee and {max(free, Decimal(0)):.2f} is free"
        )


def check_depth(intent: OrderIntent, available: Decimal) -> None:
    """An entry may not be larger than what the book shows."""
    if available < intent.quantity:
        raise _refused(
            intent,
            f"the shown book holds {plain(available)} of the {plain(intent.quantity)} asked for",
        )


def _multiple(intent: OrderIntent, name: str, value: Decimal, unit: Decimal) -> None:
    if value % unit:
        raise _refused(intent, f"{name} {plain(value)} is not a multiple of {plain(unit)}")


def _refused(intent: OrderIntent, why: str) -> OrderRefused:
    return OrderRefused(
        f"Order {intent.client_order_id!r} ({intent.side} {intent.symbol}) was refused: {why}. "
        "Nothing was booked. Correct the order and send it under a new id."
    )
