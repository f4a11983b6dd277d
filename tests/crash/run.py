"""
One run: a trade, a kill, perhaps a kill inside the recovery, two recoveries, the judgement.

Every life is a process of its own, forked from this one, which has everything imported
and neither a thread nor an open database.
"""

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Literal

from records.base import Record
from tests.crash.client import connected
from tests.crash.judge import Finding, digest, judge, unprotected
from tests.crash.life import Lived, Place, first_life, later_life
from tests.crash.plan import PLOTS, Plan, plan_of
from tests.crash.script import Fault
from tools.ledger.ledger import Ledger

Second = Literal["none", "early", "late"]
SECONDS: tuple[Second, ...] = ("none", "early", "late")


class Run(Record):
    """Which run it is; the numbers of the points count from 1, and 0 kills nothing."""

    seed: int
    fault: Fault
    kill_at: int = 0
    second: Second = "none"
    kill_again_at: int = 0


class Outcome(Record):
    """How a run ended."""

    run: Run
    plot: str
    kills: int = 0
    points: tuple[str, ...] = ()
    """Of the first life, where it was not killed."""
    recovery_points: tuple[str, ...] = ()
    """Of the first recovery that was not killed."""
    findings: tuple[Finding, ...] = ()
    digest: str = ""


class Judged(Record):
    """What the last process says: its two recoveries, and what was found after them."""

    passed: tuple[str, ...]
    findings: tuple[Finding, ...]
    digest: str


class Killed(Exception):
    """The process was killed, as it was asked to."""


class Failed(Exception):
    """The process raised; the text says where."""


class Bench:
    """One venue, one folder, run after run."""

    def __init__(self, template: Path, place: Place, socket: str) -> None:
        self._template = template
        self._place = place
        self._socket = socket

    def warm_up(self) -> None:
        """Live once through every plot in this process, so that its children start warm."""
        for seed in range(len(PLOTS)):
            plan = plan_of(seed, "none")
            self._fresh(plan)
            first_life(self._place, plan, 0)
            self._recover(plan, (60, 60))

    def run(self, run: Run) -> Outcome:
        """One run from a fresh ledger to its judgement."""
        plan = self._plan(run)
        self._fresh(plan)
        kills, findings = 0, list[Finding]()
        points: tuple[str, ...] = ()
        judged: Judged | None = None
        first_gap_s, gap_s, last_gap_s = plan.gaps_s
        try:
            try:
                points = self._fork(lambda: first_life(self._place, plan, run.kill_at)).passed
            except Killed:
                kills += 1
            if run.kill_again_at:
                try:
                    self._fork(lambda: later_life(self._place, first_gap_s, run.kill_again_at))
                except Killed:
                    kills += 1
            judged = _forked(lambda: self._recover(plan, (gap_s, last_gap_s)), Judged)
            findings.extend(judged.findings)
        except Failed as error:
            findings.append(Finding(kind="error", what=str(error)))
        except Killed:
            findings.append(Finding(kind="error", what="a recovery was killed by somebody else"))
        return Outcome(
            run=run,
            plot=plan.plot,
            kills=kills,
            points=points,
            recovery_points=judged.passed if judged else (),
            findings=tuple(findings),
            digest=judged.digest if judged else "",
        )

    def _plan(self, run: Run) -> Plan:
        return plan_of(run.seed, run.fault)

    def _fork(self, live: Callable[[], Lived]) -> Lived:
        return _forked(live, Lived)

    def _fresh(self, plan: Plan) -> None:
        """A new ledger, and a venue at which nothing has happened."""
        for beside in ("", "-wal", "-shm"):
            Path(f"{self._place.ledger.path}{beside}").unlink(missing_ok=True)
        shutil.copyfile(self._template, self._place.ledger.path)
        self._reset(plan)

    def _reset(self, plan: Plan) -> None:
        with connected(self._socket) as (_, _, control):
            control.reset(plan.script)

    def _recover(self, plan: Plan, gaps_s: tuple[int, int]) -> Judged:
        """Two recoveries that nobody kills; a stop must be there after the first.

        The network may still fail in the first; what failed in the last nobody could mend.
        """
        first = later_life(self._place, gaps_s[0], 0)
        early = () if plan.script.outage_ms else self._unprotected()
        with self._place.connected() as (_, _, control):
            control.disarm()
        second = later_life(self._place, gaps_s[1], 0)
        named = tuple(Finding(kind="unresolved", what=text) for text in second.problems)
        with self._place.opened() as ledger:
            found, fingerprint = self._judge(ledger, plan), digest(ledger)
        return Judged(passed=first.passed, findings=(*early, *named, *found), digest=fingerprint)

    def _unprotected(self) -> tuple[Finding, ...]:
        with connected(self._socket) as (_, _, control):
            return unprotected(control.audit())

    def _judge(self, ledger: Ledger, plan: Plan) -> tuple[Finding, ...]:
        with connected(self._socket) as (_, _, control):
            return judge(ledger, control.audit(), plan.quantity)


def second_kill(run: Run, recovery_points: int) -> int:
    """Where a recovery of so many points is killed: somewhere in its first or second half."""
    rng = Random(f"{run.seed} {run.fault} {run.kill_at} {run.second}")
    half = max(1, recovery_points // 2)
    return rng.randint(1, half) if run.second == "early" else rng.randint(half, recovery_points)


def _forked[R: Record](work: Callable[[], R], kind: type[R]) -> R:
    """The record that the work made in a process of its own; Killed or Failed without one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        raise Killed
    if status != 0:
        raise Failed(said.decode())
    return kind.model_validate_json(said)


def _live(work: Callable[[], Record], writing: int) -> None:
    """The child's whole life; it never returns."""
    try:
        said, status = work().model_dump_json(), 0
    except BaseException:  # noqa: BLE001 - whatever it is, the run must say so
        said, status = "".join(traceback.format_exception(*sys.exc_info())[-6:]), 1
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(said.encode())
    os._exit(status)
