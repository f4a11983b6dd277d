"""What cannot be recorded is not traded; what was accepted is protected all the same."""

from itertools import count

import pytest

from records.errors import LedgerError
from tests.tools.orders.failing_disk import KINDS, FailingDisk
from tests.tools.orders.live import Live, sound


def trade(cycle):
    """Reconcile, enter and guard."""
    cycle.reconcile()
    cycle.open()


def reconcile_a_fill(cycle):
    """An entry turns out to have filled meanwhile: its guards are due."""
    cycle.reconcile()


SCENARIOS = {"an entry": trade, "an entry that filled while away": reconcile_a_fill}


def prepared(ledger, name):
    live = Live(ledger)
    if name == "an entry that filled while away":
        live.cycle().open(limit=99)
        live.move("98.9")
    return live


def failing_at(ledger, name, kind, at):
    """The scenario with a disk that fails at its so-manieth write; None when it has fewer."""
    live = prepared(ledger, name)
    cycle = live.cycle()
    disk = FailingDisk(ledger, kind, at)
    entries = []
    disk.on_failure = lambda: entries.extend(live.venue.created)
    failed = None
    try:
        SCENARIOS[name](cycle)
    except LedgerError as error:
        failed = error
    disk.heal()
    return (live, failed, entries) if disk.tripped else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_at_every_write_the_disk_may_fail(make_ledger, name, kind):
    """No entry after it; the stop of an accepted entry still; afterwards a sound ledger."""
    failures = 0
    for at in count(1):
        with make_ledger() as ledger:
            outcome = failing_at(ledger, name, kind, at)
            if outcome is None:
                break
            live, failed, before = outcome
            where = f"{name}, {kind} at write {at}"
            if failed is not None:
                failures += 1
                after = [one for one in live.venue.created[len(before) :] if one[-2:] == "-e"]
                assert after == [], where
                assert failed.exit_code == 6, where
            assert live.audit.protected, where
            live.cycle().reconcile()
            live.cycle().reconcile()
            sound(live)
            assert ledger.integrity() == [], where
    assert at > 5
    assert failures >= 2
