"""
The order path under proof, as one cycle uses it; the desk's own, or a wrong one.

`build` gets what a cycle has and returns the path; everything that outlives a cycle is in
the ledger and at the venue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from records.clock import Clock
from records.ids import IdSequence
from records.ports import AccountReader
from records.risk import ExitRules
from tests.crash.plan import market_at
from tools.exchange.writer import OrderWriter
from tools.ledger.ledger import Ledger
from tools.orders.execution import Execution


class Unread:
    """A Journal that nobody reads."""

    def write(self, kind: str, **data: Any) -> None:
        """Forget it."""


class Account(AccountReader, OrderWriter, Protocol):
    """Both sides of an account; `hit` is told each point at which a process can be killed."""

    hit: Callable[[str], None]


class Control(Protocol):
    """What only the proof may do with a venue."""

    def advance(self, seconds: float) -> None:
        """Let time pass while the desk is dead."""
        ...

    def pause(self, seconds: float) -> None:
        """Let time pass while the desk waits."""
        ...

    def arm(self) -> None:
        """From here on requests fail as planned."""
        ...

    def disarm(self) -> None:
        """No further request fails."""
        ...

    def move(self, price: Decimal) -> None: ...

    def last(self) -> Decimal: ...


@dataclass(frozen=True)
class Parts:
    """What one cycle is built from."""

    ledger: Ledger
    account: Account
    ids: IdSequence
    clock: Clock
    control: Control


class OrderPath(Protocol):
    """What a cycle asks of an order path."""

    def reconcile(self) -> Sequence[str]:
        """Follow the venue; what stands in the way of entries."""
        ...

    def protect(self) -> None: ...

    def place(self, approval_id: str) -> None: ...

    def flatten(self) -> None: ...


Build = Callable[[Parts], OrderPath]


class DeskPath:
    """The desk's own execution; a pause moves the venue's clock instead of the wall's."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._problems: Sequence[str] = ()
        self._execution = Execution(
            ledger=parts.ledger,
            account=parts.account,
            writer=parts.account,
            ids=parts.ids,
            clock=parts.clock,
            journal=Unread(),
            pause=parts.control.pause,
        )

    def reconcile(self) -> Sequence[str]:
        self._problems = self._execution.reconcile(halted=lambda: None).problems
        return self._problems

    def protect(self) -> None:
        snapshot = market_at(self._parts.control.last(), self._parts.clock.now())
        self._execution.protect(snapshot, ExitRules(), "3m")

    def place(self, approval_id: str) -> None:
        snapshot = market_at(self._parts.control.last(), self._parts.clock.now())
        desk = self._execution.desk(
            quote=snapshot.markets.get, halted=lambda: next(iter(self._problems), None)
        )
        desk.place_all([approval_id])

    def flatten(self) -> None:
        self._execution.flatten(None)
