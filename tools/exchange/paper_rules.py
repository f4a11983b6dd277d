"""
What a paper venue refuses before it books anything; each refusal names the rule and the figure.

On spot nothing may be sold that is not held. Orders that only reduce are exempt from the
smallest order value, as on real venues, so that no remainder is stuck; like there, one
that is larger than the position is cut to it when it is executed.
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


def check_leverage(intent: OrderIntent, rules: SymbolRules, in_use: int | None) -> None:
    """The market allows an entry's leverage, and no position or entry there has another."""
    asked = intent.leverage
    if asked > rules.max_leverage:
        raise _refused(intent, f"leverage {asked} is above the {rules.max_leverage} allowed here")
    if rules.perpetual and asked > 1 and Decimal(100) / asked <= rules.maintenance_pct:
        raise _refused(
            intent,
            f"leverage {asked} leaves less margin than the maintenance of "
            f"{plain(rules.maintenance_pct)} %: it would be liquidated at once",
        )
    if in_use is not None and asked != in_use:
        raise _refused(
            intent,
            f"it asks for leverage {asked} while a position or an entry of this market has "
            f"{in_use}, which is not changed under it",
        )


def check_holding(
    intent: OrderIntent, rules: SymbolRules, held: Decimal, promised: Decimal
) -> None:
    """A reduction needs something to reduce; spot sells only what is held and not promised."""
    reducible = max(-held if intent.side == "buy" else held, Decimal(0))
    if intent.reduce_only and not reducible:
        raise _refused(intent, f"it only reduces, and the account holds {plain(held)}")
    if intent.reduce_only or rules.perpetual or intent.side == "buy":
        return
    if intent.quantity > held - promised:
        raise _refused(
            intent,
            f"it sells {plain(intent.quantity)} and {plain(held - promised)} can be sold: "
            "this market is long only",
        )


def check_margin(intent: OrderIntent, needed: Decimal, free: Decimal) -> None:
    """An entry's margin and fee are free: not bound by positions, not reserved by entries."""
    if needed > free:
        raise _refused(
            intent,
            f"it needs {needed:.2f} with its fee (leverage {intent.leverage}) "
            f"and {max(free, Decimal(0)):.2f} is free",
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
