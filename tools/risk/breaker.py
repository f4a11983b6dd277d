"""
The circuit breaker: what the market does can stop every entry, before any model is asked.

Source: domain reference, Circuit breaker.

    SAFE <-> WARNING -> TRIGGERED -> RECOVERING (smaller sizes) -> SAFE or WARNING

It decides from a snapshot and its own last state alone, so it survives every restart. A
missing input neither triggers nor clears, and a fault of the data is no crash. Nothing here
can be talked to: a person may reset it, which is recorded, and never with full size.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from records.breaker import BreakerLimits, BreakerReading, BreakerState, BreakerStatus
from records.market import MarketSnapshot
from tools.risk import recovery, triggers
from tools.risk.frames import EXACT
from tools.risk.triggers import MAJORS, warns, words

WATCHED = MAJORS
"""Markets the breaker needs whatever the desk trades; it also reads `limits.peg_markets`."""

Readings = tuple[BreakerReading, ...]


def evaluate(
    snapshot: MarketSnapshot,
    previous: BreakerState | None,
    limits: BreakerLimits,
    *,
    watched: Sequence[str],
    fear_greed: Decimal | None = None,
) -> BreakerState:
    """The breaker's state after this snapshot; `watched` are the markets of the desk."""
    with localcontext(EXACT):
        stood = previous or BreakerState(status="SAFE", since=snapshot.as_of)
        seen = tuple(triggers.readings(snapshot, stood, limits, watched, fear_greed))
        tripped = any(reading.tripped for reading in seen)
        if not tripped and stood.status != "TRIGGERED":
            return _open(stood, seen, snapshot.as_of, limits)
        held = _held(stood, seen, snapshot)
        waits = tuple(recovery.missing(held, snapshot, limits))
        if tripped or waits:
            return held.model_copy(update={"reasons": (*_causes(held), *waits)})
        return _open(_recovered(held, snapshot.as_of), seen, snapshot.as_of, limits)


def reset(state: BreakerState, now: datetime) -> BreakerState:
    """
    RECOVERING by a person's hand, with smaller sizes; a state that is not TRIGGERED stays.

    No fall from before the reset counts again: from here on drops are measured from the first
    close after it, and until then not at all. What still holds at the next evaluation, such as
    funding, a peg, volume or Fear & Greed, triggers again: change its limit instead.
    """
    if state.status != "TRIGGERED":
        return state
    return _recovered(state, now).model_copy(update={"reset_at": now})


def size_pct(state: BreakerState, limits: BreakerLimits) -> Decimal:
    """Size of a new position, percent of the ordinary one."""
    return limits.half_size_pct if state.status == "RECOVERING" else Decimal(100)


def unseen(
    state: BreakerState, previous: BreakerState | None, watched: Sequence[str]
) -> tuple[str, ...]:
    """
    Majors whose fall would not be seen now, though the desk trades them or saw them before.

    A venue that has neither of them shows no crash at all, so both count as unseen there.
    """
    seen = _measured(state)
    known = (_measured(previous) if previous is not None else frozenset()) | seen
    needed = [symbol for symbol in MAJORS if symbol in watched or symbol in known]
    return tuple(symbol for symbol in needed or MAJORS if symbol not in seen)


def _measured(state: BreakerState) -> frozenset[str]:
    """The majors with a fresh drop among the readings."""
    return frozenset(
        symbol
        for symbol in MAJORS
        if any(r.trigger in recovery.drops_of(symbol) and not r.stale for r in state.readings)
    )


def unjudged(previous: BreakerState | None, now: datetime, why: str) -> BreakerState:
    """TRIGGERED because the breaker itself failed; what it knew of a crash is kept."""
    reasons = (f"the circuit breaker could not be judged: {why}",)
    if previous is None or previous.status != "TRIGGERED":
        reset_at = None if previous is None else previous.reset_at
        return BreakerState(status="TRIGGERED", since=now, reasons=reasons, reset_at=reset_at)
    return previous.model_copy(update={"since": now, "reasons": (*_causes(previous), *reasons)})


def _held(stood: BreakerState, seen: Readings, snapshot: MarketSnapshot) -> BreakerState:
    """TRIGGERED, anew or still; another trigger starts the wait again."""
    tripped = {reading.trigger: reading for reading in seen if reading.tripped}
    causes = {reading.trigger: reading for reading in stood.triggered_by}
    standing = {reading.trigger for reading in stood.readings if reading.tripped}
    return BreakerState(
        status="TRIGGERED",
        since=stood.since if tripped.keys() <= standing else snapshot.as_of,
        readings=seen,
        triggered_by=tuple((causes | tripped).values()),
        falls=tuple(recovery.falls(stood, snapshot)),
        reset_at=stood.reset_at,
    )


def _causes(held: BreakerState) -> tuple[str, ...]:
    """What tripped, and whether it still holds."""
    holding = {reading.trigger for reading in held.readings if reading.tripped}
    return tuple(
        words(r) if r.trigger in holding else f"{words(r)} has passed" for r in held.triggered_by
    )


def _recovered(held: BreakerState, now: datetime) -> BreakerState:
    """RECOVERING from now on."""
    return BreakerState(status="RECOVERING", since=now, reset_at=held.reset_at)


def _open(
    stood: BreakerState, seen: Readings, now: datetime, limits: BreakerLimits
) -> BreakerState:
    """RECOVERING to its end, else WARNING or SAFE."""
    near = tuple(words(reading) for reading in seen if warns(reading, limits))
    until = stood.until or stood.since + timedelta(seconds=limits.half_size_s)
    if stood.status == "RECOVERING" and now < until:
        ends = f"recovering: {limits.half_size_pct:f} % size until {recovery.clock(until)}"
        update = {"reasons": (ends, *near), "readings": seen, "until": until}
        return stood.model_copy(update=update)
    status: BreakerStatus = "WARNING" if near else "SAFE"
    return BreakerState(
        status=status,
        since=stood.since if stood.status == status else now,
        reasons=near,
        readings=seen,
        reset_at=stood.reset_at,
    )
