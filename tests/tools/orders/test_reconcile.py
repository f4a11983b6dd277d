"""The venue is the truth: what happened between two cycles is booked once, and nothing is lost."""

from datetime import timedelta
from decimal import Decimal

import pytest

from records.errors import OrderRefused
from records.order import OrderIntent
from records.ports import MarketRequest, VenueFill
from tests.tools.orders.bench import BTC, CASH, ETH, Through, standing, statuses
from tools.orders.intents import from_approval


def books(bench):
    """Everything the ledger and the venue hold, for comparison."""
    ledger = bench.ledger
    return (
        ledger.account.open_positions(), ledger.account.trades(99),
        ledger.execution.fills_since(None),
        [ledger.execution.orders(c) for c in cycles_of(bench)], bench.account.cash(),
        dict(bench.account.holdings()), list(bench.account.open_orders()),
    )  # fmt: skip


def cycles_of(bench):
    return sorted({line["order"]["intent"]["cycle_id"] for line in bench.journal.of("order")})


def wait_for_a_fill(bench):
    """Let time pass, two hours at a time, until the venue has filled something more."""
    before = len(bench.account.fills(None, (BTC, ETH)))
    for _ in range(60):
        bench.clock.advance(hours=2)
        bench.account.catch_up()
        if len(bench.account.fills(None, (BTC, ETH))) > before:
            return
    pytest.fail("the demo market did not reach the order")


def wait_for_a_price(bench, *, at_most):
    """Let time pass until the price is there, without anybody looking at the account."""
    for _ in range(400):
        bench.clock.advance(minutes=15)
        request = MarketRequest(symbols=(BTC,), intervals=(), candles=1)
        if bench.market.observe(request).markets[BTC].ticker.last <= at_most:
            return
    pytest.fail("the demo market did not fall that far")


def test_a_stop_filled_between_cycles_becomes_a_trade(bench):
    """The position ended while nobody looked: booked as a stop-loss, the target is cancelled."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(stop_pct="0.4", target_pct="500"))
    wait_for_a_fill(bench)

    later = bench.cycle()
    result = later.reconcile()

    (trade,) = result.trades
    assert result.problems == ()
    assert (trade.exit_reason, trade.closed_in) == ("stop_loss", later.ids.cycle_id)
    assert trade.pnl == bench.account.cash() - CASH
    assert trade.pnl < 0
    assert statuses(bench.ledger, cycle.ids.cycle_id) == {
        "entry": "filled", "stop": "filled", "take_profit": "cancelled",
    }  # fmt: skip
    assert bench.ledger.account.open_positions() == ()


def test_a_target_filled_between_cycles_becomes_a_trade(bench):
    """The mirror: a profit, and the stop is cancelled."""
    cycle = bench.cycle(min_reward_risk=Decimal("0.01"))
    cycle.trade(cycle.draft(stop_pct="9", target_pct="0.4"))
    wait_for_a_fill(bench)
    (trade,) = bench.cycle().reconcile().trades
    assert trade.exit_reason == "take_profit"
    assert trade.pnl == bench.account.cash() - CASH
    assert trade.pnl > 0
    assert statuses(bench.ledger, cycle.ids.cycle_id)["stop"] == "cancelled"


def test_reconciling_twice_changes_nothing(bench):
    """A cycle that was killed right after it begins again with the same truth."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(stop_pct="0.4", target_pct="500"))
    cycle.trade(cycle.draft(ETH))
    wait_for_a_fill(bench)
    assert len(bench.cycle().reconcile().trades) == 1
    first = books(bench)
    for _ in range(2):
        result = bench.cycle().reconcile()
        assert (result.trades, result.problems) == ((), ())
        assert books(bench) == first


def test_a_limit_entry_that_fills_between_cycles_gets_its_guards(bench):
    """Stop and target of the approval, at the venue, as if somebody had been there."""
    cycle = bench.cycle()
    (entry,) = cycle.trade(cycle.draft(below_pct="0.1", stop_pct="3"))
    assert entry.status == "open"
    wait_for_a_fill(bench)

    result = bench.cycle().reconcile()

    assert result.problems == ()
    assert statuses(bench.ledger, cycle.ids.cycle_id) == {
        "entry": "filled", "stop": "open", "take_profit": "open",
    }  # fmt: skip
    approval = bench.ledger.decisions.approval(entry.intent.approval_id)
    assert {(o.role, o.trigger_price, o.quantity) for o in standing(bench)} == {
        ("stop", approval.stop, approval.quantity),
        ("take_profit", approval.take_profit, approval.quantity),
    }  # fmt: skip
    assert bench.ledger.account.open_positions()[0].stop == approval.stop


