"""What a person closed at the venue is booked when that person says so, and not before."""

from decimal import Decimal

import pytest

from records.errors import OrderRefused
from tests.tools.orders.live import Live


@pytest.fixture
def live(ledger):
    return Live(ledger)


def by_hand(live, quantity):
    """Somebody sells at the venue, under an id that is not ours."""
    entry = live.ledger.execution.orders(live.position().cycle_id)[0].intent
    live.venue.venue.create(
        entry.model_copy(
            update={
                "client_order_id": "web_1", "side": "sell", "quantity": Decimal(quantity),
                "limit_price": None, "reduce_only": True,
            }
        )
    )  # fmt: skip


def test_a_position_closed_by_hand_is_booked_and_its_guards_go(live):
    """Entries are possible again, and nothing rests that guards nothing."""
    live.cycle().open()
    by_hand(live, 2)
    assert live.cycle().reconcile().problems != ()

    trade = live.cycle().execution.accept("BTC/USDT", Decimal(101))

    assert (trade.quantity, trade.exit_price, trade.exit_reason) == (2, 101, "by_hand")
    assert live.position() is None
    assert live.audit.open_orders == ()
    assert live.cycle().reconcile().problems == ()


def test_a_part_closed_by_hand_leaves_the_rest_guarded(live):
    """The stop that stands covers more than the rest, and is reduce-only."""
    live.cycle().open()
    by_hand(live, 1)

    live.cycle().execution.accept("BTC/USDT", Decimal(101))

    assert live.position().quantity == 1
    assert live.cycle().reconcile().problems == ()
    assert live.audit.protected


def test_nothing_is_accepted_where_nothing_is_gone(live):
    """Nor is anything adopted that somebody bought."""
    live.cycle().open()

    with pytest.raises(OrderRefused, match="nothing is gone"):
        live.cycle().execution.accept("BTC/USDT", Decimal(101))
    with pytest.raises(OrderRefused, match="holds nothing of ETH/USDT"):
        live.cycle().execution.accept("ETH/USDT", Decimal(101))
    assert live.position().quantity == 2
