"""Locks for what was lost: at the limit, until the period ends, through restarts and kills."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from records.clock import FixedClock
from records.risk import RiskLimits
from tests.tools.risk.history import (
    CYCLE,
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
from tools.risk.losses import loss_state, periods
from tools.risk.protections import by_losses, recovered

LIMITS = RiskLimits()
ROOT = Path(__file__).parents[3]
SECOND = timedelta(seconds=1)


def state(*, equity="10000", peak="10000", day="10000", week="10000", month="10000"):
    values = {"peak": peak, "day": day, "week": week, "month": month}
    return loss_state(Decimal(equity), **{name: Decimal(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("period", "limit", "ends"),
    [("day", "5", "2026-01-08"), ("week", "10", "2026-01-12"), ("month", "15", "2026-02-01")],
)
def test_a_loss_at_its_limit_locks_the_desk_until_the_period_ends(period, limit, ends):
    """At the limit, not above it; and a hair below it nothing is locked."""
    began = {"day": "1", "week": "1", "month": "1", "peak": "1"} | {period: "10000"}
    left = 10_000 - 100 * int(limit)

    (lock,) = by_losses(state(equity=left, **began), LIMITS, NOON)

    assert (lock.kind, lock.symbol, f"{lock.until:%Y-%m-%d %H:%M:%S}") == (
        f"{period}_loss", None, f"{ends} 00:00:00",
    )  # fmt: skip
    assert f"{limit}.00 % were lost since the {period} began" in lock.reason
    assert tuple(by_losses(state(equity=f"{left}.01", **began), LIMITS, NOON)) == ()


def test_several_limits_lock_one_by_one():
    """The longest holds last."""
    kinds = [lock.kind for lock in by_losses(state(equity="8500"), LIMITS, NOON)]

    assert kinds == ["day_loss", "week_loss", "month_loss", "drawdown"]


@pytest.mark.parametrize(
    ("equity", "locks", "over"),
    [("8500", True, False), ("8500.01", False, False), ("8999.99", False, False),
     ("9000", False, True), ("10000", False, True)],
)  # fmt: skip
def test_a_drawdown_locks_at_one_bound_and_recovers_at_another(equity, locks, over):
    """Between the two the desk stays as it is, so that it does not flicker."""
    seen = state(equity=equity, day="1", week="1", month="1")
    found = tuple(by_losses(seen, LIMITS, NOON))

    assert [(lock.kind, lock.until) for lock in found] == [("drawdown", None)] * locks
    assert recovered(seen, LIMITS) is over


def test_where_both_bounds_are_one_a_drawdown_at_it_locks():
    """In doubt the desk stands still."""
    same = LIMITS.model_copy(update={"drawdown_recovered_pct": Decimal(15)})

    assert recovered(state(equity="8500"), same) is False
    assert recovered(state(equity="8500.01"), same) is True


@pytest.mark.parametrize(("period", "limit"), [("day", "5"), ("week", "10"), ("month", "15")])
@pytest.mark.parametrize(
    "moment",
    ["2026-01-07T12:00", "2025-12-31T23:00", "2028-02-29T01:00", "2026-02-28T00:00"],
)
def test_a_loss_lock_ends_exactly_with_its_period(ledger, period, limit, moment):
    """A second before the boundary it holds, at the boundary it is over, and stays over."""
    clock = FixedClock(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    guard = watchman(ledger, limits=only(**{f"max_{period}_loss_pct": limit}))
    guard.note(account("10000", clock.now()))
    lost = Decimal(10000) - 100 * int(limit)

    (lock,) = guard.note(account(lost, clock.now()))
    (ends,) = (span.ends for span in periods(clock.now()) if span.period == period)
    assert (lock.kind, lock.until) == (f"{period}_loss", ends)
    worth(ledger, clock.now(), lost)

    before, after = FixedClock(ends - SECOND), FixedClock(ends)
    assert kinds(ledger.safety.active_locks(before.now())) == [f"{period}_loss"]
    assert guard.note(account(lost, before.now())) == (lock,)
    assert ledger.safety.active_locks(after.now()) == ()
    assert guard.note(account(lost, after.now())) == ()


def test_a_loss_lock_holds_to_the_end_though_the_loss_was_earned_back(ledger):
    """A lucky position does not make the rest of a bad day a good one."""
    guard = watchman(ledger)
    guard.note(account("10000"))
    guard.note(account("9500"))

    assert kinds(guard.note(account("10000", at(10)))) == ["day_loss"]


def test_a_cleared_loss_lock_comes_back_while_the_loss_stands(ledger):
    """Clearing it is no opinion that the limit has to share."""
    guard = watchman(ledger)
    guard.note(account("10000"))
    (lock,) = guard.note(account("9500"))
    cleared(ledger, lock)
    (again,) = guard.note(account("9500", at(1)))
    cleared(ledger, again)

    assert again.lock_id != lock.lock_id
    assert guard.note(account("9501", at(2))) == ()


def test_a_drawdown_lock_ends_when_the_drawdown_has_recovered(ledger):
    """By the rule itself, and on record."""
    guard = watchman(ledger, limits=only(max_drawdown_pct=15))
    guard.note(account("10000"))
    (lock,) = guard.note(account("8500", at(1)))
    assert (lock.kind, lock.until) == ("drawdown", None)
    assert guard.note(account("8999", at(2))) == (lock,)

    assert guard.note(account("9000", at(3))) == ()

    over = ledger.safety.lock(lock.lock_id)
    assert (over.cleared_at, over.cleared_by) == (at(3), "the watchman")
    assert over.cleared_why == "the drawdown is 10.00 %"
    assert kinds(guard.note(account("8500", at(4)))) == ["drawdown"]


def test_a_drawdown_that_a_person_cleared_is_measured_from_then_on(ledger):
    """The peak is what the last cycle left; a further fall of the same size locks again."""
    guard = watchman(ledger, limits=only(max_drawdown_pct=15))
    guard.note(account("10000"))
    (lock,) = guard.note(account("8500", at(1)))
    worth(ledger, at(1), "8500")

    assert cleared(ledger, lock, at(2)) == 8500

    assert guard.note(account("8500", at(3))) == ()
    assert guard.losses(account("8500", at(3))).peak == 8500
    assert guard.note(account("7226", at(4))) == ()
    assert kinds(guard.note(account("7225", at(5)))) == ["drawdown"]


KILLED = """
import sys, time
from pathlib import Path
from tests.tools.risk.history import account, watchman
from tools.ledger.ledger import Ledger

