"""
What keeps the desk from trading, and what it raised an alarm about.

The breaker's states are kept as a history, locks are made longer or cleared but never
deleted, and events are only added: afterwards anybody can see why an entry was not made.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from records.arming import Arming
from records.breaker import BreakerState
from records.cycle import Event
from records.errors import LedgerConflict, LedgerCorrupt
from records.lock import Lock
from tools.ledger.engine import Store
from tools.ledger.rows import columns, document, from_columns, from_document
from tools.ledger.schema import arming, breaker, events, locks


class Safety:
    """The breaker, locks and events."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def breaker_state(self) -> BreakerState | None:
        """The circuit breaker as last saved; None in a new ledger."""
        statement = select(breaker.c.record).order_by(breaker.c.number.desc()).limit(1)
        with self._store.reading() as connection:
            text = connection.scalar(statement)
        return None if text is None else from_document(BreakerState, text)

    def save_breaker(self, state: BreakerState, cycle_id: str | None) -> None:
        """Add a state to the breaker's history, unless it is the one that stands."""
        with self._store.writing() as connection:
            if self.breaker_state() != state:
                row = columns(state, breaker, cycle_id=cycle_id, record=document(state))
                connection.execute(insert(breaker), row)

    def breaker_history(self, limit: int) -> tuple[BreakerState, ...]:
        """The breaker's newest states, newest first."""
        statement = select(breaker.c.record).order_by(breaker.c.number.desc()).limit(limit)
        with self._store.reading() as connection:
            rows = connection.execute(statement).all()
        return tuple(from_document(BreakerState, row.record) for row in rows)

    def hold_lock(
        self,
        kind: str,
        *,
        symbol: str | None,
        since: datetime,
        until: datetime | None,
        reason: str,
        by: str,
        judged_to: datetime | None = None,
    ) -> Lock:
        """
        Lock one market, or all with None, until a time or until it is cleared.

        A lock of this kind that holds there already is made longer, never shorter, and stays one.
        """
        lock = Lock(
            lock_id=0, kind=kind, symbol=symbol, since=since, until=until, reason=reason, by=by,
            judged_to=judged_to,
        )  # fmt: skip
        with self._store.writing() as connection:
            for held in self.active_locks(since):
                if (held.kind, held.symbol) == (kind, symbol):
                    return _lengthened(connection, held, lock)
            row = columns(lock, locks)
            del row["lock_id"]
            number = connection.execute(insert(locks).returning(locks.c.lock_id), row).scalar_one()
        return lock.model_copy(update={"lock_id": number})

    def active_locks(self, now: datetime) -> tuple[Lock, ...]:
        """Locks that hold now, oldest first."""
        statement = (
            select(locks)
            .where(locks.c.cleared_at.is_(None))
            .where(or_(locks.c.until.is_(None), locks.c.until > now))
            .order_by(locks.c.lock_id)
        )
        with self._store.reading() as connection:
            return tuple(from_columns(Lock, row) for row in connection.execute(statement))

    def locks(self, limit: int) -> tuple[Lock, ...]:
        """The newest locks, newest first, whether they hold or not."""
        statement = select(locks).order_by(locks.c.lock_id.desc()).limit(limit)
        with self._store.reading() as connection:
            return tuple(from_columns(Lock, row) for row in connection.execute(statement))

    def lock(self, lock_id: int) -> Lock | None:
        """One lock by its number."""
        with self._store.reading() as connection:
            row = connection.execute(select(locks).where(locks.c.lock_id == lock_id)).one_or_none()
        return None if row is None else from_columns(Lock, row)

    def judged_to(self) -> Mapping[tuple[str, str | None], datetime]:
        """Up to when trades, or equity, led to a lock already, by its kind and market."""
        statement = (
            select(locks.c.kind, locks.c.symbol, func.max(locks.c.judged_to).label("newest"))
            .where(locks.c.judged_to.is_not(None))
            .group_by(locks.c.kind, locks.c.symbol)
        )
        with self._store.reading() as connection:
            rows = connection.execute(statement).all()
        return {(row.kind, row.symbol): row.newest for row in rows}

    def clear_lock(self, lock_id: int, *, at: datetime, by: str, why: str) -> None:
        """Lift a lock; who did it, and why, stays on record."""
        statement = (
            update(locks)
            .where(locks.c.lock_id == lock_id, locks.c.cleared_at.is_(None))
            .values(cleared_at=at, cleared_by=by, cleared_why=why)
        )
        with self._store.writing() as connection:
            if connection.execute(statement).rowcount != 1:
                raise LedgerConflict(
                    f"There is no lock {lock_id} to clear. Nothing was changed. "
                    "`desk locks` lists the locks that hold."
                )

    def add_arming(self, permission: Arming) -> None:
        """Write that a person armed live trading; an earlier arming ends with it."""
        with self._store.writing() as connection:
            _disarm(connection, permission.armed_at)
            connection.execute(insert(arming), columns(permission, arming))

    def arming(self) -> Arming | None:
        """The newest arming, whether it still holds or not; None: live was never armed."""
        statement = select(arming).order_by(arming.c.armed_at.desc()).limit(1)
        with self._store.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else from_columns(Arming, row)

    def disarm(self, at: datetime) -> bool:
        """End the arming that holds; False when none did."""
        with self._store.writing() as connection:
            return _disarm(connection, at)

    def add_event(self, event: Event) -> None:
        """Keep something worth knowing."""
        row = columns(event, events)
        if event.detail is not None:
            row["detail"] = json.dumps(dict(event.detail))
        with self._store.writing() as connection:
            connection.execute(insert(events), row)

    def events(self, limit: int) -> tuple[Event, ...]:
        """The newest events, newest first."""
        statement = (
            select(events).order_by(events.c.at.desc(), events.c.event_id.desc()).limit(limit)
        )
        with self._store.reading() as connection:
            return tuple(_event(row) for row in connection.execute(statement))


def _event(row: Row[Any]) -> Event:
    values = dict(row._mapping)
    try:
        values["detail"] = None if row.detail is None else json.loads(row.detail)
    except ValueError as error:
        raise LedgerCorrupt(f"The detail of event {row.event_id!r} is not JSON.") from error
    return from_columns(Event, values)


def _lengthened(connection: Connection, held: Lock, wanted: Lock) -> Lock:
    """The lock that holds, as long as the longer of the two."""
    judged = [at for at in (held.judged_to, wanted.judged_to) if at is not None]
    values = {
        "until": max(held.until, wanted.until) if held.until and wanted.until else None,
        "judged_to": max(judged, default=None),
    }
    if values != {"until": held.until, "judged_to": held.judged_to}:
        statement = update(locks).where(locks.c.lock_id == held.lock_id).values(**values)
        connection.execute(statement)
    return held.model_copy(update=values)


def _disarm(connection: Connection, at: datetime) -> bool:
    standing = update(arming).where(arming.c.disarmed_at.is_(None), arming.c.expires_at > at)
    return connection.execute(standing.values(disarmed_at=at)).rowcount > 0
