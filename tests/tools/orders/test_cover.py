"""Stop and target cover all of a position, or it is closed: what each reconciliation sees to."""

from decimal import Decimal

import pytest

from records.errors import LedgerBusy, VenueError
from tests.tools.orders.awkward import held_as, locked_from, sent_of, unreadable_for
from tests.tools.orders.live import Live, sound

BOTH = pytest.mark.parametrize("side", ["buy", "sell"])


@pytest.fixture
def live(ledger):
    return Live(ledger)


def guards(live):
    """What guards at the venue: role by the id's last part, size and trigger."""
    return sorted(
        (order.client_order_id.rpartition("-")[2][0], order.quantity, order.trigger_price)
        for order in live.audit.open_orders
    )


@BOTH
def test_a_position_without_a_stop_price_is_closed(live, side):
    """Where it would end nobody has said, so nothing can guard it; a person is told."""
    live.cycle().open(side)
    live.ledger.account.save_position(live.position().model_copy(update={"stop": None}))

    result = live.cycle().reconcile()

    assert result.problems == ("BTC/USDT has no stop price; it is closed.",)
    assert live.alarms() == ["no_stop"]
    (trade,) = live.ledger.account.trades(9)
    assert (trade.exit_reason, trade.quantity) == ("unprotected", 2)
    assert (live.audit.position, live.audit.open_orders) == (0, ())
    sound(live)


@BOTH
def test_a_target_that_somebody_cancelled_is_put_back(live, side):
    """For all of the position, at its price, and once; the stop is left as it stands."""
    live.cycle().open(side)
    before = guards(live)
    held_as(live, "take_profit").status = "cancelled"

    for _ in range(2):
        assert live.cycle().reconcile().problems == ()
        assert guards(live) == before

    assert (sent_of(live, "s"), sent_of(live, "t")) == (1, 2)
    sound(live)


def test_of_guards_that_only_together_cover_a_position_none_is_withdrawn(live):
    """Two entries in one market bring a pair each; to take one for a spare would uncover half."""
    live.cycle().open()
    live.cycle().open()
    assert live.position().quantity == 4
    before = guards(live)

    assert live.cycle().reconcile().problems == ()

    assert guards(live) == before
    assert (live.audit.stops, live.audit.targets) == (2, 2)
    live.move(97)
    assert sum(t.quantity for t in live.cycle().reconcile().trades) == 4
    sound(live)


def test_where_a_part_of_the_cover_is_gone_one_guard_for_all_takes_its_place(live):
    """The new one is there before what is left of the old ones goes."""
    live.cycle().open()
    live.cycle().open()
    held_as(live, "stop").status = "cancelled"
    held_as(live, "take_profit").status = "cancelled"

    assert live.cycle().reconcile().problems == ()

    position = live.position()
    assert guards(live) == [
        ("s", Decimal(4), position.stop), ("t", Decimal(4), position.take_profit),
    ]  # fmt: skip
    sound(live)


def test_a_stop_that_was_sent_unrecorded_and_has_filled_is_booked_and_not_sent_again(live):
    """The ledger was locked after the entry; a second stop would close what was opened since."""
    unlocked = locked_from(live, 2)
    with pytest.raises(LedgerBusy):
        live.cycle().open()
    unlocked()
    assert (live.audit.stops, sent_of(live, "s")) == (1, 1)
    live.move(97)

    (trade,) = live.cycle().reconcile().trades

    assert (trade.exit_reason, trade.quantity) == ("stop_loss", 2)
    assert sent_of(live, "s") == 1
    assert (live.audit.position, live.audit.open_orders) == (0, ())
    sound(live)


def test_a_guard_that_cannot_be_asked_for_keeps_no_other_entry_from_its_stop(live):
    """The list cannot be read either, so nothing later in the cycle would make up for it."""
    first, second = live.cycle(), live.cycle()
    ids = [first.approve(limit=99), second.approve(limit=99)]
    first.place(ids[0])
    second.place(ids[1])
    live.move("98.9")
    read = live.venue.open_orders

    def unlisted():
        raise VenueError("The list of orders could not be read: 503.")

    live.venue.open_orders = unlisted
    readable_again = unreadable_for(live, lambda intent: intent.client_order_id == f"{ids[0]}-s")

    result = live.cycle().reconcile()

    assert "The order's state could not be read." in result.problems
    assert result.venue_failed
    assert [o.client_order_id for o in live.audit.open_orders] == [f"{ids[1]}-s", f"{ids[1]}-t"]

    live.venue.open_orders = read
    readable_again()
    assert live.cycle().reconcile().problems == ()
    sound(live)


def rested(live, limit):
    """A limit entry that waits at the venue, its guards pending."""
    cycle = live.cycle()
    approval_id = cycle.approve(limit=limit, ttl_s=3600)
    cycle.place(approval_id)
    return approval_id


def test_when_the_ledger_fails_what_has_filled_is_guarded_and_nothing_else(live):
    """One entry cannot be asked for, one has filled, one rests: its stop would guard nothing."""
    unread, filled, resting = rested(live, 99), rested(live, 99), rested(live, 98)
    live.move("98.9")
    readable_again = unreadable_for(live, lambda intent: intent.client_order_id == f"{unread}-e")
    unlocked = locked_from(live, 1)

    with pytest.raises(LedgerBusy):
        live.cycle().reconcile()

    assert [o.client_order_id for o in live.audit.open_orders] == [
        f"{resting}-e", f"{filled}-s", f"{filled}-t",
    ]  # fmt: skip

    unlocked()
    readable_again()
    assert live.cycle().reconcile().problems == ()
    assert live.position().quantity == live.audit.position == 4
    assert live.audit.protected
    sound(live)


@pytest.mark.parametrize(
    ("fault", "stops"),
    [("refused", 0), ("request lost", 0), ("answer lost", 1), ("unreachable", 1)],
)
def test_a_stop_that_fails_while_the_ledger_does_is_made_good_by_the_next_cycle(live, fault, stops):
    """What the command ends with is the ledger's failure; the target is still tried."""
    rested(live, 99)
    live.move("98.9")
    live.venue.faults = [fault]
    unlocked = locked_from(live, 1)

    with pytest.raises(LedgerBusy):
        live.cycle().reconcile()

    assert (live.audit.stops, live.audit.targets) == (stops, 1)

    unlocked()
    assert live.cycle().reconcile().problems == ()
    assert (live.audit.stops, live.audit.targets) == (1, 1)
    sound(live)
