"""Locks, breaker states, events and lessons are kept, not overwritten."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from records.errors import LedgerConflict, LedgerCorrupt
from tests.tools.ledger import samples
from tests.tools.ledger.samples import BTC, CYCLE, NOW

HOUR = timedelta(hours=1)


def test_the_breaker_has_a_history(ledger):
    """The same state twice is one entry; a change is a new one."""
    assert ledger.safety.breaker_state() is None
    for status in ("SAFE", "SAFE", "TRIGGERED"):
        ledger.safety.save_breaker(samples.breaker(status), CYCLE)
    ledger.safety.save_breaker(samples.breaker("RECOVERING"), None)

    history = [state.status for state in ledger.safety.breaker_history(9)]

    assert history == ["RECOVERING", "TRIGGERED", "SAFE"]
    assert ledger.safety.breaker_state() == samples.breaker("RECOVERING")


def hold(ledger, kind="cooldown", symbol=BTC, *, at=NOW, until=NOW + HOUR, judged_to=None):
    return ledger.safety.hold_lock(
        kind, symbol=symbol, since=at, until=until, reason="r", by="b", judged_to=judged_to
    )


def test_a_lock_holds_until_its_time_or_until_cleared(ledger):
    """At the very end of its time it no longer holds."""
    timed = hold(ledger)
    lasting = hold(ledger, "alarm", None, until=None)

    assert ledger.safety.active_locks(NOW) == (timed, lasting)
    assert ledger.safety.active_locks(NOW + HOUR) == (lasting,)

    ledger.safety.clear_lock(lasting.lock_id, at=NOW, by="operator", why="was a test")

    assert ledger.safety.active_locks(NOW + HOUR) == ()
    cleared = ledger.safety.lock(lasting.lock_id)
    assert (cleared.cleared_at, cleared.cleared_by) == (NOW, "operator")
    assert cleared.cleared_why == "was a test"
    with pytest.raises(LedgerConflict, match="no lock"):
        ledger.safety.clear_lock(lasting.lock_id, at=NOW, by="operator", why="again")
    assert ledger.safety.lock(99) is None


def test_a_lock_that_holds_already_is_made_longer_and_stays_one(ledger):
    """A rule says the same in every cycle; the list of locks must stay readable."""
    first = hold(ledger, judged_to=NOW - HOUR)

    longer = hold(ledger, until=NOW + 2 * HOUR, judged_to=NOW)
    shorter = hold(ledger, until=NOW + HOUR, judged_to=None)
    lasting = hold(ledger, until=None)
    timed = hold(ledger)

    assert longer.lock_id == shorter.lock_id == lasting.lock_id == timed.lock_id == first.lock_id
    assert (longer.until, longer.judged_to) == (NOW + 2 * HOUR, NOW)
    assert shorter == longer
    assert timed == lasting == ledger.safety.lock(first.lock_id)
    assert lasting.until is None


def test_another_kind_another_market_and_another_time_are_locks_of_their_own(ledger):
    """What is over or was cleared is history and is not revived."""
    first = hold(ledger)
    other = [
        hold(ledger, "low_profit"),
        hold(ledger, symbol="ETH/USDT"),
        hold(ledger, symbol=None),
        hold(ledger, at=NOW + HOUR, until=NOW + 2 * HOUR),
    ]
    ledger.safety.clear_lock(other[-1].lock_id, at=NOW + HOUR, by="b", why="w")
    other.append(hold(ledger, at=NOW + HOUR, until=NOW + 2 * HOUR))

    assert len({lock.lock_id for lock in (first, *other)}) == 6
    newest = ledger.safety.locks(3)
    assert [lock.lock_id for lock in newest] == [6, 5, 4]
    assert newest[1].cleared_why == "w"


def test_up_to_when_trades_were_judged_is_known_by_kind_and_market(ledger):
    """Of locks that are over or were cleared as well: that is what keeps them from coming back."""
    hold(ledger, judged_to=NOW)
    hold(ledger, at=NOW + HOUR, until=NOW + 2 * HOUR, judged_to=NOW + HOUR)
    hold(ledger, "stop_guard", None, judged_to=NOW)
    hold(ledger, "alarm", None)
    ledger.safety.clear_lock(3, at=NOW, by="b", why="w")

    assert ledger.safety.judged_to() == {
        ("cooldown", BTC): NOW + HOUR,
        ("stop_guard", None): NOW,
    }


def test_a_lock_of_no_market_is_refused(ledger):
    """A misspelt symbol would lock nothing."""
    with pytest.raises(ValidationError):
        hold(ledger, symbol="btc")


def test_an_event_keeps_its_figures(ledger):
    """What the market was like when the breaker tripped, as numbers and not as prose."""
    figures = {"BTC/USDT": {"last": "100.10", "drops": [1, None]}, "calm": False}
    event = samples.event().model_copy(update={"detail": figures})
    ledger.safety.add_event(event)

    assert ledger.safety.events(1) == (event,)

    with ledger.store.raw() as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET detail = '{\"cut'")
    with pytest.raises(LedgerCorrupt, match="not JSON"):
        ledger.safety.events(1)


def test_events_come_newest_first(ledger):
    """An event may belong to no cycle, such as a halt by hand."""
    first, second = samples.event(1), samples.event(2, cycle_id=None)
    for event in (first, second):
        ledger.safety.add_event(event)

    assert ledger.safety.events(5) == (second, first)
    assert ledger.safety.events(1) == (second,)


def test_lessons_before_a_time_are_those_known_then(ledger):
    """A replay that knew tomorrow's lessons would look wise."""
    known = tuple(samples.lesson(number) for number in (1, 2, 3))
    for lesson in reversed(known):
        ledger.lessons.add_lesson(lesson)

    assert ledger.lessons.lessons(None) == known
    assert ledger.lessons.lessons(known[2].learned_at) == known[:2]
    assert ledger.lessons.lesson_count() == 3


def test_only_the_newest_arming_counts_and_it_ends_when_a_person_says_so(ledger):
    """Two armings at once would leave open whose limits hold."""
    ledger.safety.add_arming(samples.arming(1))
    second = samples.arming(2, armed_at=NOW + HOUR, max_notional=Decimal(5))
    ledger.safety.add_arming(second)

    assert ledger.safety.arming() == second
    assert ledger.safety.disarm(NOW + 2 * HOUR) is True
    assert ledger.safety.arming().disarmed_at == NOW + 2 * HOUR
    assert ledger.safety.disarm(NOW + 3 * HOUR) is False


def test_a_ledger_that_was_never_armed_says_so(ledger):
    """None is not permission."""
    assert ledger.safety.arming() is None
    assert ledger.safety.disarm(NOW) is False
