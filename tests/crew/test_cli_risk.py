"""
Halt, locks and breaker by command: at once, without settings, and on record with who and why.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from getpass import getuser
from pathlib import Path

import pytest

from crew import cli_risk, secrets
from crew.home import cycle_lock
from records.breaker import BreakerReading, BreakerState
from records.clock import FixedClock, SystemClock
from records.lock import Lock
from tests import canaries
from tests.crew.desks import QUIET, a_desk, one_cycle
from tests.crew.test_cli import desk, refused
from tools.ledger.ledger import Ledger

BROKEN = {"DESK_FILE": "no_such_desk.yaml"}
HOUR = timedelta(hours=1)
BTC = "BTC/USDT"


@contextmanager
def ledger_of(home: Path) -> Iterator[Ledger]:
    with Ledger(home / "ledger.db") as ledger:
        yield ledger


def hold(
    home: Path, kind: str, symbol: str | None = None, *, until: datetime | None = None
) -> Lock:
    with ledger_of(home) as ledger:
        return ledger.safety.hold_lock(
            kind, symbol=symbol, since=SystemClock().now(), until=until, reason=f"why {kind}",
            by="the watchman",
        )  # fmt: skip


def later() -> datetime:
    return SystemClock().now() + HOUR


def messages(home: Path) -> list[str]:
    with ledger_of(home) as ledger:
        return [event.message for event in ledger.safety.events(9)]


def test_a_halt_needs_neither_settings_nor_ledger(tmp_path: Path) -> None:
    """Whoever halts is in a hurry; a ledger is not made for it."""
    ended = desk("halt", "the owner sleeps", home=tmp_path, environment=BROKEN)

    assert ended.returncode == 0, ended.stderr
    assert "Halted: the owner sleeps." in ended.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["HALT"]


def test_a_halt_and_its_end_are_events_with_who_and_why(tmp_path: Path) -> None:
    """Also while a cycle holds the desk's lock."""
    hold(tmp_path, "alarm", until=SystemClock().now())  # makes the ledger; over already
    with cycle_lock(tmp_path):
        desk("halt", "odd funding", home=tmp_path)
        ended = desk("resume", "--why", "it was a test", home=tmp_path, environment=BROKEN)

    assert ended.stdout == "Entries are allowed again.\n"
    assert not (tmp_path / "HALT").exists()
    who = getuser()
    assert sorted(messages(tmp_path)) == [
        f"{who} halted the desk: odd funding",
        f"{who} resumed the desk: it was a test",
    ]
    assert desk("resume", home=tmp_path).stdout == "The desk was not halted.\n"
    assert len(messages(tmp_path)) == 2


def test_a_halt_holds_though_the_ledger_cannot_tell_of_it(tmp_path: Path) -> None:
    """The file is what halts; that nobody will read of it is said."""
    (tmp_path / "ledger.db").write_bytes(b"not a ledger" * 1000)

    ended = desk("halt", "why not", home=tmp_path)

    assert (ended.returncode, (tmp_path / "HALT").read_text()) == (0, "why not\n")
    assert "the halt holds" in ended.stderr
    refused(desk("resume", home=tmp_path), 6)
    assert (tmp_path / "HALT").exists()


def test_a_locked_desk_is_halted_without_a_model_call(tmp_path: Path) -> None:
    """The file and a lock are one state; a locked market stops no other."""
    with a_desk(tmp_path) as opened:
        assert opened.halted() is None
        for kind, symbol in (("cooldown", BTC), ("alarm", None)):
            opened.ledger.safety.hold_lock(
                kind, symbol=symbol, since=QUIET, until=None, reason=f"why {kind}", by="x"
            )
            halted = opened.halted()
            assert halted == (None if symbol else "why alarm [lock 2, until it is cleared]")
        opened.clock = FixedClock(QUIET - HOUR)
        assert opened.now() == QUIET - HOUR
        assert [lock.lock_id for lock in opened.locks()] == [1, 2]

    record = one_cycle(tmp_path)

    assert (record.outcome, record.hold_reason, record.model.calls) == ("halted", "halt", 0)
    assert "why alarm" in record.message


def test_a_desk_whose_locks_cannot_be_read_opens_nothing(tmp_path: Path) -> None:
    """In doubt it stands still."""
    with a_desk(tmp_path) as opened:
        opened.ledger.close()

        assert "the locks cannot be read" in str(opened.halted())