def test_a_resting_entry_sends_no_guards(bench):
    """A stop for something that is not held would be refused, or open a short."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(below_pct="1.9"))
    bench.clock.advance(seconds=180)
    assert bench.cycle().reconcile().problems == ()
    assert statuses(bench.ledger, cycle.ids.cycle_id) == {
        "entry": "open", "stop": "pending", "take_profit": "pending",
    }  # fmt: skip
    assert [one.role for one in standing(bench)] == ["entry"]


def test_a_resting_entry_counts_as_exposure(bench):
    """Two entries in one market, one resting and one new, would be twice the position allowed."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(below_pct="1.9"))
    bench.clock.advance(seconds=30)
    later = bench.cycle()
    later.reconcile()
    assert later.risk.register([later.draft()]) == ()
    (refused,) = bench.ledger.decisions.refusals(later.ids.cycle_id)
    assert [breach.limit for breach in refused.breaches] == ["risk.max_position_pct"]


def test_an_entry_that_does_not_fill_is_cancelled_with_its_guards(bench):
    """It lives as long as its approval; nothing of it is left pending."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(below_pct="1.9"))
    bench.clock.advance(seconds=300)
    assert bench.cycle().reconcile().problems == ()
    assert statuses(bench.ledger, cycle.ids.cycle_id) == {
        "entry": "cancelled", "stop": "cancelled", "take_profit": "cancelled",
    }  # fmt: skip
    assert list(bench.account.open_orders()) == []
    assert bench.ledger.execution.working_orders() == ()
    assert (bench.account.cash(), bench.account.holdings()) == (CASH, {})


def test_a_late_stop_is_filled_at_once_and_booked(bench):
    """The price fell through entry and stop while nobody looked: out, in one reconciliation."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(below_pct="0.1", stop_pct="0.4", target_pct=None))
    wait_for_a_fill(bench)
    stop = bench.ledger.execution.working_orders()[-1].intent.trigger_price
    wait_for_a_price(bench, at_most=stop)
    (trade,) = bench.cycle().reconcile().trades
    assert trade.exit_reason == "stop_loss"
    assert trade.pnl == bench.account.cash() - CASH
    assert bench.ledger.account.open_positions() == ()
    assert bench.ledger.execution.working_orders() == ()


def test_a_missing_stop_is_replaced(bench):
    """Somebody cancelled it at the venue; the position is not left without one."""
    cycle = bench.cycle()
    _, stop, _ = cycle.trade(cycle.draft())
    bench.account.cancel(stop.intent)
    bench.clock.advance(seconds=60)

    later = bench.cycle()
    assert later.reconcile().problems == ()

    (position,) = bench.ledger.account.open_positions()
    (replaced,) = [o for o in standing(bench) if o.role == "stop"]
    assert replaced.cycle_id == later.ids.cycle_id
    assert replaced.approval_id is None
    assert (replaced.quantity, replaced.trigger_price) == (
        position.quantity, position.stop,
    )  # fmt: skip
    assert bench.ledger.execution.order(stop.intent.client_order_id).status == "cancelled"
    assert bench.cycle().reconcile().problems == ()
    assert len(bench.account.open_orders()) == 2


def test_a_stop_replaced_too_late_takes_its_target_with_it(bench):
    """The price is past the stop already: out at once, and nothing is left working."""
    cycle = bench.cycle()
    _, stop, _ = cycle.trade(cycle.draft(stop_pct="0.4"))
    bench.account.cancel(stop.intent)
    wait_for_a_price(bench, at_most=stop.intent.trigger_price)

    (trade,) = bench.cycle().reconcile().trades

    assert trade.exit_reason == "stop_loss"
    assert statuses(bench.ledger, cycle.ids.cycle_id)["take_profit"] == "cancelled"
    assert bench.ledger.execution.working_orders() == ()


def test_a_stop_that_cannot_be_replaced_is_named(bench):
    """An unprotected position is a problem with a name, and blocks entries."""
    cycle = bench.cycle()
    _, stop, _ = cycle.trade(cycle.draft())
    bench.account.cancel(stop.intent)

    class Refusing(Through):
        def create(self, intent):
            raise OrderRefused("The venue takes no orders now.")

    problems = bench.cycle(writer=Refusing(bench.account)).reconcile().problems
    assert any("BTC/USDT is held without a stop" in problem for problem in problems)
    kinds = [event.kind for event in bench.ledger.safety.events(9)]
    assert set(kinds) == {"not_closed", "stop_refused"}


def test_a_holding_the_ledger_does_not_know_is_left_alone(bench):
    """Somebody bought by hand: it is reported, every time, and never sold."""
    bench.cycle().observe()
    foreign = OrderIntent(
        intent_id="hand", cycle_id="hand", approval_id=None, client_order_id="by-hand-1",
        created_at=bench.clock.now(), symbol=ETH, side="buy", role="entry", kind="market",
        quantity=Decimal("0.5"),
    )  # fmt: skip
    bench.account.create(foreign)
    for _ in range(2):
        bench.clock.advance(seconds=60)
        (problem,) = bench.cycle().reconcile().problems
        assert "ETH/USDT: the venue holds 0.5 that this desk did not open" in problem
    assert bench.account.holdings() == {ETH: Decimal("0.5")}
    assert len(bench.account.fills(None, (BTC, ETH))) == 1
    assert bench.ledger.account.open_positions() == ()
    assert bench.ledger.execution.fills_since(None) == ()


