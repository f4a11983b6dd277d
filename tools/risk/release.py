"""
What a person does about a halt: each act is in the ledger with who did it and why.

A lock that a person clears does not come back from the same trades; clearing a drawdown sets
the peak to what the account is worth now. The loss of a day, week or month is no matter of
opinion: `resume` leaves its lock alone, and one that is cleared comes back while the loss stands.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from records.breaker import BreakerState
from records.clock import SystemClock
from records.cycle import Event
from records.lock import Lock
from tools.ledger.ledger import Ledger
from tools.risk.protections import FIGURES


class Act(NamedTuple):
    """Who acts, when by the market's clock, and why."""

    by: str
    at: datetime
    why: str


class Resumed(NamedTuple):
    """Locks of the whole desk that were cleared, and those that hold on."""

    cleared: tuple[Lock, ...]
    left: tuple[Lock, ...]


def note_halt(ledger: Ledger, act: Act) -> None:
    """Write that a person halted the desk; the file HALT is what halts it."""
    _write(ledger, _new_id("halt"), act, "halt", "halted the desk")


def clear(ledger: Ledger, lock: Lock, act: Act) -> Decimal | None:
    """Lift one lock; returns the equity that drawdown is measured from now, if that changed."""
    with ledger.transaction():
        ledger.safety.clear_lock(lock.lock_id, at=act.at, by=act.by, why=act.why)
        peak = _reset_peak(ledger, act.at) if lock.kind == "drawdown" else None
        what = f"cleared lock {lock.lock_id} ({lock.kind}, {lock.symbol or 'every market'})"
        if peak is not None:
            what += f" and set the peak to {peak:f}"
        _write(
            ledger, f"lock-{lock.lock_id}-cleared", act, "lock_cleared", what,
            lock=lock.model_dump(mode="json"), peak=None if peak is None else f"{peak:f}",
        )  # fmt: skip
    return peak


def clearable(ledger: Ledger, now: datetime) -> tuple[Lock, ...]:
    """The locks of the whole desk that `resume` would clear."""
    return tuple(lock for lock in _of_the_desk(ledger, now) if lock.kind not in FIGURES)


def resume(ledger: Ledger, act: Act) -> Resumed:
    """Clear every lock of the whole desk but those of a loss that stands."""
    with ledger.transaction():
        cleared = clearable(ledger, act.at)
        for lock in cleared:
            clear(ledger, lock, act)
        _write(ledger, _new_id("resume"), act, "resume", "resumed the desk")
        return Resumed(cleared, _of_the_desk(ledger, act.at))


def reset_breaker(ledger: Ledger, after: BreakerState, act: Act) -> None:
    """Enter the breaker's state after a reset by hand."""
    before = ledger.safety.breaker_state()
    with ledger.transaction():
        ledger.safety.save_breaker(after, None)
        _write(
            ledger, _new_id("breaker-reset"), act, "breaker_reset", "reset the circuit breaker",
            before=None if before is None else before.model_dump(mode="json"),
        )  # fmt: skip


def _of_the_desk(ledger: Ledger, now: datetime) -> tuple[Lock, ...]:
    return tuple(lock for lock in ledger.safety.active_locks(now) if lock.whole_desk)


def _reset_peak(ledger: Ledger, at: datetime) -> Decimal | None:
    """The last equity that was recorded becomes the peak; None while there is none."""
    newest = ledger.account.equity_curve(1)
    if not newest:
        return None
    ledger.account.reset_peak(newest[0].equity, at)
    return newest[0].equity


def _write(ledger: Ledger, event_id: str, act: Act, kind: str, what: str, **detail: Any) -> None:
    event = Event(
        event_id=event_id,
        cycle_id=None,
        at=act.at,
        level="warning",
        kind=kind,
        message=f"{act.by} {what}: {act.why}",
        detail={"by": act.by, "why": act.why} | detail,
    )
    ledger.safety.add_event(event)


def _new_id(kind: str) -> str:
    """By this machine's clock: a replayed market's may stand still between two acts."""
    return f"{kind}-{SystemClock().now():%Y%m%dT%H%M%S%f}"