def test_resume_needs_a_reason_when_there_is_a_lock_to_clear(tmp_path: Path) -> None:
    """And until it has one nothing is changed, the file included."""
    desk("halt", "x", home=tmp_path)
    hold(tmp_path, "alarm")

    assert "why alarm" in refused(desk("resume", home=tmp_path), 2)

    assert (tmp_path / "HALT").exists()
    with ledger_of(tmp_path) as ledger:
        assert len(ledger.safety.active_locks(later())) == 1


def test_resume_leaves_a_loss_and_a_single_market_locked(tmp_path: Path) -> None:
    """A loss limit is a figure; a market's cooldown is not the halt."""
    for kind, symbol in (("stop_guard", None), ("day_loss", None), ("cooldown", BTC)):
        hold(tmp_path, kind, symbol, until=later())

    ended = desk("resume", "--why", "the feed was wrong", home=tmp_path)
    again = desk("resume", home=tmp_path)

    for one in (ended, again):
        assert one.returncode == 0
        assert "Still locked: why day_loss [lock 2, until" in one.stdout
        assert "would lock again" in one.stdout
        assert "allowed again" not in one.stdout
    with ledger_of(tmp_path) as ledger:
        kinds = [lock.kind for lock in ledger.safety.active_locks(SystemClock().now())]
    assert kinds == ["day_loss", "cooldown"]
    assert len(messages(tmp_path)) == 2


def test_the_breaker_is_shown_and_reset_by_a_person_on_record(tmp_path: Path) -> None:
    """The state, what was measured, and how it came about."""
    assert "No cycle has looked" in desk("breaker", home=tmp_path).stdout
    assert json.loads(desk("breaker", "--json", home=tmp_path).stdout) == {
        "state": None,
        "history": [],
    }
    since = SystemClock().now() - HOUR
    fell = BreakerReading(trigger="BTC/USDT 1h drop", value=Decimal(16), limit=Decimal(15))
    with ledger_of(tmp_path) as ledger:
        ledger.safety.save_breaker(BreakerState(status="SAFE", since=since - HOUR), None)
        ledger.safety.save_breaker(
            BreakerState(
                status="TRIGGERED", since=since, reasons=("BTC/USDT fell 16 %",), readings=(fell,)
            ),
            None,
        )

    shown = desk("breaker", "--history", "5", home=tmp_path, environment=BROKEN).stdout
    ended = desk("breaker", "reset", "--why", "a bad tick", "--yes", home=tmp_path)
    document = json.loads(desk("breaker", "--json", "--history", "2", home=tmp_path).stdout)

    first, second, third = shown.splitlines()
    assert first.startswith("TRIGGERED since ") and first.endswith(": BTC/USDT fell 16 %")
    assert second.split() == ["BTC/USDT", "1h", "drop", "16", "of", "15", "TRIPPED"]
    assert third.startswith("SAFE since")
    assert ended.returncode == 0, ended.stderr
    assert document["state"]["status"] == "RECOVERING"
    assert [state["status"] for state in document["history"]] == ["TRIGGERED", "SAFE"]
    assert messages(tmp_path) == [f"{getuser()} reset the circuit breaker: a bad tick"]


def test_a_halt_that_cannot_be_written_or_lifted_is_one_message(tmp_path: Path) -> None:
    """A folder of that name halts; nobody in a hurry reads a traceback."""
    (tmp_path / "HALT").mkdir()

    assert "halted all the same" in refused(desk("halt", "why", home=tmp_path), 6)
    assert "stays halted" in refused(desk("resume", home=tmp_path), 6)


def test_a_key_that_stands_only_in_dotenv_is_not_written_by_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in HALT, not in the ledger, not on the screen."""
    key = "CANARY-KEY-9e27ab41"
    (tmp_path / ".env").write_text(f"EXCHANGE_API_KEY={key}\n")
    home = tmp_path / "state"
    monkeypatch.setenv("DESK_HOME", str(home))
    monkeypatch.setattr(secrets, "DOTENV", tmp_path / ".env")
    hold(home, "alarm", until=SystemClock().now())  # makes the ledger

    cli_risk.halt(f"leaked {key}")
    cli_risk.resume(f"changed {key}")

    assert capsys.readouterr().out.startswith("Halted: leaked [redacted].")
    assert sorted(messages(home)) == [
        f"{getuser()} halted the desk: leaked [redacted]",
        f"{getuser()} resumed the desk: changed [redacted]",
    ]
    assert canaries.findings(home, {"KEY": key}) == []
