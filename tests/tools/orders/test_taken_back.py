"""Orders the ledger and the venue do not agree on: found again, lost, or taken back."""

from decimal import Decimal

import pytest

from tests.tools.orders.awkward import Killed, half_filled, held_as, sent_of, unreadable_for
from tests.tools.orders.live import Live, sound

OVER = ["cancelled", "rejected", "expired", "absent", "lost"]


@pytest.fixture
def live(ledger):
    return Live(ledger)


def resting(live, **terms):
    """A limit entry that waits at the venue for an hour; as the ledger has it."""
    cycle = live.cycle()
    approval_id = cycle.approve(limit=99, ttl_s=3600, **terms)
    return cycle.place(approval_id).orders[0]


def now(live, order):
    return live.ledger.execution.order(order.intent.client_order_id)


def forgotten(live, role):
    """The venue no longer knows its newest order of this role; returns how it remembers."""
    orders, order = live.venue.venue.orders, held_as(live, role)
    at = orders.index(order)
    orders.remove(order)
    return lambda: orders.insert(at, order)


def believed(live, order, status):
    """The ledger holds the order for over."""
    live.ledger.execution.update_order(now(live, order).model_copy(update={"status": status}))


def test_an_entry_the_venue_no_longer_knows_is_lost_after_misses_in_a_row(live):
    """One miss is a lagging list; in the end it is named once, and its guards are never sent."""
    entry = resting(live)
    forgotten(live, "entry")

    first, second, third = (live.cycle().reconcile().problems for _ in range(3))

    assert (first, third) == ((), ())
    assert any("no longer knows it" in problem for problem in second)
    assert now(live, entry).status == "lost"
    assert live.ledger.execution.working_orders() == ()
    assert live.venue.created == [entry.intent.client_order_id]


def test_an_entry_that_the_venue_remembers_in_time_is_not_lost(live):
    """Misses count in a row; what was found between two of them begins anew."""
    entry = resting(live)
    for _ in range(3):
        remember = forgotten(live, "entry")
        live.cycle().reconcile()
        assert now(live, entry).strikes > 0
        remember()
        assert live.cycle().reconcile().problems == ()
        assert (now(live, entry).status, now(live, entry).strikes) == ("open", 0)


@pytest.mark.parametrize("status", OVER)
def test_an_entry_believed_over_that_stands_at_the_venue_is_taken_back(live, status):
    """Nobody waits for it any more, and its guards are gone: filled, it would be nobody's idea."""
    entry = resting(live)
    believed(live, entry, status)

    result = live.cycle().reconcile()

    assert result.problems == ()
    assert now(live, entry).status == "cancelled"
    assert live.audit.open_orders == ()
    assert live.ledger.execution.working_orders() == ()
    sound(live)


def test_what_an_entry_believed_over_has_filled_is_guarded(ledger):
    """The rest is taken back; the part is a position."""
    live = Live(ledger, slices=2)
    entry = resting(live)
    half_filled(live)
    believed(live, entry, "lost")

    assert live.cycle().reconcile().problems == ()

    assert live.position().quantity == 1
    assert [order.quantity for order in live.audit.open_orders] == [Decimal(1)] * 2
    sound(live)


def test_an_entry_believed_over_whose_cancel_fails_is_named_and_followed(live):
    """It may fill until its approval ends; then it is taken back like any other."""
    entry = resting(live)
    believed(live, entry, "absent")
    live.venue.cancel_faults = ["lost"]

    assert live.cycle().reconcile().problems == ("the cancel was not answered",)
    assert now(live, entry).status == "open"

    live.venue.advance(hours=1)
    assert live.cycle().reconcile().problems == ()
    assert live.audit.open_orders == ()
    sound(live)


def test_a_stop_believed_over_that_stands_at_the_venue_guards_again(live):
    """It is neither cancelled nor doubled: what matters is that it stands."""
    _, stop, _ = live.cycle().open().orders
    believed(live, stop, "lost")

    assert live.cycle().reconcile().problems == ()

    assert now(live, stop).status == "open"
    assert (live.audit.stops, sent_of(live, "s")) == (1, 1)
    sound(live)


def test_an_order_the_venue_does_not_know_is_not_thereby_cancelled(live):
    """It may be late in listing it: a miss is counted, and the entry is looked for again."""
    entry = resting(live)
    remember = forgotten(live, "entry")

    live.cycle().execution.cancel_entries("the circuit breaker is triggered")

    assert (now(live, entry).status, now(live, entry).strikes) == ("open", 1)
    remember()
    live.halted = "a person said so"
    assert live.cycle().reconcile().problems == ()
    assert now(live, entry).status == "cancelled"
    assert live.audit.open_orders == ()
    sound(live)


def test_an_entry_that_was_written_and_not_sent_ends_with_its_guards(live):
    """A kill before the sending leaves three rows; the breaker ends them, and nothing goes out."""
    write = live.ledger.execution.update_order

    def killed(_order):
        raise Killed

    live.ledger.execution.update_order = killed
    cycle = live.cycle()
    with pytest.raises(Killed):
        cycle.open()
    live.ledger.execution.update_order = write

    live.cycle().execution.cancel_entries("the circuit breaker is triggered")

    ended = live.ledger.execution.orders(cycle.ids.cycle_id)
    assert [(order.intent.role, order.status) for order in ended] == [
        ("entry", "cancelled"), ("stop", "cancelled"), ("take_profit", "cancelled"),
    ]  # fmt: skip
    assert ended[0].reason == "the circuit breaker is triggered"
    assert live.cycle().reconcile().problems == ()
    assert live.venue.created == []


def test_an_entry_in_doubt_is_asked_for_and_taken_back_once_it_is_known(live):
    """Of an order that nobody can see, a cancel proves nothing; it stays named until then."""
    live.venue.faults = ["answer lost"]
    readable_again = unreadable_for(live, lambda intent: intent.role == "entry")
    entry = resting(live)
    assert entry.status == "unknown"
    live.halted = "a person said so"
    listed = live.venue.open_orders
    live.venue.open_orders = list

    problems = live.cycle().reconcile().problems

    assert any("not known yet" in problem for problem in problems)
    assert now(live, entry).status == "unknown"

    live.venue.open_orders = listed
    readable_again()
    assert live.cycle().reconcile().problems == ()
    assert now(live, entry).status == "cancelled"
    assert live.audit.open_orders == ()
    sound(live)