ledger = Ledger(Path(sys.argv[1])).open()
guard = watchman(ledger, cooldown_s=3600)
if sys.argv[2] == "during":
    hold = ledger.safety.hold_lock
    def held(*given, **named):
        lock = hold(*given, **named)
        print("there", flush=True)
        time.sleep(60)
    ledger.safety.hold_lock = held
guard.note(account("9500"))
print("there", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("moment", ["during", "after"])
def test_a_kill_leaves_all_of_it_or_nothing(ledger, moment):
    """Either way the next start, on the ledger alone, knows what was lost."""
    book(ledger, trade())
    worth(ledger, NOON - timedelta(days=1), "10000")
    ledger.close()
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(ledger.path), moment],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    with victim:
        assert victim.stdout.readline() == b"there\n"
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL

    with Ledger(ledger.path) as reopened:
        assert reopened.integrity() == []
        peak, locks = reopened.account.peak_equity(), reopened.safety.locks(9)
        assert (peak, len(locks)) == ((None, 0) if moment == "during" else (Decimal(9500), 2))
        after = watchman(reopened, cooldown_s=3600).note(account("9500", at(1)))
        assert sorted(kinds(after)) == ["cooldown", "day_loss"]
        assert len(reopened.safety.locks(9)) == 2


def test_everything_but_the_ledger_may_be_deleted(ledger, tmp_path):
    """Caches, transcripts and logs are no memory of what was lost."""
    guard = watchman(ledger)
    guard.note(account("10000"))
    guard.note(account("9500"))
    ledger.close()
    alone = tmp_path / "elsewhere" / "ledger.db"
    alone.parent.mkdir()
    ledger.path.rename(alone)

    with Ledger(alone) as found:
        assert found.cycles.last_id() in (None, CYCLE)
        assert kinds(watchman(found).note(account("9600", at(1)))) == ["day_loss"]
        assert watchman(found).losses(account("9600", at(1))).drawdown_pct == 4
