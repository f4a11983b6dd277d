"""Locks, breaker states, events and lessons are kept, not overwritten."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from records.errors import LedgerConflict
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


def test_a_lock_holds_until_its_time_or_until_cleared(ledger):
    """At the very end of its time it no longer holds."""
    timed = ledger.safety.add_lock(
        "cooldown", symbol=BTC, since=NOW, until=NOW + HOUR, reason="stopped out", by="risk"
    )
    lasting = ledger.safety.add_lock(
        "alarm", symbol=None, since=NOW, until=None, reason="unknown order", by="reconcile"
    )

    assert ledger.safety.active_locks(NOW) == (timed, lasting)
    assert ledger.safety.active_locks(NOW + HOUR) == (lasting,)

    ledger.safety.clear_lock(lasting.lock_id, at=NOW, by="operator")

    assert ledger.safety.active_locks(NOW + HOUR) == ()
    with pytest.raises(LedgerConflict, match="no lock"):
        ledger.safety.clear_lock(lasting.lock_id, at=NOW, by="operator")


def test_a_lock_of_no_market_is_refused(ledger):
    """A misspelt symbol would lock nothing."""
    with pytest.raises(ValidationError):
        ledger.safety.add_lock("x", symbol="btc", since=NOW, until=None, reason="r", by="b")


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