def test_a_stranger_does_not_keep_our_own_fills_from_the_books(bench):
    """Our stop was hit beside a purchase by hand: the trade is booked all the same."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(stop_pct="0.4", target_pct="500"))
    bench.account.create(
        OrderIntent(
            intent_id="hand", cycle_id="hand", approval_id=None, client_order_id="by-hand-1",
            created_at=bench.clock.now(), symbol=ETH, side="buy", role="entry", kind="market",
            quantity=Decimal("0.5"),
        )
    )  # fmt: skip
    wait_for_a_fill(bench)
    result = bench.cycle().reconcile()
    assert [trade.exit_reason for trade in result.trades] == ["stop_loss"]
    assert len(result.problems) == 1


def test_a_position_the_venue_does_not_hold_is_reported(bench):
    """Sold by hand: the ledger does not guess at what price."""
    cycle = bench.cycle()
    (entry, *_) = cycle.trade(cycle.draft())
    bench.account.create(
        OrderIntent(
            intent_id="hand", cycle_id="hand", approval_id=None, client_order_id="by-hand-1",
            created_at=bench.clock.now(), symbol=BTC, side="sell", role="exit", kind="market",
            quantity=entry.filled_quantity,
        )
    )  # fmt: skip
    problems = bench.cycle().reconcile().problems
    assert any(f"the ledger holds {entry.filled_quantity}, the venue 0" in one for one in problems)
    assert bench.ledger.account.trades(9) == ()


def spend_only(bench, cycle, draft):
    """What the ledger holds when the desk is killed between writing and sending."""
    approval_id = cycle.approve(draft)
    intents = from_approval(bench.ledger.decisions.approval(approval_id), bench.clock.now())
    return bench.ledger.execution.spend_approval(approval_id, bench.clock.now(), intents)


def test_a_kill_before_sending_leaves_nothing_behind(bench):
    """The venue never saw it: the orders expire, nothing is sent later, the approval is gone."""
    cycle = bench.cycle()
    pending = spend_only(bench, cycle, cycle.draft())
    assert {order.status for order in pending} == {"pending"}
    bench.clock.advance(seconds=60)

    result = bench.cycle().reconcile()

    assert (result.trades, result.problems) == ((), ())
    assert set(statuses(bench.ledger, cycle.ids.cycle_id).values()) == {"expired"}
    assert (list(bench.account.open_orders()), list(bench.account.fills(None, (BTC, ETH)))) == (
        [],
        [],
    )
    assert bench.account.cash() == CASH


def test_a_kill_after_sending_is_caught_up(bench):
    """The venue filled the entry, the desk died before the guards: booked, and both are sent."""
    cycle = bench.cycle()
    entry, *_ = spend_only(bench, cycle, cycle.draft())
    bench.account.create(entry.intent)
    bench.clock.advance(seconds=60)

    assert bench.cycle().reconcile().problems == ()

    assert statuses(bench.ledger, cycle.ids.cycle_id) == {
        "entry": "filled", "stop": "open", "take_profit": "open",
    }  # fmt: skip
    assert len(bench.ledger.account.open_positions()) == 1
    assert len(bench.account.fills(None, (BTC, ETH))) == 1


def test_a_kill_between_the_guards_is_caught_up(bench):
    """The stop rests, the target was not sent: only what is missing is sent."""
    cycle = bench.cycle()
    entry, stop, _ = spend_only(bench, cycle, cycle.draft())
    bench.account.create(entry.intent)
    bench.account.create(stop.intent)
    assert bench.cycle().reconcile().problems == ()
    assert sorted(o.role for o in standing(bench)) == ["stop", "take_profit"]


def test_an_exit_fill_without_a_position_is_reported_not_booked(bench):
    """Two exits met at once: the second has nothing to close, and a person must look."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft())
    leaving = bench.cycle()
    (order,) = leaving.trade(leaving.closing())
    bench.clock.advance(seconds=1)

    class Doubled:
        """The same account, telling one fill more."""

        def __getattr__(self, name):
            return getattr(bench.account, name)

        def fills(self, since, symbols):
            more = VenueFill(
                fill_id="twice", venue_order_id=order.venue_order_id, symbol=BTC,
                side="sell", quantity=order.filled_quantity, price=Decimal(60_000),
                fee=Decimal(0), liquidity="taker", at=bench.clock.now() - timedelta(seconds=1),
            )  # fmt: skip
            return [*bench.account.fills(since, symbols), more]

    later = bench.cycle()
    later.books._account = Doubled()
    (problem,) = later.reconcile().problems
    assert "holds no position there" in problem
    assert "twice" not in {fill.fill_id for fill in bench.ledger.execution.fills_since(None)}
    assert len(bench.ledger.account.trades(9)) == 1
