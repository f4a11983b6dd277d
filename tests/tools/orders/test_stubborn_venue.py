"""A venue that refuses, stays silent or stops half way: what can be made safe is made safe."""

from decimal import Decimal

import pytest

from records.errors import LedgerBusy, Throttled, VenueError
from tests.tools.orders.awkward import Killed, killed_after, unreadable_for
from tests.tools.orders.live import Live, sound

BOTH = pytest.mark.parametrize("side", ["buy", "sell"])


@pytest.fixture
def live(ledger):
    return Live(ledger)


def took_s(live, work):
    """How long it takes by the venue's clock."""
    before = live.now()
    work()
    return (live.now() - before).total_seconds()


def test_the_window_of_a_second_attempt_counts_from_that_attempt(live):
    """The first one took 20 s to find no connection; the second one is under way for 4 s."""
    live.venue.faults = ["unreachable", "late"]
    create, attempts = live.venue.create, []

    def slow(intent):
        if intent.role == "entry":
            written = live.ledger.execution.order(intent.client_order_id)
            attempts.append((written.submitted_at, live.now()))
        if live.venue.faults[:1] == ["unreachable"]:
            live.venue.advance(seconds=20)
        return create(intent)

    live.venue.create = slow

    report = live.cycle().open()

    assert [order.status for order in report.orders] == ["filled", "open", "open"]
    assert [written == at for written, at in attempts] == [True, True]
    sound(live)


def test_flatten_closes_although_a_cancel_fails(live):
    """An entry that cannot be taken back is an alarm, no reason to stay in the market."""
    live.cycle().open()
    live.cycle().open(limit=90)
    cycle = live.cycle()
    live.venue.cancel_faults = ["lost"]

    orders = cycle.execution.flatten(None)

    assert [order.status for order in orders] == ["filled"]
    assert (live.audit.position, live.audit.stops) == (0, 0)
    assert "not_cancelled" in live.alarms()
    sound(live)


def test_an_early_exit_is_made_although_a_cancel_failed(live):
    """The breaker cancels entries first; what it cannot cancel must not cost the protection."""
    live.cycle().open()
    live.cycle().open(limit=90)
    cycle = live.cycle()
    live.venue.cancel_faults = ["lost"]
    live.move("98.3")

    cycle.execution.cancel_entries("the circuit breaker is triggered")
    (trade,) = cycle.protect()

    assert trade.exit_reason == "early_exit"
    assert cycle.execution.books.alarms != []
    sound(live)


QUESTIONS = [
    pytest.param(lambda intent: intent.role == "entry", id="about the order in doubt"),
    pytest.param(
        lambda _intent: True,
        id="about any order",
    ),
]


@pytest.mark.parametrize("asked_of", QUESTIONS)
def test_questions_that_time_out_do_not_hold_up_a_cycle(live, asked_of):
    """A deadline kills the cycle otherwise, before it came to the other positions."""
    live.venue.faults = ["answer lost"]
    readable_again = unreadable_for(live, asked_of, after_s=31)

    assert took_s(live, live.cycle().open) <= 35
    cycle = live.cycle()
    assert took_s(live, cycle.reconcile) <= 65

    readable_again()
    live.cycle().reconcile()
    sound(live)


def test_a_venue_that_answers_nothing_is_asked_twice(live):
    """For its list, and for one order by its id; what rests at the venue guards meanwhile."""
    live.cycle().open()
    cycle, read = live.cycle(), live.venue._hear

    def silent():
        live.venue.advance(seconds=31)
        raise VenueError("The venue is silent.")

    live.venue._hear = silent
    live.venue.catch_up = lambda: None

    assert took_s(live, cycle.reconcile) <= 65

    live.venue._hear = read
    assert live.cycle().reconcile().problems == ()
    sound(live)


