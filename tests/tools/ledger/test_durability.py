"""Committed is on disk, uncommitted is gone, and many may read while one writes."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from records.errors import LedgerError, LedgerFull
from tests.tools.ledger import samples
from tests.tools.ledger.samples import CYCLE
from tools.ledger.ledger import Ledger

ROOT = Path(__file__).parents[3]

HALF_WAY = """
import sys, time
from pathlib import Path
from tests.tools.ledger import samples
from tools.ledger.ledger import Ledger

ledger = Ledger(Path(sys.argv[1])).open()
samples.begin(ledger)
with ledger.transaction():
    for number in range(2000):
        ledger.safety.add_event(samples.event(number))
    print("half way", flush=True)
    time.sleep(60)
"""


def test_kill_in_the_middle_of_a_transaction_leaves_a_sound_file(path):
    """What was committed stands, what was not is gone, and the next start works at once."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    victim = subprocess.Popen(
        [sys.executable, "-c", HALF_WAY, str(path)], env=environment, stdout=subprocess.PIPE
    )
    with victim:
        assert victim.stdout.readline() == b"half way\n"
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL

    with Ledger(path) as ledger:
        assert ledger.integrity() == []
        assert [start.cycle_id for start in ledger.cycles.unfinished()] == [CYCLE]
        assert ledger.safety.events(9) == ()
        ledger.safety.add_event(samples.event())


def test_a_full_disk_records_nothing_and_breaks_nothing(ledger):
    """If it cannot be recorded it is not traded; what stands stays readable."""
    permission = samples.allow(ledger)
    fat_event = samples.event().model_copy(update={"message": "x" * 1_000_000})
    with ledger.store.raw() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(LedgerFull, match="Nothing was recorded"), ledger.transaction():
        for number in range(1000):
            ledger.safety.add_event(samples.event(number))
    with pytest.raises(LedgerFull):
        entry, stop = samples.with_stop()
        fat = entry.model_copy(update={"client_order_id": "x" * 100_000})
        ledger.execution.spend_approval(permission.approval_id, samples.NOW, [fat, stop])

    with pytest.raises(LedgerError, match="was undone"), ledger.transaction():
        with pytest.raises(LedgerFull):
            ledger.safety.add_event(fat_event)
        ledger.safety.add_event(samples.event())
    lost = pytest.raises(LedgerError, match="was undone")
    with lost, ledger.transaction(), pytest.raises(LedgerFull):
        ledger.safety.add_event(fat_event)

    assert ledger.decisions.approval(permission.approval_id).used_at is None
    assert ledger.safety.events(9) == ()
    assert ledger.integrity() == []
    with ledger.store.raw() as connection:
        connection.execute("PRAGMA max_page_count=1000000")
    ledger.safety.add_event(samples.event())
    assert ledger.safety.events(9) == (samples.event(),)


def test_readers_never_wait_for_the_writer(ledger, path):
    """Eight readers and one writer: no lock surfaces, no row is lost, every view is consistent."""
    rounds = 40
    writing = ThreadPoolExecutor(1)

    def write() -> None:
        for number in range(0, 2 * rounds, 2):
            with ledger.transaction():
                ledger.safety.add_event(samples.event(number))
                ledger.safety.add_event(samples.event(number + 1))

    done = writing.submit(write)

    def read(_: int) -> int:
        looks = 0
        with Ledger(path) as own:
            while not done.done() or looks == 0:
                assert len(own.safety.events(10_000)) % 2 == 0
                looks += 1
        return looks

    with writing, ThreadPoolExecutor(8) as readers:
        looks = list(readers.map(read, range(8)))
        done.result()

    assert min(looks) > 0
    assert len(ledger.safety.events(10_000)) == 2 * rounds


def test_two_writers_that_read_first_both_succeed(path):
    """A deferred transaction would fail here at once, whatever the timeout."""

    def raise_peak(worker: int) -> None:
        with Ledger(path) as own:
            for step in range(40):
                own.account.raise_peak(samples.LONG + worker + 2 * step, samples.NOW)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(raise_peak, range(2)))

    with Ledger(path) as ledger:
        assert ledger.account.peak_equity() == samples.LONG + 79
