"""
What one process of the proof does before it ends or is killed: the work of a real cycle.

The first life trades; every later one recovers, as the next cycle of the desk would: it
reconciles, then looks after what is open. What the proof itself writes (the cycle's row,
the decisions) is not under proof and has no points.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from records import ids
from records.base import Record
from records.clock import Clock
from tests.crash.path import Account, Build, Control, OrderPath, Parts
from tests.crash.plan import Decision, Plan, entry_of, exit_of
from tests.crash.points import Points
from tests.crash.script import BTC
from tools.ledger.ledger import Ledger

Connected = Callable[[], AbstractContextManager[tuple[Account, Clock, Control]]]
"""The venue of a run, as a process reaches it: an account, its clock, and the proof's controls."""


@dataclass(frozen=True)
class Place:
    """Where a run keeps what outlives its processes, and the path it proves.

    The ledger is prepared and not open: a process forked from here finds its statements
    compiled, and opens a connection of its own.
    """

    ledger: Ledger
    build: Build
    connected: Connected

    @contextmanager
    def opened(self) -> Iterator[Ledger]:
        """The ledger, open; afterwards it has no connection and may be opened again."""
        try:
            yield self.ledger.open()
        finally:
            self.ledger.store.reader.dispose()
            self.ledger.store.writer.dispose()


class Lived(Record):
    """What a process that was not killed says at its end."""

    passed: tuple[str, ...]
    problems: tuple[str, ...]


def first_life(place: Place, plan: Plan, kill_at: int) -> Lived:
    """Trade, and be killed at a point; 0: at none."""
    points = Points(kill_at)
    with place.opened() as ledger:
        if plan.plot in ("close", "trail", "flatten"):
            _open_position(place, plan)
        with _cycle(place) as parts:
            approval_id = _decide(parts, plan)
            parts.control.arm()
            with points.watching(ledger):
                path = _begin(place, parts, points)
                problems = tuple(path.reconcile())
                _act(path, plan, approval_id)
                points("end")
    return Lived(passed=tuple(points.passed), problems=problems)


def later_life(place: Place, gap_s: int, kill_at: int) -> Lived:
    """Recover after so many seconds, and be killed at a point; 0: at none."""
    points = Points(kill_at)
    with place.opened() as ledger, _cycle(place, gap_s) as parts, points.watching(ledger):
        path = _begin(place, parts, points)
        problems = tuple(path.reconcile())
        path.protect()
        points("end")
    return Lived(passed=tuple(points.passed), problems=problems)


@contextmanager
def _cycle(place: Place, gap_s: int = 0) -> Iterator[Parts]:
    """A cycle that has begun, in an open ledger."""
    cycles = place.ledger.cycles
    with place.connected() as (account, clock, control):
        control.advance(gap_s)
        at = clock.now()
        sequence = ids.IdSequence(ids.cycle_id(at, cycles.next_cycle_sequence()))
        cycles.begin_cycle(sequence.cycle_id, at, "crash", "testnet", True, (BTC,))
        yield Parts(place.ledger, account, sequence, clock, control)


def _begin(place: Place, parts: Parts, points: Points) -> OrderPath:
    """The path under proof; from here on points are passed."""
    parts.account.hit = points
    points("start")
    return place.build(parts)


def _open_position(place: Place, plan: Plan) -> None:
    """An earlier cycle that nothing happened to."""
    with _cycle(place) as parts:
        path = place.build(parts)
        path.reconcile()
        decision = entry_of(plan, parts.ids.cycle_id, parts.clock.now())
        path.place(_enter(parts.ledger, decision))
        if plan.plot == "trail":
            parts.control.move(plan.profit_price)


def _decide(parts: Parts, plan: Plan) -> str | None:
    """The approval this cycle acts on, if its plot needs one."""
    if plan.plot in ("trail", "flatten"):
        return None
    decide = exit_of if plan.plot == "close" else entry_of
    return _enter(parts.ledger, decide(plan, parts.ids.cycle_id, parts.clock.now()))


def _enter(ledger: Ledger, decision: Decision) -> str:
    with ledger.transaction():
        ledger.decisions.add_proposal(decision.proposal)
        ledger.decisions.add_verdict(decision.verdict)
        ledger.decisions.add_approval(decision.approval)
    return decision.approval.approval_id


def _act(path: OrderPath, plan: Plan, approval_id: str | None) -> None:
    if plan.plot == "flatten":
        path.flatten()
        return
    path.protect()
    if approval_id is not None:
        path.place(approval_id)