def test_several_orders_in_doubt_share_the_patience_of_one_cycle(live):
    """Half a minute for each of them, and once more at the end, would be three minutes."""
    live.cycle().open()
    for price in (103, 105):
        live.move(price)
        live.venue.faults = ["answer lost"]
        readable_again = unreadable_for(live, lambda intent: intent.role == "stop")
        live.cycle().protect()
        readable_again()
    doubtful = [o for o in live.ledger.execution.working_orders() if o.status == "unknown"]
    assert len(doubtful) == 2
    for order in live.venue.venue.orders:
        if order.client_id in {one.intent.client_order_id for one in doubtful}:
            order.status = "cancelled"  # not listed any more, so the desk asks for each

    readable_again = unreadable_for(live, lambda intent: intent.role == "stop")
    assert took_s(live, live.cycle().reconcile) <= 65

    readable_again()
    live.cycle().reconcile()
    sound(live)


def test_a_stop_in_doubt_stops_the_next_entry(live):
    """Nothing is added while it is not known whether what is held is safe."""
    live.venue.faults = [None, "answer lost"]
    readable_again = unreadable_for(live, lambda intent: intent.role == "stop")
    cycle = live.cycle()
    first, second = cycle.approve(), cycle.approve()

    report = cycle.place(first, second)

    assert [(r.approval_id, r.code) for r in report.refused] == [(second, "EntriesHalted")]
    assert "guard_in_doubt" in live.alarms()

    readable_again()
    assert live.cycle().reconcile().problems == ()
    sound(live)


def test_a_desk_whose_ledger_failed_once_places_nothing_more(live):
    """A model calls its tool again after an error; the second call must not open another one."""
    cycle = live.cycle()
    first, second = cycle.approve(), cycle.approve()
    write, writes = live.ledger.execution.update_order, []

    def locked_once(order):
        writes.append(order)
        if len(writes) == 2:
            raise LedgerBusy("The ledger is locked.")
        return write(order)

    live.ledger.execution.update_order = locked_once
    desk = cycle.execution.desk(quote=lambda _symbol: live.market(), halted=lambda: None)

    for _call in range(2):
        with pytest.raises(LedgerBusy):
            desk.place_all([first, second])

    assert isinstance(desk.failure, LedgerBusy)
    assert live.venue.created == [f"{first}-{role}" for role in "est"]
    assert live.cycle().reconcile().problems == ()
    sound(live)


