"""A venue that tells of fills late, or never: what was filled is guarded, and booked once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from records.order import FundingPayment
from tests.crash.script import BTC
from tests.tools.orders.awkward import (
    by_somebody_else,
    half_filled,
    listing,
    nothing,
    sent_of,
    unreadable,
)
from tests.tools.orders.live import Live, sound


@pytest.fixture
def live(ledger):
    return Live(ledger)


def filled_by_a_quarter(live):
    """The next entry takes a quarter from the book and loses the rest."""
    venue, arrive = live.venue.venue, live.venue.venue._arrive

    def thin(order):
        if order.limit is None:
            arrive(order)
            return
        venue._fill(order, order.quantity / 4, venue.last, maker=False)
        order.status = "expired"

    venue._arrive = thin


def test_a_fee_that_is_valued_anew_at_every_look_is_booked_as_first_seen(live):
    """A fee paid in another coin is worth more a minute later; that is no second fill."""
    live.cycle().open()
    paid = live.ledger.execution.fills_since(None)[0].fee
    listing(
        live, lambda fills: [f.model_copy(update={"fee": f.fee * Decimal("1.001")}) for f in fills]
    )

    cycle = live.cycle()
    result = cycle.reconcile()
    cycle.execution.flatten(None)
    live.venue.advance(hours=20)

    assert (result.problems, live.cycle().reconcile().problems) == ((), ())
    assert live.ledger.execution.fills_since(None)[0].fee == paid
    assert len(live.ledger.execution.fills_since(None)) == len(live.audit.fills) == 2
    assert (live.position(), live.audit.position) == (None, 0)


def test_while_the_fills_cannot_be_read_no_fill_without_a_fee_is_booked(live):
    """Not told and not readable are two things; the fee stands in the list of a moment later."""
    live.cycle().open()
    live.wait()
    live.move(97)
    live.venue.advance(seconds=120)
    readable_again = listing(live, unreadable)

    problems = live.cycle().reconcile().problems

    assert "The fills could not be read: 503." in problems
    assert live.ledger.account.trades(5) == ()

    readable_again()
    (trade,) = live.cycle().reconcile().trades
    assert trade.fees == sum(one.fill.fee for one in live.audit.fills)
    sound(live)


def test_a_part_that_is_never_listed_has_the_price_that_is_left_for_it(ledger):
    """The venue's average holds for the whole order; the listed part has its own price."""
    live = Live(ledger, slices=2)
    listing(live, lambda fills: fills[:1])
    live.cycle().open()

    live.venue.advance(seconds=120)
    live.cycle().reconcile()

    booked = [(f.quantity, f.price) for f in live.ledger.execution.fills_since(None)]
    assert booked == [(one.fill.quantity, one.fill.price) for one in live.audit.fills]
    assert booked[0][1] != booked[1][1]
    assert live.position().entry_price == Decimal("100.15")


def test_an_entry_filled_in_part_is_guarded_before_its_fills_are_listed(live):
    """The stop cannot wait for the list; its size is what the answer said."""
    filled_by_a_quarter(live)
    listed_again = listing(live, nothing)

    live.cycle().open(quantity="2")

    guards = [(o.client_order_id[-2:], o.quantity) for o in live.audit.open_orders]
    assert guards == [("s2", Decimal("0.5")), ("t2", Decimal("0.5"))]

    listed_again()
    assert live.cycle().reconcile().problems == ()
    assert live.position().quantity == Decimal("0.5")
    sound(live)


@pytest.mark.parametrize("lag_s", [0.1, 0.6])
def test_fills_that_are_listed_a_moment_later_are_booked_in_the_same_cycle(live, lag_s):
    """Two short looks more: the next entry is judged with the first one in the books."""
    cycle = live.cycle()
    first, second = cycle.approve(), cycle.approve()
    began = live.now()
    listing(live, lambda fills: fills if live.now() >= began + timedelta(seconds=lag_s) else [])

    report = cycle.place(first, second)

    assert report.refused == ()
    assert live.position().quantity == 4
    assert live.now() - began < timedelta(seconds=1)
    sound(live)


def test_while_fills_of_an_entry_are_not_listed_nothing_else_is_opened(live):
    """The risk of the second entry was judged without the first one in the books."""
    listed_again = listing(live, nothing)
    cycle = live.cycle()
    first, second = cycle.approve(), cycle.approve()

    report = cycle.place(first, second)

    assert [(r.approval_id, r.code) for r in report.refused] == [(second, "EntriesHalted")]
    assert sent_of(live, "e") == 1

    listed_again()
    live.cycle().reconcile()
    sound(live)


def test_a_position_that_is_not_listed_yet_is_closed_when_its_stop_is_refused_twice(live):
    """No position without a stop, whether or not the books know of it."""
    live.venue.faults = [None, "refused", "refused"]
    listed_again = listing(live, nothing)

    live.cycle().open()

    assert (live.audit.position, live.audit.open_orders) == (0, ())
    assert "stop_refused" in live.alarms()

    listed_again()
    (trade,) = live.cycle().reconcile().trades
    assert trade.exit_reason == "unprotected"
    sound(live)


