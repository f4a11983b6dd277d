"""What a person does about a halt stays on record, and lets go of no more than it says."""

from decimal import Decimal

import pytest

from records.breaker import BreakerState
from records.errors import LedgerConflict
from tests.tools.risk.history import BTC, NOON, account, at, watchman, worth
from tools.risk.release import Act, clear, clearable, note_halt, reset_breaker, resume

ACT = Act(by="ada", at=at(10), why="the feed was wrong")


def hold(ledger, kind, symbol=None, until=None):
    return ledger.safety.hold_lock(
        kind, symbol=symbol, since=NOON, until=until, reason="r", by="the watchman"
    )


def test_a_lock_is_cleared_with_who_and_why(ledger):
    """The event tells what the lock was; a second clearing is refused and leaves no trace."""
    lock = hold(ledger, "cooldown", BTC, at(60))

    assert clear(ledger, lock, ACT) is None

    (event,) = ledger.safety.events(9)
    assert event.message == "ada cleared lock 1 (cooldown, BTC/USDT): the feed was wrong"
    assert (event.kind, event.cycle_id, event.at) == ("lock_cleared", None, at(10))
    assert (event.detail["by"], event.detail["why"]) == ("ada", "the feed was wrong")
    assert event.detail["lock"]["until"] == "2026-01-07T13:00:00Z"
    kept = ledger.safety.lock(1)
    assert (kept.cleared_at, kept.cleared_by, kept.cleared_why) == (at(10), "ada", ACT.why)
    with pytest.raises(LedgerConflict):
        clear(ledger, lock, ACT)
    assert ledger.safety.events(9) == (event,)


def test_clearing_a_drawdown_sets_the_peak_to_what_the_account_is_worth(ledger):
    """Higher or lower; without a recorded equity there is nothing to set it to."""
    watchman(ledger).note(account("10000"))
    lock = hold(ledger, "drawdown")
    assert clear(ledger, lock, ACT) is None
    assert ledger.account.peak_equity() == 10_000

    worth(ledger, at(5), "8400.10")
    lock = hold(ledger, "drawdown")
    assert clear(ledger, lock, ACT._replace(why="start anew")) == Decimal("8400.10")

    assert ledger.account.peak_equity() == Decimal("8400.10")
    event = next(e for e in ledger.safety.events(9) if "start anew" in e.message)
    assert "set the peak to 8400.10" in event.message
    assert event.detail["peak"] == "8400.10"


def test_resume_clears_the_whole_desk_s_locks_but_no_loss_and_no_market_s(ledger):
    """A loss limit is a figure; a market's cooldown has nothing to do with the halt."""
    kinds = ("alarm", "stop_guard", "drawdown", "day_loss", "week_loss", "month_loss")
    desk = [hold(ledger, kind) for kind in kinds]
    market = hold(ledger, "cooldown", BTC)
    assert clearable(ledger, at(10)) == tuple(desk[:3])

    done = resume(ledger, ACT)

    assert [lock.lock_id for lock in done.cleared] == [1, 2, 3]
    assert done.left == tuple(desk[3:])
    assert ledger.safety.active_locks(at(10)) == (*desk[3:], market)
    said = {event.message for event in ledger.safety.events(9)}
    assert "ada resumed the desk: the feed was wrong" in said
    assert len(said) == 4


def test_a_halt_and_a_reset_of_the_breaker_are_events(ledger):
    """Twice at the same time of a replayed market as well."""
    before = BreakerState(status="TRIGGERED", since=NOON, reasons=("BTC/USDT fell",))
    after = BreakerState(status="RECOVERING", since=at(10))
    note_halt(ledger, ACT)
    note_halt(ledger, ACT)
    reset_breaker(ledger, before, ACT)
    reset_breaker(ledger, after, ACT)

    kinds = sorted(event.kind for event in ledger.safety.events(9))
    assert kinds == ["breaker_reset", "breaker_reset", "halt", "halt"]
    told = [e.detail["before"] for e in ledger.safety.events(9) if e.kind == "breaker_reset"]
    assert [one and one["status"] for one in told] in (["TRIGGERED", None], [None, "TRIGGERED"])
    assert ledger.safety.breaker_history(9) == (after, before)
