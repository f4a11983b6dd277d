"""Unknown is not failed: whatever the network does, one order or none, and always its stop."""

from decimal import Decimal

import pytest

from tests.tools.orders.live import Live, sound


@pytest.fixture
def live(ledger):
    return Live(ledger)


def entry_of(report):
    return next(order for order in report.orders if order.intent.role == "entry")


def test_an_answer_that_is_lost_is_asked_for_and_booked(live):
    """The venue accepted; the desk finds its order by its own id and protects it at once."""
    live.venue.faults = ["answer lost"]

    report = live.cycle().open()

    assert [(o.intent.role, o.status) for o in report.orders] == [
        ("entry", "filled"), ("stop", "open"), ("take_profit", "open"),
    ]  # fmt: skip
    assert len(live.venue.created) == 3
    sound(live)


def test_a_request_that_is_lost_is_absent_only_after_the_window_and_never_sent_again(live):
    """A request may be under way for as long as the venue's time window is open."""
    live.venue.faults = ["request lost"]
    cycle = live.cycle()
    before = live.venue.now()

    report = cycle.open()

    assert entry_of(report).status == "absent"
    assert (live.venue.now() - before).total_seconds() >= live.venue.fate_known_after_s
    assert len(live.venue.created) == 1
    assert {o.status for o in live.ledger.execution.orders(cycle.ids.cycle_id)} == {
        "absent", "cancelled",
    }  # fmt: skip
    sound(live)


def test_a_request_that_arrives_late_is_found_within_the_window(live):
    """To ask once and send again would have opened two positions here."""
    live.venue.faults = ["late"]

    report = live.cycle().open()

    assert entry_of(report).status == "filled"
    sound(live)


def test_a_connection_that_was_refused_is_tried_once_more_under_the_same_id(live):
    """What never left this machine cannot stand anywhere."""
    live.venue.faults = ["unreachable"]

    report = live.cycle().open()

    assert entry_of(report).status == "filled"
    assert live.venue.created[:2] == [entry_of(report).intent.client_order_id] * 2
    sound(live)


def test_a_venue_that_cannot_be_reached_twice_ends_the_order(live):
    """Nothing was sent, so nothing has to be asked for."""
    live.venue.faults = ["unreachable", "unreachable"]

    report = live.cycle().open()

    assert entry_of(report).status == "rejected"
    assert len(live.venue.created) == 2
    sound(live)


def test_while_a_fate_is_unknown_nothing_else_is_opened(live):
    """The second approval may be the same mistake again."""
    cycle = live.cycle()
    first, second = cycle.approve(), cycle.approve()
    live.venue.faults = ["answer lost"]
    live.venue.silent = True

    report = cycle.place(first, second)

    assert [order.status for order in report.orders] == ["unknown"]
    assert [refusal.code for refusal in report.refused] == ["EntriesHalted"]
    assert live.ledger.decisions.approval(second).used_at is None

    live.venue.silent = False
    result = live.cycle().reconcile()

    assert result.problems == ()
    assert live.position().quantity == Decimal(2)
    sound(live)


def test_a_venue_that_stays_silent_keeps_the_question_open(live):
    """No answer in this cycle, none in the next: still unknown, still no entries."""
    live.venue.faults = ["answer lost"]
    live.venue.silent = True
    cycle = live.cycle()
    cycle.open()

    result = live.cycle().reconcile()

    assert result.problems != ()
    assert [o.status for o in live.ledger.execution.orders(cycle.ids.cycle_id)] == [
        "unknown", "pending", "pending",
    ]  # fmt: skip


@pytest.mark.parametrize("fault", ["answer lost", "request lost", "late", "unreachable"])
@pytest.mark.parametrize("which", [1, 2], ids=["stop", "target"])
def test_guards_survive_every_fault(live, which, fault):
    """A position whose stop got lost on the way is the worst of all outcomes."""
    live.venue.faults = [None] * which + [fault]

    live.cycle().open()

    audit = live.audit
    assert (audit.stops, audit.targets) == (1, 1)
    sound(live)


def test_a_stop_that_is_refused_twice_closes_the_position_and_raises_an_alarm(live):
    """No position without a stop; the exit says why it was made."""
    live.venue.faults = [None, "refused", "refused"]

    live.cycle().open()

    assert live.audit.position == 0
    assert live.position() is None
    assert "stop_refused" in live.alarms()
    (trade,) = live.ledger.account.trades(5)
    assert trade.exit_reason == "unprotected"
    sound(live)