@pytest.mark.parametrize("foreign", ["0", "3"], ids=["alone", "beside a foreign position"])
def test_an_exit_that_filled_is_not_sent_again_while_its_fill_is_not_listed(live, foreign):
    """Reduce-only protects nobody here: a second exit would close what a person holds."""
    live.cycle().open()
    by_somebody_else(live, "buy", foreign)
    cycle = live.cycle()
    listed_again = listing(
        live, lambda fills: [f for f in fills if f.at < live.now() - timedelta(seconds=5)]
    )

    orders = cycle.execution.flatten(None)

    assert [order.status for order in orders] == ["filled"]
    assert live.audit.position == Decimal(foreign)
    assert sent_of(live, "x") == 1

    listed_again()
    live.cycle().reconcile()
    assert (live.position(), live.audit.open_orders) == (None, ())
    assert live.audit.position == Decimal(foreign)


@pytest.mark.parametrize("foreign", ["0", "3"], ids=["alone", "beside a foreign position"])
def test_what_an_unlisted_exit_closed_is_not_closed_by_the_next_order_either(live, foreign):
    """A person who runs `desk flatten` twice, or a time exit after it, asks for one exit."""
    live.cycle().open()
    by_somebody_else(live, "buy", foreign)
    cycle = live.cycle()
    listing(live, lambda fills: [f for f in fills if f.at < live.now() - timedelta(seconds=30)])
    cycle.execution.flatten(None)

    cycle.execution.flatten(None)

    assert live.audit.position == Decimal(foreign)
    assert sent_of(live, "x") == 1


def test_a_stop_that_filled_and_is_not_listed_yet_is_not_replaced(live):
    """Beside a foreign position it looks as if only the stop were gone."""
    live.cycle().open()
    by_somebody_else(live, "buy", "3")
    cycle = live.cycle()
    listed_again = listing(
        live, lambda fills: [f for f in fills if f.at < live.now() - timedelta(seconds=30)]
    )
    live.move(97)

    cycle.reconcile()

    assert live.audit.position == Decimal(3)
    assert (sent_of(live, "s"), sent_of(live, "x")) == (1, 0)

    listed_again()
    (trade,) = live.cycle().reconcile().trades
    assert trade.exit_reason == "stop_loss"


def test_what_filled_of_an_entry_that_the_breaker_cancels_is_guarded(ledger):
    """A cancelled entry is no dead entry: half of it is a position."""
    live = Live(ledger, slices=2)
    live.cycle().open(limit=99)
    cycle = live.cycle()
    cycle.reconcile()
    half_filled(live)

    cycle.execution.cancel_entries("the circuit breaker is triggered")

    assert [order.quantity for order in live.audit.open_orders] == [Decimal(1)] * 2
    assert (live.audit.stops, live.audit.targets) == (1, 1)
    sound(live)


def test_what_filled_of_an_entry_that_expires_is_guarded(ledger):
    """It may fill between the last look and the cancel."""
    live = Live(ledger, slices=2)
    live.cycle().open(limit=99, ttl_s=30)
    cancel = live.venue.cancel

    def too_late(intent):
        if live.audit.position == 0:
            half_filled(live)
        return cancel(intent)

    live.venue.cancel = too_late

    result = live.cycle().reconcile()

    assert result.problems == ()
    assert [order.quantity for order in live.audit.open_orders] == [Decimal(1)] * 2
    sound(live)


def test_a_market_entry_that_is_answered_as_open_is_settled_in_the_cycle(live):
    """An answer may come before the match; the stop waits for no later cycle."""
    venue, arrive = live.venue.venue, live.venue.venue._arrive
    venue._arrive = lambda order: (
        arrive(order)
        if order.limit is None
        else venue.later(venue.now + 100, lambda: arrive(order))
    )

    report = live.cycle().open()

    assert [order.status for order in report.orders] == ["filled", "open", "open"]
    sound(live)


def test_funding_of_days_without_the_desk_is_booked_once(live):
    """Three days off are nine payments; asking only a day back would lose six."""
    live.cycle().open()
    opened = live.now()
    due = [
        FundingPayment(
            payment_id=f"f{n}", symbol=BTC, amount=Decimal(n), at=opened + timedelta(hours=8 * n)
        )
        for n in range(1, 10)
    ]
    live.venue.funding = lambda since, _symbols: [p for p in due if since <= p.at <= live.now()]

    live.venue.advance(days=3)
    live.cycle().reconcile()
    live.cycle().reconcile()

    assert live.position().funding == Decimal(45)


def test_two_forced_fills_of_one_second_close_one_position(live):
    """A liquidation comes in parts; each is an order of its own in the ledger."""
    live.cycle().open()
    for part in range(2):
        by_somebody_else(live, "sell", "1", f"autoclose-{part}")
    live.venue.forced = lambda _fill: True

    trades = live.cycle().reconcile().trades

    assert [(t.exit_reason, t.quantity) for t in trades] == [("liquidation", Decimal(1))] * 2
    assert live.alarms() == ["liquidation", "liquidation"]
    assert (live.position(), live.audit.open_orders) == (None, ())
    sound(live)
