"""
A cycle that is told to end: by a signal or its deadline, with real processes and a model
server that never answers.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from crew.cycle import run_cycle
from crew.home import CHECKOUT, cycle_lock
from crew.stopping import CycleStopped, Stopping
from crew.transcript import first_fault
from records.errors import ModelFailed
from records.order import OrderIntent
from records.ports import VenueOrder
from tests.crew.desks import a_desk
from tests.crew.test_cycle import BUSY, SIX
from tests.model_server import ModelServer
from tools.exchange.paper import PaperAccount
from tools.ledger.ledger import Ledger

_DESK = "from crew.main import desk; desk()"
_PATIENCE_S = 40


def started(home: Path, server: ModelServer, *flags: str) -> subprocess.Popen[str]:
    """A cycle whose provider is that server, as cron starts it."""
    return subprocess.Popen(
        [sys.executable, "-c", _DESK, "cycle", "--json", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "DESK_HOME": str(home),
            "DESK_LLM__BASE_URL": server.base_url,
            "DESK_LLM__API_KEY": "none",
        },
    )


def until_asked(server: ModelServer, process: subprocess.Popen[str], calls: int) -> None:
    """Wait until that many model calls hang."""
    end = monotonic() + _PATIENCE_S
    while len(server.bodies) < calls:
        assert process.poll() is None, process.communicate()
        assert monotonic() < end, "no model was asked"
        sleep(0.05)
    sleep(0.2)


def ended(process: subprocess.Popen[str], home: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and record, after checking that row, transcript and lock are in order."""
    out, err = process.communicate(timeout=_PATIENCE_S)
    assert "Traceback" not in err, err
    record = json.loads(out)
    with Ledger(home / "ledger.db") as ledger:
        kept = ledger.cycles.cycle(record["cycle_id"])
        assert ledger.cycles.unfinished() == ()
    assert kept is not None
    assert first_fault(home / "transcripts" / f"{kept.cycle_id}.jsonl", kept.transcript) is None
    with cycle_lock(home):
        pass
    return process.returncode, record


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_cycle_that_waits_for_its_readers(tmp_path: Path, number: int) -> None:
    """Three models are asked side by side and none answers."""
    with ModelServer(fault="hang") as server:
        process = started(tmp_path, server, "--model", "openai/rulebook-bold")
        until_asked(server, process, 3)
        began = monotonic()
        process.send_signal(number)
        for _ in range(20):  # impatience changes nothing
            sleep(0.01)
            process.send_signal(number)
        code, record = ended(process, tmp_path)
        took_s = monotonic() - began

    ending = (code, record["outcome"], record["hold_reason"])
    assert ending == (0, "hold", "stopped"), record["message"]
    assert signal.Signals(number).name in record["message"]
    assert record["orders"] == []
    assert took_s < 10, "its models would hang for a minute"


def test_a_signal_ends_a_cycle_that_waits_for_one_agent(tmp_path: Path) -> None:
    """The main thread itself sits in the provider's client."""
    tasks = tmp_path / "tasks.yaml"
    shipped = (CHECKOUT / "tasks.yaml").read_text()
    tasks.write_text(shipped.replace("  async_execution: true\n", ""))
    home = tmp_path / "home"
    with ModelServer(fault="hang") as server:
        process = started(
            home, server, "--model", "openai/rulebook-bold", "--set", f"tasks_file={tasks}"
        )
        until_asked(server, process, 1)
        began = monotonic()
        process.terminate()
        code, record = ended(process, home)
        took_s = monotonic() - began

    ending = (code, record["outcome"], record["hold_reason"])
    assert ending == (0, "hold", "stopped"), record["message"]
    assert len(server.bodies) == 1
    assert took_s < 10, "its models would hang for a minute"