def test_a_stop_that_is_refused_once_is_placed_under_a_new_id(live):
    """The first id is spent: a refused order's row says rejected for good."""
    live.venue.faults = [None, "refused"]

    live.cycle().open()

    assert live.audit.stops == 1
    assert live.position() is not None
    sound(live)


def test_an_entry_filled_in_part_is_guarded_by_what_is_held(ledger):
    """A market entry that runs into its worst price leaves the rest; the stop fits the part."""
    live = Live(ledger, slices=40)
    cycle = live.cycle()
    approval_id = cycle.approve(quantity="2")

    report = cycle.place(approval_id)

    entry = entry_of(report)
    assert 0 < entry.filled_quantity < entry.intent.quantity
    assert live.position().quantity == entry.filled_quantity
    audit = live.audit
    assert {order.quantity for order in audit.open_orders} == {entry.filled_quantity}
    assert (audit.stops, audit.targets) == (1, 1)
    sound(live)


def test_a_cancel_that_is_not_answered_is_no_reason_to_forget_the_order(live):
    """A resting entry whose cancel got lost may still fill; the next cycle cancels it."""
    cycle = live.cycle()
    cycle.open(limit=99, ttl_s=30)
    live.venue.cancel_faults = ["lost"]

    first = live.cycle().reconcile()
    second = live.cycle().reconcile()

    assert first.problems != ()
    assert second.problems == ()
    assert live.audit.open_orders == ()
    sound(live)


def test_a_fill_that_comes_after_the_cancel_is_booked_and_guarded(live):
    """The venue is the truth, also when it was late to say so."""
    cycle = live.cycle()
    report = cycle.open(limit=99, ttl_s=30)
    entry = entry_of(report)
    told = entry.model_copy(update={"status": "cancelled"})
    live.ledger.execution.update_order(told)
    live.move("98.9")

    result = live.cycle().reconcile()

    assert live.position().quantity == Decimal(2)
    assert live.audit.stops == 1
    assert result.problems == ()
    sound(live)


def test_an_order_of_somebody_else_is_reported_and_left_alone(live):
    """It may be a person's own; entries wait until that person has looked."""
    cycle = live.cycle()
    cycle.open(limit=99)
    foreign = live.ledger.execution.orders(cycle.ids.cycle_id)[0].intent
    live.venue.venue.create(foreign.model_copy(update={"client_order_id": "web_7f"}))

    result = live.cycle().reconcile()

    assert any("web_7f" in problem for problem in result.problems)
    assert "web_7f" in {order.client_order_id for order in live.audit.open_orders}


def test_a_position_of_somebody_else_is_reported_and_never_closed(live):
    """The desk closes what it opened, and nothing else."""
    cycle = live.cycle()
    cycle.open(limit=99)
    foreign = live.ledger.execution.orders(cycle.ids.cycle_id)[0].intent
    live.venue.venue.create(
        foreign.model_copy(
            update={"client_order_id": "web_8", "kind": "market", "limit_price": None}
        )
    )

    result = live.cycle().reconcile()

    assert any("did not open" in problem for problem in result.problems)
    assert live.audit.position == Decimal(2)


def test_a_stop_that_somebody_cancelled_is_put_back_first(live):
    """Whatever else has to be sorted out waits until the position is safe."""
    live.cycle().open()
    stop = next(o for o in live.venue.venue.open() if o.kind == "stop_market")
    live.venue.venue.cancel(stop.client_id, True)

    result = live.cycle().reconcile()

    assert result.problems == ()
    assert live.audit.stops == 1
    sound(live)


def test_a_stop_that_triggered_while_the_desk_was_away_is_booked_and_its_target_cancelled(live):
    """One cancels the other, also where the venue does not know that they belong together."""
    live.cycle().open()
    live.move(97)

    result = live.cycle().reconcile()

    (trade,) = result.trades
    assert trade.exit_reason == "stop_loss"
    assert (live.audit.position, live.audit.open_orders) == (0, ())
    sound(live)


def test_a_second_reconciliation_changes_nothing(live):
    """Reading the same answers again books nothing again and sends nothing."""
    live.cycle().open("sell")
    live.cycle().reconcile()
    before = (len(live.venue.created), live.ledger.execution.fills_since(None))

    live.cycle().reconcile()

    assert (len(live.venue.created), live.ledger.execution.fills_since(None)) == before
    sound(live)
