"""An approval is one order, for as long as it holds, whatever the clocks and threads do."""

import pytest

from tests.tools.orders import race
from tests.tools.orders.live import Live, sound


def test_of_fifty_threads_one_places_the_order(tmp_path):
    """A sample of `python -m tests.tools.orders.race`, which runs 200 rounds."""
    result = race.run(tmp_path / "ledger.db", rounds=4, threads=50)

    assert result["wrong_rounds"] == 0
    assert result["told"]["placed"] == 4
    assert sum(result["told"].values()) == 200


@pytest.mark.parametrize(("off_ms", "placed"), [(-1, True), (0, False), (1, False)])
def test_an_approval_ends_at_its_expiry_to_the_millisecond(ledger, off_ms, placed):
    """One millisecond before it still holds; at it, it does not."""
    live = Live(ledger)
    cycle = live.cycle()
    approval_id = cycle.approve(ttl_s=30)
    live.venue.venue.advance(30_000 + off_ms)

    report = cycle.place(approval_id)

    assert bool(report.orders) is placed
    if not placed:
        assert [one.code for one in report.refused] == ["ApprovalExpired"]
        assert live.venue.created == []
    sound(live)


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_a_clock_that_jumps_honours_no_expired_approval(ledger, hours):
    """Backwards or forwards: outside of its time an approval does not hold."""
    live = Live(ledger)
    cycle = live.cycle()
    approval_id = cycle.approve(ttl_s=30)
    live.venue.venue.now += hours * 3_600_000

    report = cycle.place(approval_id)

    assert [one.code for one in report.refused] == ["ApprovalExpired"]
    assert live.venue.created == []


def test_the_clock_is_read_again_after_leverage_was_set(ledger):
    """Setting it takes a while on a slow venue; the approval may run out meanwhile."""
    live = Live(ledger)
    cycle = live.cycle()
    approval_id = cycle.approve(ttl_s=30)
    prepare = live.venue.prepare

    def slowly(intent):
        live.venue.advance(seconds=31)
        prepare(intent)

    live.venue.prepare = slowly

    report = cycle.place(approval_id)

    assert [one.code for one in report.refused] == ["ApprovalExpired"]
    assert live.venue.created == []


def test_what_is_forbidden_at_the_moment_of_sending_is_not_sent(ledger):
    """The permission to trade real money is asked for at the last moment."""
    live = Live(ledger)

    cycle = live.cycle()
    report = cycle.place(cycle.approve(), permit=lambda _approval: "The desk is not armed.")

    assert [one.code for one in report.refused] == ["NotArmed"]
    assert live.venue.created == live.venue.prepared == []
    assert ledger.decisions.approvals(cycle.ids.cycle_id)[0].used_at is None


def test_leverage_is_set_before_the_entry_and_never_for_an_exit(ledger):
    """An exit must not fail because a leverage could not be set."""
    live = Live(ledger)
    cycle = live.cycle()
    cycle.open()
    live.cycle().execution.flatten(None)

    assert live.venue.prepared == [("BTC/USDT", 3)]


def test_an_order_lives_no_longer_than_its_approval(ledger):
    """A limit that rests is taken back in the first cycle after its approval expired."""
    live = Live(ledger)
    live.cycle().open(limit=99, ttl_s=90)
    live.cycle().reconcile()
    assert len(live.audit.open_orders) == 1

    live.venue.advance(seconds=60)
    live.cycle().reconcile()

    assert live.audit.open_orders == ()
    sound(live)
