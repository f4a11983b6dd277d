"""Each trade, fall and jump leads to one lock, and to no second one once a person cleared it."""

from decimal import Decimal

import pytest

from records.breaker import AtrJump
from records.errors import LedgerError
from tests.tools.risk.history import (
    BTC,
    ETH,
    NOON,
    account,
    at,
    book,
    cleared,
    kinds,
    only,
    trade,
    watchman,
    worth,
)
from tools.ledger.ledger import Ledger
from tools.risk.losses import day_began


def test_a_quiet_account_is_not_locked(ledger):
    """The ordinary cycle."""
    assert watchman(ledger).note(account("10000")) == ()
    assert watchman(ledger).losses(account("9999")).day_loss_pct == Decimal("0.01")


def test_a_recovered_drawdown_ends_no_other_lock(ledger):
    """An alarm waits for a person, however the account does."""
    guard = watchman(ledger)
    lock = guard.lock_alarm("order of unknown\n fate", NOON)

    assert guard.note(account("10000")) == (lock,)
    assert lock.reason == "order of unknown fate"


def test_a_stop_becomes_one_lock_however_often_it_is_noted(ledger):
    """Every cycle sees the same trades; a restart sees them anew."""
    book(ledger, trade())
    guard = watchman(ledger, cooldown_s=3600)

    (lock,) = guard.note(account("10000"))
    again = watchman(ledger, cooldown_s=3600).note(account("10000", at(59)))

    assert again == (lock,)
    assert (lock.kind, lock.symbol, lock.until) == ("cooldown", BTC, at(60))
    assert guard.note(account("10000", at(60))) == ()
    assert len(ledger.safety.locks(9)) == 1


def test_a_second_stop_makes_the_lock_longer(ledger):
    """One lock a market, as long as the newest stop asks for."""
    guard = watchman(ledger, cooldown_s=3600)
    book(ledger, trade(1))
    (lock,) = guard.note(account("10000"))
    book(ledger, trade(2, minutes=30), trade(3, symbol=ETH, minutes=30))

    longer, other = guard.note(account("10000", at(31)))

    assert (longer.lock_id, longer.until) == (lock.lock_id, at(90))
    assert (other.symbol, other.until) == (ETH, at(90))


PROTECTIONS = {
    "cooldown": ({"cooldown_s": 3600}, 1),
    "stop_guard": ({"stop_guard_count": 4}, 4),
    "low_profit": ({"low_profit_trades": 4}, 4),
}


@pytest.mark.parametrize("kind", PROTECTIONS)
def test_a_lock_that_a_person_cleared_does_not_come_back_from_the_same_trades(ledger, kind):
    """In the next cycle, after a restart, and with one trade more than before."""
    rules, enough = PROTECTIONS[kind]
    book(ledger, *(trade(n, minutes=n - enough) for n in range(1, enough + 1)))
    (lock,) = watchman(ledger, **rules).note(account("10000"))
    assert lock.kind == kind

    cleared(ledger, lock, at(1))

    assert watchman(ledger, **rules).note(account("10000", at(1))) == ()
    ledger.close()
    with Ledger(ledger.path) as reopened:
        assert watchman(reopened, **rules).note(account("10000", at(2))) == ()
        book(reopened, *(trade(n, minutes=3) for n in range(10, 9 + enough)))
        assert watchman(reopened, **rules).note(account("10000", at(4))) == ()
        book(reopened, trade(20, minutes=5))
        assert kinds(watchman(reopened, **rules).note(account("10000", at(6)))) == [kind]


def test_a_stop_that_was_booked_after_the_clearing_locks(ledger):
    """Whoever cleared the lock could not know of it, though it happened before."""
    guard = watchman(ledger, cooldown_s=3600)
    book(ledger, trade(1))
    (lock,) = guard.note(account("10000"))
    cleared(ledger, lock, at(5))
    book(ledger, trade(2, minutes=4))

    (found,) = guard.note(account("10000", at(6)))

    assert found.until == at(64)


def test_a_fast_fall_is_seen_from_the_equity_of_earlier_cycles(ledger):
    """Once; a desk that is cleared, or let go by time, starts from where it stands."""
    guard = watchman(ledger, limits=only(), drawdown_pct=Decimal(8), drawdown_window_s=172_800)
    worth(ledger, at(-60 * 48), "10000")
    worth(ledger, at(-30), "9500")

    (lock,) = guard.note(account("9200"))
    worth(ledger, at(1), "9200")
    assert (lock.kind, lock.until) == ("window_drawdown", at(12 * 60))
    assert guard.note(account("9100", at(2))) == (lock,)
    cleared(ledger, lock, at(3))

    assert guard.note(account("9000", at(4))) == ()
    assert kinds(guard.note(account("8464", at(5)))) == ["window_drawdown"]


def test_an_alarm_locks_the_desk_once_until_a_person_clears_it(ledger):
    """A further alarm is another line in the events, not another lock; a new one locks again."""
    guard = watchman(ledger)
    lock = guard.lock_alarm("BTC/USDT was liquidated", NOON)
    assert guard.lock_alarm("another", at(1)) == lock
    assert (lock.kind, lock.symbol, lock.until) == ("alarm", None, None)

    cleared(ledger, lock, at(2))

    assert guard.note(account("10000", at(3))) == ()
    assert guard.lock_alarm("x" * 600, at(4)).reason == "x" * 500
    assert watchman(ledger, lock_on_alarm=False).lock_alarm("quiet", at(5)) is None


def test_a_range_that_jumps_pauses_its_market(ledger):
    """Until the time is over, or a person clears it; the same jump then pauses nothing."""
    guard = watchman(ledger)
    jump = AtrJump(symbol=BTC, change_pct=Decimal(40), at=at(-1))
    for _ in range(2):
        guard.note_jumps([jump], 1800, NOON)
    (pause,) = ledger.safety.active_locks(NOON)
    assert (pause.kind, pause.symbol, pause.until) == ("atr_jump", BTC, at(29))

    cleared(ledger, pause)
    guard.note_jumps([jump], 1800, at(1))
    assert ledger.safety.active_locks(at(1)) == ()

    guard.note_jumps([jump.model_copy(update={"at": at(2)})], 1800, at(2))
    assert len(ledger.safety.active_locks(at(2))) == 1


def test_what_cannot_be_written_whole_is_not_written(ledger, monkeypatch):
    """A lock without its baseline, or the reverse, would be judged by what never was."""

    def full(*_given, **_named):
        raise LedgerError("no room")

    monkeypatch.setattr(ledger.safety, "hold_lock", full)
    book(ledger, trade())

    with pytest.raises(LedgerError):
        watchman(ledger, cooldown_s=3600).note(account("10000"))

    assert ledger.account.peak_equity() is None
    assert ledger.account.baseline("day", day_began(NOON)) is None
