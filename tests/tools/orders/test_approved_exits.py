"""An approved exit: what it does not close stays guarded, and nothing is closed twice."""

import pytest

from records.errors import OrderRefused
from records.order import OrderIntent
from tests.tools.orders.bench import BTC, ETH, Through, standing


@pytest.fixture
def held(bench):
    """A position with its guards; the quantity."""
    cycle = bench.cycle()
    entry, *_ = cycle.trade(cycle.draft())
    bench.clock.advance(minutes=5)
    return entry.filled_quantity


class Differing(Through):
    """The real account, but for how it takes exits."""

    def __init__(self, account, take):
        super().__init__(account)
        self.take, self.exits = take, []

    def create(self, intent):
        if intent.role != "exit":
            return super().create(intent)
        self.exits.append(intent)
        return self.take(intent)


class Silent:
    """The same account, which lists no fill from a time on."""

    def __init__(self, account, since):
        self._account, self._since = account, since

    def __getattr__(self, name):
        return getattr(self._account, name)

    def fills(self, since, symbols):
        return [one for one in self._account.fills(since, symbols) if one.at < self._since]


def test_an_exit_that_the_venue_refuses_leaves_the_position_guarded(bench, held):
    """Stop and target go when something was closed, and not before."""

    def refused(_intent):
        raise OrderRefused("Trading is paused. Nothing was booked.")

    cycle = bench.cycle(writer=Differing(bench.account, refused))
    (order,) = cycle.trade(cycle.closing())

    assert (order.status, order.reason) == ("rejected", "Trading is paused. Nothing was booked.")
    assert bench.account.holdings() == {BTC: held}
    assert {one.role for one in standing(bench)} == {"stop", "take_profit"}
    assert bench.ledger.account.trades(9) == ()
    assert bench.cycle().reconcile().problems == ()


def test_an_exit_that_is_answered_before_it_is_matched_is_settled_in_the_cycle(bench, held):
    """The report says filled, the trade is this cycle's, and no guard outlives its position."""

    def acknowledged(intent):
        nothing_yet = {"status": "open", "filled_quantity": 0, "average_price": None}
        return bench.account.create(intent).model_copy(update=nothing_yet)

    cycle = bench.cycle(writer=Differing(bench.account, acknowledged))
    (order,) = cycle.trade(cycle.closing())

    assert (order.status, order.filled_quantity) == ("filled", held)
    assert [trade.closed_in for trade in bench.ledger.account.trades(9)] == [cycle.ids.cycle_id]
    assert (standing(bench), bench.ledger.account.open_positions()) == ([], ())


def test_what_an_unlisted_exit_closed_is_not_sold_again_by_an_approved_one(bench, held):
    """Reduce-only protects nobody where a person holds the same market."""
    cycle = bench.cycle()
    cycle.observe()
    bench.account.create(
        OrderIntent(
            intent_id="hand", cycle_id="hand", approval_id=None, client_order_id="by-hand-1",
            created_at=bench.clock.now(), symbol=BTC, side="buy", role="entry", kind="market",
            quantity=held,
        )
    )  # fmt: skip
    bench.clock.advance(seconds=1)
    cycle.books._account = Silent(bench.account, bench.clock.now())
    approval_id = cycle.approve(cycle.closing())
    cycle.execution.flatten([BTC])

    report = cycle.orders.place_all([approval_id])

    (refusal,) = report.refused
    assert (refusal.approval_id, refusal.code) == (approval_id, "OrderRefused")
    assert "does not list the fills yet" in refusal.message
    assert bench.ledger.decisions.approval(approval_id).used_at is None
    assert bench.account.holdings() == {BTC: held}

    cycle.books._account = bench.account
    (trade,) = cycle.reconcile().trades
    assert (trade.exit_reason, trade.quantity) == ("flatten", held)


def test_an_exit_of_what_is_left_beside_an_unlisted_one_is_sent(bench, held):
    """Half is gone and not listed; the other half may be left at once."""
    cycle = bench.cycle()
    half = (held / 2).quantize(held, rounding="ROUND_DOWN")
    first = cycle.approve(cycle.closing(action="reduce", quantity=half))
    second = cycle.approve(cycle.closing(action="reduce", quantity=held - half))
    cycle.books._account = Silent(bench.account, bench.clock.now())

    report = cycle.orders.place_all([first, second])

    assert report.refused == ()
    assert bench.account.holdings() == {}
    cycle.books._account = bench.account
    cycle.reconcile()
    assert (bench.ledger.account.open_positions(), standing(bench)) == ((), [])
    assert len(bench.account.fills(None, (BTC, ETH))) >= 3


def test_an_exit_at_a_limit_rests_beside_its_guards_until_its_approval_ends(bench, held):
    """It is not hurried: what it has not sold stays guarded, and afterwards nothing of it rests."""
    cycle = bench.cycle()
    bid = cycle.snapshot.markets[BTC].ticker.bid
    above = (bid * 1001 / 1000).quantize(bid)
    (order,) = cycle.trade(cycle.closing(entry="limit", limit_price=above))

    assert (order.status, order.intent.limit_price) == ("open", above)
    assert sorted(one.role for one in standing(bench)) == ["exit", "stop", "take_profit"]

    bench.clock.advance(seconds=300)
    assert bench.cycle().reconcile().problems == ()
    assert sorted(one.role for one in standing(bench)) == ["stop", "take_profit"]
    assert bench.account.holdings() == {BTC: held}