def test_a_cycle_ends_at_its_deadline(tmp_path: Path) -> None:
    """A model that never answers is a failure of the model."""
    with ModelServer(fault="hang") as server:
        began = monotonic()
        process = started(
            tmp_path, server, "--model", "openai/rulebook-bold", "--set", "deadline_s=8"
        )
        code, record = ended(process, tmp_path)
        took_s = monotonic() - began

    assert (code, record["outcome"], record["hold_reason"]) == (5, "hold", "deadline")
    assert 8 <= took_s < 28  # the server would let go after 30


def test_an_entry_not_sent_is_dropped_and_one_that_was_sent_gets_its_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes while the first of several approved entries is on its way."""
    create = PaperAccount.create
    with a_desk(tmp_path, *SIX, at=BUSY) as desk:

        def interrupted(self: PaperAccount, intent: OrderIntent) -> VenueOrder:
            desk.stopping.ask("stopped", "SIGTERM ended the cycle.")
            return create(self, intent)

        monkeypatch.setattr(PaperAccount, "create", interrupted)
        record = run_cycle(desk, print)

    entries = [o for o in record.orders if o.intent.role == "entry"]
    stops = [o for o in record.orders if o.intent.role == "stop"]
    assert (record.outcome, record.hold_reason, record.exit_code) == ("traded", "stopped", 0)
    assert len(record.approvals) > 1
    assert [order.status for order in entries] == ["filled"]
    assert [order.status for order in stops] == ["open"]
    assert {r.code for r in record.refusals if r.subject in {a.approval_id for a in
            record.approvals}} == {"EntriesHalted"}  # fmt: skip


@pytest.mark.parametrize("stage", ["observe", "protect", "screen", "deliberate"])
def test_between_two_stages_a_cycle_can_end(tmp_path: Path, stage: str) -> None:
    """What was begun is finished, what comes next is not begun."""
    begun: list[str] = []
    with a_desk(tmp_path, at=BUSY) as desk:

        def say(text: str) -> None:
            begun.append(text)
            if text == stage:
                desk.stopping.ask("stopped", "SIGTERM ended the cycle.")

        record = run_cycle(desk, say)

    assert (record.outcome, record.hold_reason, record.exit_code) == ("hold", "stopped", 0)
    assert record.model.calls == 0
    assert begun[begun.index(stage) + 1] in ("reconcile", f"the crew meets on {_met(record)}")


def _met(record: Any) -> str:
    return ", ".join(record.shortlist)


def test_nothing_is_interrupted_behind_a_shield() -> None:
    """An order that was begun is seen through; the wait for a model is left at once after it."""
    stopping, done = Stopping(), False
    with pytest.raises(CycleStopped), stopping.watching(60), stopping.interruptible(lambda: True):
        with stopping.shielded():
            os.kill(os.getpid(), signal.SIGTERM)
            sleep(0.5)
            done = True
        sleep(5)
    assert done


def test_a_reader_s_thread_is_ended_by_an_error_that_crewai_hands_on() -> None:
    """CrewAI would wait for ever for a thread that ended in any other way."""
    from concurrent.futures import ThreadPoolExecutor

    stopping = Stopping()
    stopping.ask("stopped", "SIGTERM ended the cycle.")
    with ThreadPoolExecutor(1) as pool, pytest.raises(ModelFailed, match="SIGTERM"):
        pool.submit(stopping.check).result()


def test_signals_are_handed_back_after_the_cycle() -> None:
    """Whoever runs cycles inside a program keeps its own handlers."""
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    with Stopping().watching(60):
        pass
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]

    assert after == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_cycle_that_hangs_beyond_its_deadline_is_left() -> None:
    """Nothing may keep every later cycle from starting; the next one recovers."""
    script = (
        "import time\nfrom crew import stopping\nstopping.GRACE_S = 0.5\n"
        "watched = stopping.Stopping()\n"
        "with watched.watching(0.5):\n"
        "    watched.code_when_hung = 5\n"
        "    while True:\n        time.sleep(60)\n"
    )
    began = monotonic()
    left = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        check=False,
        timeout=30,
    )

    assert left.returncode == 5
    assert len(left.stderr.splitlines()) == 1
    assert "the cycle hung" in left.stderr
    assert monotonic() - began < 5
