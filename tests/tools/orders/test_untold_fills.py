"""Fills that a venue never lists: booked from its word on the order, or named, never guessed."""

import sqlite3
from decimal import Decimal

import pytest

from tests.tools.orders.awkward import by_somebody_else, half_filled, held_as, listing, nothing
from tests.tools.orders.live import Live, sound


@pytest.fixture
def live(ledger):
    return Live(ledger)


def averaging(live, told):
    """Let the venue name the average prices that `told` makes of its own."""
    for name in ("create", "order"):
        ask = getattr(live.venue, name)

        def asked(intent, ask=ask):
            order = ask(intent)
            if order is None or order.average_price is None:
                return order
            return order.model_copy(update={"average_price": told(order.average_price)})

        setattr(live.venue, name, asked)


def take_out(live, approval_id):
    """Another program removes a permission that stands; the ledger's own triggers forbid it."""
    connection = sqlite3.connect(live.ledger.path)
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'approvals'"
    with connection:
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM approvals WHERE approval_id = ?", (approval_id,))
    connection.close()


def entered(live, **terms):
    """An entry is placed; the id of its approval."""
    cycle = live.cycle()
    approval_id = cycle.approve(**terms)
    cycle.place(approval_id)
    return approval_id


def later(live, seconds=120):
    """Reconcile in a cycle of its own, after fills are long overdue."""
    live.venue.advance(seconds=seconds)
    return live.cycle().reconcile()


def test_a_fill_that_is_neither_listed_nor_priced_is_named_and_not_guessed(live):
    """No price of ours is the price it was traded at; the stop that was sent stands meanwhile."""
    averaging(live, lambda _price: None)
    listed_again = listing(live, nothing)
    live.cycle().open()

    result = later(live)

    assert any("neither lists the fills nor names a price" in one for one in result.problems)
    assert not result.venue_failed
    assert (live.position(), live.ledger.execution.fills_since(None)) == (None, ())
    assert (live.audit.stops, live.audit.targets) == (1, 1)

    listed_again()
    assert later(live).problems == ()
    sound(live)


def test_a_rounded_average_that_leaves_nothing_for_the_rest_still_books_it(live):
    """The last thousandth would have cost less than nothing; the average is nearer to the truth."""
    venue = live.venue.venue

    def in_parts(order):
        venue._fill(order, Decimal("1.999"), Decimal("100.1"), maker=False)
        venue._fill(order, Decimal("0.001"), Decimal("100.1"), maker=False)

    arrive, venue._arrive = venue._arrive, in_parts
    averaging(live, lambda price: price.quantize(Decimal(1)))
    listing(live, lambda fills: fills[:1])
    live.cycle().open()
    venue._arrive = arrive

    result = later(live)

    assert result.problems == ()
    assert [(f.quantity, f.price) for f in live.ledger.execution.fills_since(None)] == [
        (Decimal("1.999"), Decimal("100.1")), (Decimal("0.001"), Decimal(100)),
    ]  # fmt: skip
    assert live.position().quantity == live.audit.position == 2


def test_a_part_that_fills_after_a_part_was_booked_untold_is_booked_too(ledger):
    """The venue had called the order over; each part is booked once, listed at last or not."""
    live = Live(ledger, slices=2)
    listed_again = listing(live, nothing)
    live.cycle().open(limit=99, quantity="3")
    half_filled(live)
    entry = held_as(live, "entry")
    entry.status = "cancelled"
    live.cycle().reconcile()
    later(live)
    assert live.position().quantity == Decimal("1.5")

    entry.status = "partially_filled"
    live.venue.venue._fill(entry, Decimal(1), entry.limit, maker=True)
    live.cycle().reconcile()
    assert later(live).problems == ()
    listed_again()
    assert later(live).problems == ()

    assert live.position().quantity == live.audit.position == Decimal("2.5")
    assert sum(f.quantity for f in live.ledger.execution.fills_since(None)) == Decimal("2.5")
    assert live.audit.protected


def test_a_stop_that_fills_before_its_untold_entry_ends_still_closes_what_it_guarded(ledger):
    """The rest of the entry was taken back after the stop had sold the part that was held."""
    live = Live(ledger, slices=2)
    listing(live, nothing)
    live.cycle().open(limit=99, ttl_s=150)
    half_filled(live)
    live.cycle().reconcile()
    assert (live.audit.position, live.audit.stops) == (1, 1)
    live.venue.venue._trigger(held_as(live, "stop"))
    live.wait()
    live.cycle().reconcile()
    assert held_as(live, "entry").updated > held_as(live, "stop").updated

    assert later(live).problems == ()

    (trade,) = live.ledger.account.trades(9)
    assert (trade.exit_reason, trade.quantity) == ("stop_loss", 1)
    assert (live.position(), live.audit.position, live.audit.open_orders) == (None, 0, ())


def test_an_entry_whose_approval_is_gone_is_guarded_and_reported_not_booked(live):
    """Another hand took the row; what a position was for is not made up, its stop is sent."""
    approval_id = entered(live, limit=99)
    take_out(live, approval_id)
    live.move("98.9")

    for _ in range(2):
        result = later(live)
        assert any("has no approval in the ledger" in problem for problem in result.problems)
        assert any("did not open" in problem for problem in result.problems)
        assert not result.venue_failed
        assert (live.position(), live.ledger.execution.fills_since(None)) == (None, ())
        assert (live.audit.position, live.audit.stops) == (2, 1)


def test_an_untold_fill_that_cannot_be_booked_keeps_no_other_entry_from_its_stop(live):
    """Stop and exit met, so one of them closed nothing of ours; another entry has filled since."""
    live.cycle().open()
    by_somebody_else(live, "buy", "3")
    live.wait()
    seen = live.now()
    listing(live, lambda fills: [fill for fill in fills if fill.at < seen])
    live.move(97)
    live.cycle().protect()
    assert live.audit.position == 1
    live.cycle().open(limit=96)
    live.move("95.9")

    result = later(live)

    assert any("holds no position there" in problem for problem in result.problems)
    assert not result.venue_failed
    assert (live.audit.position, live.audit.stops, live.audit.targets) == (3, 1, 1)


def test_what_was_closed_before_a_position_was_opened_takes_nothing_from_it(live):
    """Of two exits that met, the second closed what a person holds: not what was opened since."""
    live.cycle().open()
    by_somebody_else(live, "buy", "3")
    live.wait()
    live.move(97)
    live.cycle().protect()
    live.cycle().open(limit=96)
    live.move("95.9")

    for _ in range(2):
        problems = later(live).problems
        assert any("no position there of that time" in problem for problem in problems)
        assert [trade.quantity for trade in live.ledger.account.trades(9)] == [2]
        assert live.position().quantity == 2
        assert (live.audit.position, live.audit.stops) == (3, 1)

    live.cycle().execution.flatten(None)
    assert (live.position(), live.audit.position, live.audit.open_orders) == (None, 1, ())
