"""The desk's clock: looked at once, then counted."""

from datetime import UTC, datetime, timedelta
from time import sleep

import pytest
import time_machine

from records.clock import SystemClock


def test_a_machine_clock_that_jumps_within_a_cycle_changes_nothing() -> None:
    """Approvals expire by the time that passed, not by what somebody set."""
    with time_machine.travel(datetime(2026, 11, 3, tzinfo=UTC), tick=True) as machine:
        clock = SystemClock(timedelta(seconds=2))
        first = clock.now()
        for jump in (timedelta(days=1), timedelta(days=-400), timedelta(seconds=-30)):
            machine.shift(jump)
            assert abs(clock.now() - first) < timedelta(seconds=5)

    assert first >= datetime(2026, 11, 3, 0, 0, 2, tzinfo=UTC)


def test_time_passes_and_never_goes_back() -> None:
    """At the pace of the machine."""
    clock = SystemClock()
    seen = [clock.now() for _ in range(1000)]
    before = clock.now()
    sleep(0.05)

    assert seen == sorted(seen)
    assert timedelta(seconds=0.05) <= clock.now() - before < timedelta(seconds=2)


@pytest.mark.parametrize("offset_s", [0.0, 0.5, -1.5, 86_400.0])
def test_the_offset_from_the_venue_can_be_read(offset_s: float) -> None:
    """Beyond a second the desk opens nothing."""
    clock = SystemClock(timedelta(seconds=offset_s))

    assert clock.offset.total_seconds() == offset_s
    assert abs((clock.now() - datetime.now(UTC)).total_seconds() - offset_s) < 1
