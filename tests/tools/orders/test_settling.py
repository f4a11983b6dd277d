"""An entry answered before it is matched: in the cycle it is over, or what filled is guarded."""

import pytest

from records.errors import VenueError
from tests.tools.orders.live import Live, sound


@pytest.fixture
def live(ledger):
    return Live(ledger)


def matched_after(live, ms):
    """The venue acknowledges an entry and matches it a little later."""
    venue, arrive = live.venue.venue, live.venue.venue._arrive

    def acknowledged(order):
        if order.reduce_only:
            arrive(order)
        else:
            venue.later(venue.now + ms, lambda: arrive(order))

    venue._arrive = acknowledged


def failing(live, role, times, fault):
    """The first so many questions for an order of a role end in this."""
    ask, asked = live.venue.order, []

    def order(intent):
        if intent.role != role or len(asked) == times:
            return ask(intent)
        asked.append(intent)
        return fault()

    live.venue.order = order


def unreadable():
    raise VenueError("The order's state could not be read.")


def unknown():
    return None


FAULTS = pytest.mark.parametrize("fault", [unreadable, unknown])


@FAULTS
def test_a_question_that_fails_is_asked_again_until_the_entry_is_over(live, fault):
    """One bad answer is no reason to leave a position without its stop until the next cycle."""
    matched_after(live, 100)
    failing(live, "entry", 2, fault)

    report = live.cycle().open()

    assert [order.status for order in report.orders] == ["filled", "open", "open"]
    assert live.alarms() == []
    sound(live)


@FAULTS
def test_what_the_fills_tell_of_an_entry_is_guarded_though_its_state_cannot_be_read(live, fault):
    """The list of fills names the order by the venue's id; that is enough to size the stop."""
    matched_after(live, 100)
    failing(live, "entry", 10_000, fault)

    report = live.cycle().open()

    assert live.position().quantity == 2
    assert (live.audit.stops, live.audit.targets) == (1, 1)
    assert [order.intent.role for order in report.orders] == ["entry", "stop", "take_profit"]
    assert report.orders[0].filled_quantity == 2
    sound(live)


@FAULTS
def test_an_entry_that_is_never_matched_is_taken_back(live, fault):
    """It would fill at a price of later, when nobody is there to place its stop."""
    matched_after(live, 3_600_000)
    failing(live, "entry", 2, fault)

    report = live.cycle().open()

    assert [order.status for order in report.orders] == ["cancelled"] * 3
    assert live.audit.open_orders == ()
    sound(live)
