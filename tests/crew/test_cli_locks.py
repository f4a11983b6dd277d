"""The locks by command: what holds, what is over, who cleared it and why."""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from getpass import getuser
from pathlib import Path

import pytest

from crew.home import CHECKOUT
from records.clock import SystemClock
from records.order import AccountState
from tests.crew.desks import QUIET, a_desk
from tests.crew.test_cli import desk, refused
from tests.crew.test_cli_risk import BROKEN, BTC, HOUR, hold, later, ledger_of, messages


def test_locks_are_listed_with_their_end_and_their_history(tmp_path: Path) -> None:
    """What holds, what is over, and what somebody cleared."""
    assert desk("locks", home=tmp_path).stdout == "Nothing is locked.\n"
    hold(tmp_path, "cooldown", BTC, until=SystemClock().now())
    hold(tmp_path, "low_profit", BTC, until=datetime(2126, 1, 1, tzinfo=UTC))
    hold(tmp_path, "alarm")
    assert desk("locks", "clear", "3", "--why", "seen to", "--yes", home=tmp_path).returncode == 0
    hold(tmp_path, "drawdown")

    active = desk("locks", home=tmp_path, environment=BROKEN).stdout.splitlines()
    every = desk("locks", "--all", home=tmp_path).stdout
    document = json.loads(desk("locks", "--json", home=tmp_path).stdout)

    assert len(active) == 2
    assert "BTC/USDT" in active[0] and "[lock 2, until 2126-01-01 00:00:00 UTC]" in active[0]
    assert "every market" in active[1] and "[lock 4, until it is cleared]" in active[1]
    assert f"[lock 3, cleared by {getuser()}: seen to] why alarm" in every
    assert "[lock 1, over since" in every
    assert [lock["kind"] for lock in document] == ["low_profit", "drawdown"]
    assert len(json.loads(desk("locks", "--all", "--json", home=tmp_path).stdout)) == 4


def test_clearing_a_lock_is_recorded_and_says_what_follows(tmp_path: Path) -> None:
    """A drawdown is measured from now on; a loss comes back."""
    with a_desk(tmp_path) as opened:
        opened.ledger.cycles.begin_cycle("c", QUIET, "demo", "paper", True, (BTC,))
        account = AccountState(
            as_of=QUIET, currency="USDT", equity=Decimal(8400), cash=Decimal(8400), positions=()
        )
        opened.ledger.account.add_equity("c", account)
    hold(tmp_path, "drawdown")
    hold(tmp_path, "week_loss", until=later())

    first = desk("locks", "clear", "1", "--why", "new money", "--yes", home=tmp_path)
    second = desk("locks", "clear", "2", "--why", "let me", "--yes", home=tmp_path)

    assert first.stdout == "Lock 1 is cleared.\nDrawdown is measured from 8400 now.\n"
    assert "comes back" in second.stdout
    who = getuser()
    assert sorted(messages(tmp_path)) == [
        f"{who} cleared lock 1 (drawdown, every market) and set the peak to 8400: new money",
        f"{who} cleared lock 2 (week_loss, every market): let me",
    ]
    with ledger_of(tmp_path) as ledger:
        assert ledger.account.peak_equity() == 8400


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("locks", "clear", "1", "--why", " ", "--yes"), "--why needs a reason"),
        (("locks", "clear", "9", "--why", "x", "--yes"), "no lock 9"),
        (("locks", "clear", "1", "--why", "x"), "--yes answers"),
        (("breaker", "reset", "--why", " "), "--why needs a reason"),
        (("breaker", "reset", "--why", "x"), "nothing to reset"),
    ],
)
def test_what_is_not_clear_changes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """One message, code 2, and the lock holds on."""
    lock = hold(tmp_path, "alarm")

    assert said in refused(desk(*arguments, home=tmp_path), 2)

    with ledger_of(tmp_path) as ledger:
        assert ledger.safety.lock(1) == lock
        assert ledger.safety.events(9) == ()


def test_a_person_at_a_terminal_is_asked(tmp_path: Path) -> None:
    """And may think better of it."""
    hold(tmp_path, "alarm")
    for answer, cleared in ((b"n\n", False), (b"y\n", True)):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        code = f"import sys; sys.argv[1:] = {['locks', 'clear', '1', '--why', 'x']!r}\n"
        ended = subprocess.run(
            [sys.executable, "-c", code + "from crew.main import desk; desk()"],
            stdin=theirs,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "DESK_HOME": str(tmp_path)},
            check=False,
        )
        os.close(ours)
        os.close(theirs)

        assert ended.returncode == (0 if cleared else 2), ended.stderr
        assert "Clear the alarm lock of every market? [y/N]" in ended.stderr
        with ledger_of(tmp_path) as ledger:
            lock = ledger.safety.lock(1)
        assert lock is not None and (lock.cleared_at is not None) is cleared


def test_status_shows_locks_and_the_halt_they_make(tmp_path: Path) -> None:
    """The first look in the morning."""
    hold(tmp_path, "cooldown", BTC, until=later())
    hold(tmp_path, "alarm")

    text = desk("status", home=tmp_path).stdout
    document = json.loads(desk("status", "--json", home=tmp_path).stdout)

    assert "HALTED      why alarm [lock 2, until it is cleared]" in text
    assert "locked      BTC/USDT, until" in text
    assert "locked      every market, until it is cleared: why alarm [lock 2]" in text
    assert [lock["symbol"] for lock in document["locks"]] == [BTC, None]
    assert document["halted"].startswith("why alarm")


def test_a_replayed_market_has_its_own_time(tmp_path: Path) -> None:
    """A lock of 2021 holds while the market stands in 2021."""
    then = datetime(2021, 5, 19, 13, tzinfo=UTC)
    with ledger_of(tmp_path) as ledger:
        ledger.cycles.begin_cycle("c", then, "replay", "paper", False, (BTC,))
        ledger.safety.hold_lock(
            "stop_guard", symbol=None, since=then, until=then + HOUR, reason="r", by="x"
        )

    assert "[lock 1, until 2021-05-19 14:00:00 UTC]" in desk("locks", home=tmp_path).stdout
    desk("locks", "clear", "1", "--why", "x", "--yes", home=tmp_path)
    with ledger_of(tmp_path) as ledger:
        lock = ledger.safety.lock(1)
    assert lock is not None and lock.cleared_at == then
