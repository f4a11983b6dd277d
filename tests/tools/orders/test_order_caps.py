"""Entries are counted where they leave: in the cycle, and since midnight."""

from decimal import Decimal

from tests.tools.orders.bench import BTC, ETH
from tools.orders.desk import OrderCaps


def capped(cycle, **caps):
    """The cycle's order desk with these caps, over its own snapshot."""
    return cycle.execution.desk(
        quote=cycle.snapshot.markets.get, halted=lambda: None, caps=OrderCaps(**caps)
    )


def small(cycle, symbol=BTC):
    return cycle.draft(symbol, quantity=Decimal("0.001") if symbol == BTC else Decimal("0.01"))


def test_no_more_entries_in_a_cycle_than_the_cap(bench):
    """Whatever the gate counted: an error above this line sends no order."""
    cycle = bench.cycle()
    first, second = (cycle.approve(small(cycle, symbol)) for symbol in (BTC, ETH))
    report = capped(cycle, per_cycle=1).place_all([first, second])

    assert [order.intent.symbol for order in report.orders if order.intent.role == "entry"] == [BTC]
    assert [(r.approval_id, r.code) for r in report.refused] == [(second, "TooManyOrders")]


def test_no_more_entries_in_a_day_than_the_cap_and_midnight_ends_it(bench):
    """The day is UTC, and entries of earlier cycles count."""
    cycle = bench.cycle()
    capped(cycle, per_day=1).place_all([cycle.approve(small(cycle))])
    bench.clock.advance(hours=11, minutes=50)
    later = bench.cycle()
    later.reconcile()
    report = capped(later, per_day=1).place_all([later.approve(small(later, ETH))])
    assert [refused.code for refused in report.refused] == ["TooManyOrders"]

    bench.clock.advance(minutes=10)
    tomorrow = bench.cycle()
    tomorrow.reconcile()
    report = capped(tomorrow, per_day=1).place_all([tomorrow.approve(small(tomorrow, ETH))])
    assert report.refused == ()


def test_an_exit_is_never_counted_nor_capped(bench):
    """Less exposure needs no permission."""
    cycle = bench.cycle()
    cycle.trade(small(cycle))
    leaving = bench.cycle()
    leaving.reconcile()
    report = capped(leaving, per_cycle=0, per_day=0).place_all([leaving.approve(leaving.closing())])

    assert report.refused == ()
    assert report.orders[0].status == "filled"


def test_a_thousand_attempts_send_no_more_than_the_cap(bench):
    """A loop that runs wild is stopped by a number, not by a prompt."""
    cycle = bench.cycle()
    approved = [cycle.approve(small(cycle, symbol)) for symbol in (BTC, ETH)]
    desk = capped(cycle, per_cycle=1)
    for _ in range(500):
        desk.place_all(approved)

    entries = [
        order
        for order in bench.ledger.execution.orders(cycle.ids.cycle_id)
        if order.intent.role == "entry"
    ]
    assert len(entries) == 1
