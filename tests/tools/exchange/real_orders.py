"""Intents as the order core writes them, for tests of the real account."""

from datetime import UTC, datetime
from decimal import Decimal

from records.order import OrderIntent

AT = datetime(2025, 4, 18, tzinfo=UTC)


def intent(client_order_id, **given):
    """A market buy of 0.05 BTC unless said otherwise."""
    usual = {
        "intent_id": client_order_id,
        "cycle_id": "c-1",
        "approval_id": "a-1",
        "client_order_id": client_order_id,
        "created_at": AT,
        "symbol": "BTC/USDT",
        "side": "buy",
        "role": "entry",
        "kind": "market",
        "quantity": Decimal("0.05"),
        "leverage": 3,
    }
    return OrderIntent(**(usual | given))


def stop(client_order_id="a-1-s", price="80000", **given):
    """The stop of a long position."""
    return intent(
        client_order_id, side="sell", role="stop", kind="stop_market",
        trigger_price=Decimal(price), **({"reduce_only": True} | given),
    )  # fmt: skip


def target(client_order_id="a-1-t", price="99000"):
    """The target of a long position."""
    return intent(
        client_order_id, side="sell", role="take_profit", kind="take_profit_market",
        trigger_price=Decimal(price), reduce_only=True,
    )  # fmt: skip


def leave(client_order_id="a-1-x", **given):
    """A market exit of a long position."""
    return intent(client_order_id, side="sell", role="exit", reduce_only=True, **given)
