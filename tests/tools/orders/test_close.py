"""Leaving a position: the guards go with it, and the profit is the cash, to the last digit."""

from decimal import Decimal

import pytest

from tests.tools.orders.bench import BTC, ETH, standing


def test_a_close_cancels_the_guards_and_makes_a_trade(bench):
    """Nothing may rest that could open a short later."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft())
    bench.clock.advance(minutes=30)
    leaving = bench.cycle()
    leaving.reconcile()

    orders = leaving.trade(leaving.closing())

    assert [(one.intent.role, one.status) for one in orders] == [("exit", "filled")]
    assert list(bench.account.open_orders()) == []
    assert bench.ledger.execution.working_orders() == ()
    assert {one.status for one in bench.ledger.execution.orders(cycle.ids.cycle_id)} == {
        "filled", "cancelled",
    }  # fmt: skip
    assert bench.ledger.account.open_positions() == ()
    (trade,) = bench.ledger.account.trades(9)
    assert (trade.exit_reason, trade.holding_s, trade.side) == ("close", 1800, "long")
    assert (trade.opened_in, trade.closed_in) == (cycle.ids.cycle_id, leaving.ids.cycle_id)


@pytest.mark.parametrize("minutes", [3, 600])
@pytest.mark.parametrize("symbol", [BTC, ETH])
@pytest.mark.parametrize("parts", [1, 3])
def test_the_profit_is_the_cash_to_the_last_digit(bench, symbol, minutes, parts):
    """Fees included, over one book level or many: no rounding hides a cent."""
    bench.cash = Decimal(1_000_000)
    whole = dict.fromkeys(
        ("max_position_pct", "max_symbol_pct", "max_correlated_pct", "max_total_exposure_pct",
         "risk_per_trade_pct"), Decimal(100),
    )  # fmt: skip
    cycle = bench.cycle(**whole)
    asked = Decimal("80.2345") if symbol == ETH else Decimal("4.08765")
    cycle.trade(cycle.draft(symbol, stop_pct="9", target_pct=None, quantity=asked))
    bench.clock.advance(minutes=minutes)
    bench.cycle().reconcile()
    assert bench.ledger.account.open_positions(), "the stop was meant to be out of reach"
    for _ in range(parts - 1):  # parts that do not divide evenly
        leaving = bench.cycle()
        part = (asked / parts).quantize(Decimal("0.0001"))
        leaving.trade(leaving.closing(symbol, "reduce", quantity=part))
    leaving = bench.cycle()
    leaving.trade(leaving.closing(symbol))

    trades = bench.ledger.account.trades(99)
    assert sum(trade.pnl for trade in trades) == bench.account.cash() - 1_000_000
    fills = bench.account.fills(None, (BTC, ETH))
    assert len(fills) > 2 * parts, "several prices were meant to be averaged"
    assert sum(trade.fees for trade in trades) == sum(fill.fee for fill in fills)
    assert sum(trade.quantity for trade in trades) == asked
    assert bench.account.holdings() == {}
    assert len(trades) >= parts
    assert trades[0].exit_reason == "close"


def test_a_part_leaves_the_rest_guarded(bench):
    """Half is sold, the stop still rests, and the trade is called a reduction."""
    cycle = bench.cycle()
    (entry, *_) = cycle.trade(cycle.draft())
    half = (entry.filled_quantity / 2).quantize(Decimal("0.00001"), rounding="ROUND_DOWN")
    cycle = bench.cycle()
    cycle.trade(cycle.closing(action="reduce", quantity=half))
    (trade,) = bench.ledger.account.trades(9)
    assert (trade.exit_reason, trade.quantity) == ("reduce", half)
    (position,) = bench.ledger.account.open_positions()
    assert position.quantity == entry.filled_quantity - half
    assert {one.role for one in standing(bench)} == {"stop", "take_profit"}
    assert bench.cycle().reconcile().problems == ()
