"""What an executor repeats of an order is compared to the digit, and never used."""

from decimal import Decimal

import pytest

from tests.tools.orders.bench import BTC
from tests.tools.risk.cases import approval
from tools.orders.echo import OrderEcho

MARKET = approval(BTC, quantity="0.01", price="100", price_low="99", price_high="101", stop="95")
LIMIT = approval(
    BTC, quantity="0.01", price="100", price_low="99", price_high="100", stop="95",
    entry="limit", limit_price="100",
)  # fmt: skip
WHOLE = {"symbol": BTC, "side": "buy", "size": "0.01", "stop": "95"}


@pytest.mark.parametrize(
    ("allowed", "echo"),
    [
        (MARKET, {}),
        (MARKET, WHOLE | {"type": "market"}),
        (MARKET, WHOLE | {"type": "market", "price": "101"}),
        (MARKET, {"size": "0.010"}),
        (LIMIT, WHOLE | {"type": "limit", "price": "100.0"}),
    ],
)
def test_what_was_approved_may_be_repeated(allowed, echo):
    """The same value in other digits is the same value."""
    assert OrderEcho.model_validate(echo).differs_from(allowed) is None


@pytest.mark.parametrize(
    ("allowed", "echo", "word"),
    [
        (MARKET, {"symbol": "ETH/USDT"}, "symbol ETH/USDT"),
        (MARKET, {"symbol": "BTC/USDT\u200b"}, "symbol"),
        (MARKET, {"side": "sell"}, "side sell"),
        (MARKET, {"type": "limit"}, "type limit"),
        (MARKET, {"size": "0.010000000000000000001"}, "size 0.010000000000000000001"),
        (MARKET, {"size": "-0.01"}, "size -0.01"),
        (MARKET, {"stop": "94.99"}, "stop 94.99"),
        (MARKET, {"price": "101.01"}, "outside the approved 99 to 101"),
        (MARKET, {"price": "98.99"}, "outside the approved"),
        (LIMIT, {"price": "99.99"}, "approved is 100"),
    ],
)
def test_anything_else_is_refused_with_both_figures(allowed, echo, word):
    """A confused executor is told what was approved; its own figure is never taken."""
    assert word in OrderEcho.model_validate(echo).differs_from(allowed)


def test_an_order_repeated_wrongly_is_not_sent_and_its_approval_stays_unused(bench):
    """The next cycle decides anew; nothing was spent."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    report = cycle.orders.place_all([approval_id], OrderEcho(size=Decimal("5")))

    assert [refused.code for refused in report.refused] == ["EchoRefused"]
    assert report.orders == ()
    assert bench.ledger.decisions.approval(approval_id).used_at is None


def test_an_order_repeated_rightly_is_the_approval_s(bench):
    """Every figure of it comes from the ledger."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    allowed = bench.ledger.decisions.approval(approval_id)
    echo = OrderEcho(symbol=BTC, side="buy", size=allowed.quantity, stop=allowed.stop)
    report = cycle.orders.place_all([approval_id], echo)

    assert report.refused == ()
    assert report.orders[0].intent.quantity == allowed.quantity


def test_an_exit_has_no_stop_to_repeat(bench):
    """A stop named for an exit is none that was approved."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft())
    leaving = bench.cycle()
    leaving.reconcile()
    approval_id = leaving.approve(leaving.closing())
    report = leaving.orders.place_all([approval_id], OrderEcho(stop=Decimal(1)))

    assert [refused.code for refused in report.refused] == ["EchoRefused"]