@pytest.mark.parametrize("status", ["expired", "cancelled"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_stop_that_is_answered_as_ended_counts_as_refused(live, status, times):
    """It has an id and stands nowhere: once more under another id, then out."""
    create, ended = live.venue.create, []

    def ending(intent):
        answer = create(intent)
        if intent.role != "stop" or len(ended) == times:
            return answer
        ended.append(live.venue.venue.orders[-1])
        ended[-1].status = status
        return ended[-1].told()

    live.venue.create = ending

    live.cycle().open()

    assert live.audit.position == (2 if times == 1 else 0)
    assert ("stop_refused" in live.alarms()) is (times == 2)
    sound(live)


def test_a_throttled_stop_is_tried_again_after_the_pause_the_venue_asks_for(live):
    """At once it is refused again, and the position is closed for want of patience."""
    create, tries = live.venue.create, []

    def throttling(intent):
        if intent.role == "stop":
            tries.append(live.now())
            if (tries[-1] - tries[0]).total_seconds() < 7:
                raise Throttled("429: too many requests.", retry_after_s=7)
        return create(intent)

    live.venue.create = throttling

    live.cycle().open()

    assert (tries[1] - tries[0]).total_seconds() >= 7
    assert (live.audit.position, live.audit.stops) == (2, 1)
    sound(live)


def test_one_order_that_cannot_be_read_leaves_the_others_looked_after(live):
    """The guards of another entry, filled when the process was killed, are sent all the same."""
    live.cycle().open(limit=90)
    resting = live.venue.venue.open()[0]
    resting.status = "cancelled"
    killed_after(live, "entry")
    with pytest.raises(Killed):
        live.cycle().open()
    unreadable_for(live, lambda intent: intent.client_order_id == resting.client_id)

    result = live.cycle().reconcile()

    assert result.problems == ("The order's state could not be read.",)
    assert (live.audit.stops, live.audit.targets) == (1, 1)
    sound(live)


def test_an_exit_filled_in_part_is_followed_by_one_for_the_rest(live):
    """A thin book takes half; the other half is no smaller a risk."""
    live.cycle().open()
    venue, arrive = live.venue.venue, live.venue.venue._arrive

    def thin_once(order):
        venue._arrive = arrive
        venue._fill(order, order.quantity / 2, venue.last, maker=False)
        order.status = "expired"

    venue._arrive = thin_once

    orders = live.cycle().execution.flatten(None)

    assert [(o.status, o.intent.quantity) for o in orders] == [
        ("expired", Decimal(2)), ("filled", Decimal(1)),
    ]  # fmt: skip
    assert (live.audit.position, live.audit.open_orders, live.alarms()) == (0, (), [])
    sound(live)


@BOTH
def test_of_two_stops_the_tightest_stays(live, side):
    """A kill between the new stop and the cancel of the old one leaves both."""
    live.cycle().open(side)
    live.move(104 if side == "buy" else 96)
    killed_after(live, "stop")
    with pytest.raises(Killed):
        live.cycle().protect()
    prices = [o.trigger_price for o in live.audit.open_orders if o.trigger_price is not None]
    stops = sorted(prices)[:2] if side == "buy" else sorted(prices)[-2:]
    assert live.audit.stops == 2

    result = live.cycle().reconcile()

    assert result.problems == ()
    assert live.audit.stops == 1
    assert live.position().stop == (max(stops) if side == "buy" else min(stops))
    assert live.position().stop in {o.trigger_price for o in live.audit.open_orders}
    sound(live)


def test_an_old_stop_on_the_other_side_is_no_cover(live):
    """The stop of a long that is gone closes no short; it is withdrawn, and one is placed."""
    live.cycle().open()
    live.venue.cancel_faults = ["lost", "lost"]
    live.cycle().execution.flatten(None)
    live.cycle().open("sell")
    (own,) = [o for o in live.venue.venue.open() if (o.side, o.kind) == ("buy", "stop_market")]
    own.status = "cancelled"

    result = live.cycle().reconcile()

    assert result.problems == ()
    assert (live.audit.stops, live.audit.targets) == (1, 1)
    sound(live)


def test_an_entry_is_found_by_its_id_where_the_list_cannot_be_read(live):
    """A list that stays unreadable must not leave a position without its stop for ever."""
    live.venue.faults = ["answer lost"]
    live.venue.silent = True
    live.cycle().open()
    live.venue.silent = False

    def unreadable():
        raise VenueError("One of its orders cannot be read.")

    live.venue.open_orders = unreadable

    result = live.cycle().reconcile()

    assert any("cannot be read" in problem for problem in result.problems)
    assert live.audit.stops == 1
    assert live.position().quantity == 2


def test_a_rest_that_cannot_be_taken_back_leaves_no_part_without_its_stop(ledger):
    """A market entry fills in part and goes on working, and its cancel is not answered."""
    live = Live(ledger)
    live.venue.entries_rest = False
    cycle = live.cycle()
    approval_id = cycle.approve(limit=100, quantity="2")
    live.venue.cancel_faults = ["lost"] * 9
    created = live.venue.create

    def in_part(intent):
        if intent.role != "entry":
            return created(intent)
        order = live.venue.venue.create(intent)
        live.venue.venue._fill(order, Decimal(1), intent.limit_price, maker=True)
        return order.told()

    live.venue.create = in_part

    cycle.place(approval_id)

    assert live.audit.position == 1
    assert live.audit.stops == 1
    assert "not_cancelled" in live.alarms()
