"""
The account of a run, through the socket: the reading and the writing side of the protocol.

A request that may have been processed and was not answered is an unknown outcome; it is
never sent again from here. The time is the venue's, as of its last answer.
"""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from pydantic import TypeAdapter

from records.clock import epoch_ms, from_epoch_ms
from records.errors import NotSent, OrderRefused, OutcomeUnknown, VenueError
from records.order import FundingPayment, OrderIntent
from records.ports import VenueFill, VenueOrder
from tests.crash.script import BTC, START_MS, Script
from tests.crash.venue import CONDITIONAL, Audit

ORDERS = TypeAdapter(list[VenueOrder])
FILLS = TypeAdapter(list[VenueFill])


class NoAnswer(Exception):
    """The connection ended, or what came is not a whole answer."""


class Line:
    """A connection that is opened when it is needed, and the venue's clock."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stream: Any = None
        self._now = START_MS

    def now(self) -> datetime:
        """The venue's time at its last answer."""
        return from_epoch_ms(self._now)

    def ask(self, do: str, sent: Callable[[], None] = lambda: None, /, **asked: Any) -> Any:
        """One request and its answer; NoAnswer when there is no whole one."""
        self._hand_over(orjson.dumps({"do": do, **asked}) + b"\n")
        sent()
        answer = self._stream.readline()
        if not answer.endswith(b"\n"):
            self.close()
            raise NoAnswer("the connection ended")
        told: dict[str, Any] = orjson.loads(answer)
        self._now = told.pop("now", self._now)
        return told

    def close(self) -> None:
        """Hang up; the next request calls again."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def _hand_over(self, request: bytes) -> None:
        if self._stream is None:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(self._path)
                self._stream = connection.makefile("rwb")
        self._stream.write(request)
        self._stream.flush()


class SocketControl:
    """What only the proof may do: set up a venue, move its clock, look at its books."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def reset(self, script: Script) -> None:
        self._line.ask("reset", script=script.model_dump(mode="json"))

    def arm(self) -> None:
        self._line.ask("arm")

    def disarm(self) -> None:
        self._line.ask("disarm")

    def move(self, price: Decimal) -> None:
        self._line.ask("move", price=str(price))

    def advance(self, seconds: float) -> None:
        self._line.ask("advance", ms=round(seconds * 1000))

    def pause(self, seconds: float) -> None:
        self.advance(seconds)

    def last(self) -> Decimal:
        return Decimal(self._line.ask("quote")["told"])

    def audit(self) -> Audit:
        return Audit.model_validate(self._line.ask("audit")["told"])


class CrashAccount:
    """AccountReader and OrderWriter over one line; `hit` is told each point of a kill."""

    fate_known_after_s = 15.0
    entries_rest = True

    def __init__(self, line: Line) -> None:
        self._line = line
        self.hit: Callable[[str], None] = lambda _point: None

    # ---- reading

    def catch_up(self) -> None:
        """The venue needs no help to get on."""

    def cash(self) -> Decimal:
        return Decimal(self._read("account")["cash"])

    def holdings(self) -> Mapping[str, Decimal]:
        position = Decimal(self._read("account")["position"])
        return {BTC: position} if position else {}

    def open_orders(self) -> Sequence[VenueOrder]:
        return ORDERS.validate_python(self._read("open"))

    def order(self, intent: OrderIntent) -> VenueOrder | None:
        self.hit(f"query {intent.role} next")
        found = self._read("order", **_named(intent))
        self.hit(f"query {intent.role} done")
        return None if found is None else VenueOrder.model_validate(found)

    def fills(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[VenueFill]:
        if BTC not in symbols:
            return []
        return FILLS.validate_python(self._read("fills", since_ms=epoch_ms(since) if since else 0))

    def forced(self, fill: VenueFill) -> bool:
        """This venue never closes a position by itself."""
        return False

    def funding(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[FundingPayment]:
        return []

    # ---- writing

    def prepare(self, intent: OrderIntent) -> None:
        """Margin and leverage are as they should be."""

    def create(self, intent: OrderIntent) -> VenueOrder:
        told = self._send("create", intent, intent=intent.model_dump(mode="json"))
        if "refused" in told:
            if told["refused"].startswith("-4116"):
                raise OutcomeUnknown("An order of this client id stands.")
            raise OrderRefused(told["refused"])
        return VenueOrder.model_validate(told["told"])

    def cancel(self, intent: OrderIntent) -> VenueOrder | None:
        told = self._send("cancel", intent, **_named(intent))
        if "refused" in told:
            return self.order(intent)
        return VenueOrder.model_validate(told["told"])

    def _send(self, what: str, intent: OrderIntent, /, **asked: Any) -> dict[str, Any]:
        """A request that changes something, with a point before, within and after it."""
        self.hit(f"{what} {intent.role} next")
        try:
            told: dict[str, Any] = self._line.ask(
                what, lambda: self.hit(f"{what} {intent.role} sent"), **asked
            )
        except NoAnswer as error:
            self.hit(f"{what} {intent.role} failed")
            raise OutcomeUnknown(f"No answer to the {what} of {intent.role}: {error}.") from error
        self.hit(f"{what} {intent.role} done")
        if told.get("unreachable"):
            raise _never_left(what)
        if "status" in told:
            raise OutcomeUnknown(f"The venue answered with status {told['status']}.")
        return told

    def _read(self, what: str, /, **asked: Any) -> Any:
        try:
            return self._line.ask("read", view=what, **asked)["told"]
        except NoAnswer as error:
            raise VenueError(f"The venue could not be asked for {what}: {error}.") from error


def _never_left(what: str) -> VenueError | NotSent:
    """What a connection that could not be made means for a create, and for a cancel."""
    reason = "No connection to the venue could be made."
    return NotSent(reason) if what == "create" else VenueError(reason)


def _named(intent: OrderIntent) -> dict[str, Any]:
    conditional = intent.kind in CONDITIONAL
    return {"client_id": intent.client_order_id, "conditional": conditional}


@contextmanager
def connected(path: str) -> Iterator[tuple[CrashAccount, Line, SocketControl]]:
    """One line to the venue at this socket: the account, its clock and the controls."""
    line = Line(path)
    try:
        yield CrashAccount(line), line, SocketControl(line)
    finally:
        line.close()
