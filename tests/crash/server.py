"""
The venue in a process of its own: one line of JSON in, one out, and the scripted fault.

It serves one connection after another, thousands of runs long; a client that was killed in
the middle of a request has still made it. It never repairs a request: what it cannot read
ends it.

    python -m tests.crash.server SOCKET      until its standard input is closed
"""

import os
import selectors
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import orjson

from records.base import Record
from records.clock import from_epoch_ms
from records.order import OrderIntent
from tests.crash.script import Script
from tests.crash.venue import Held, Refused, Venue


class HangUp(Exception):
    """The connection ends here; what was to be sent first is in `half`."""

    def __init__(self, half: bytes = b"") -> None:
        self.half = half


class Window:
    """Where requests are handed in: what the script lets through reaches the venue."""

    def __init__(self) -> None:
        self.venue = Venue(Script(price=Decimal(1)))
        self._sends: Counter[str] = Counter()
        self._unreadable_until = 0
        self._armed = False

    def answer(self, line: bytes) -> bytes:
        """The answer to one request; raises HangUp where there is none."""
        request = orjson.loads(line)
        done: bytes = getattr(self, f"_{request.pop('do')}")(**request)
        return done

    def _reset(self, script: dict[str, Any]) -> bytes:
        self.venue = Venue(Script.model_validate(script))
        self._sends.clear()
        self._unreadable_until = 0
        self._armed = False
        return self._said(b"null")

    def _arm(self) -> bytes:
        """From here on requests are counted, and one of them fails."""
        self._armed = True
        return self._said(b"null")

    def _disarm(self) -> bytes:
        """What has not failed by now will not fail any more."""
        self._armed = False
        return self._said(b"null")

    def _move(self, price: str) -> bytes:
        self.venue.move(Decimal(price))
        return self._said(b"null")

    def _advance(self, ms: int) -> bytes:
        self.venue.advance(ms)
        return self._said(b"null")

    def _audit(self) -> bytes:
        return self._said(self.venue.audit().model_dump_json().encode())

    def _quote(self) -> bytes:
        return self._said(orjson.dumps(str(self.venue.last)))

    def _create(self, intent: dict[str, Any]) -> bytes:
        order = OrderIntent.model_validate(intent)
        struck = self._struck("create")
        lag_ms = self.venue.script.lag_ms if struck else 0
        late = partial(self.venue.create_late, order)
        return self._send(struck, lambda: self.venue.create(order, lag_ms), late)

    def _cancel(self, client_id: str, conditional: bool) -> bytes:
        struck = self._struck("cancel")
        late = partial(self.venue.cancel_late, client_id, conditional)
        return self._send(struck, lambda: self.venue.cancel(client_id, conditional), late)

    def _struck(self, kind: str) -> bool:
        script = self.venue.script
        self._sends[kind] += self._armed
        return self._armed and (script.struck, script.nth) == (kind, self._sends[kind])

    def _send(self, struck: bool, now: Callable[[], Held], late: Callable[[], None]) -> bytes:
        """A request that changes something, under the run's fault where it strikes."""
        fault = self.venue.script.fault if struck else "none"
        if fault != "none":
            self._unreadable_until = self.venue.now + self.venue.script.outage_ms
        if fault == "unreachable":
            return b'{"unreachable":true}\n'
        if fault == "request lost":
            raise HangUp
        if fault == "late":
            self.venue.later(self.venue.now + self.venue.script.late_ms, late)
            raise HangUp
        try:
            answer = self._said(now().told().model_dump_json().encode())
        except Refused as refusal:
            answer = self._said(orjson.dumps(str(refusal)), b"refused")
        if fault == "answer lost":
            raise HangUp
        if fault == "unavailable":
            return b'{"status":503}\n'
        if fault == "truncated":
            raise HangUp(answer[: len(answer) // 2])
        return answer

    def _read(self, view: str, **asked: Any) -> bytes:
        """A request that changes nothing; it fails while the outage lasts."""
        if self.venue.now < self._unreadable_until:
            raise HangUp
        return self._said(getattr(self, f"_tell_{view}")(**asked))

    def _tell_order(self, client_id: str, conditional: bool) -> bytes:
        found = self.venue.find(client_id, conditional)
        return found.told().model_dump_json().encode() if found else b"null"

    def _tell_open(self) -> bytes:
        return _listed(order.told() for order in self.venue.open())

    def _tell_fills(self, since_ms: int) -> bytes:
        since = from_epoch_ms(since_ms)
        return _listed(one.fill for one in self.venue.executed if one.fill.at >= since)

    def _tell_account(self) -> bytes:
        position, cash = str(self.venue.position), str(self.venue.cash())
        return orjson.dumps({"position": position, "cash": cash})

    def _said(self, value: bytes, key: bytes = b"told") -> bytes:
        """An answer, with the venue's time."""
        return b'{"now":%d,"%s":%s}\n' % (self.venue.now, key, value)


def _listed(records: Iterable[Record]) -> bytes:
    return b"[" + b",".join(one.model_dump_json().encode() for one in records) + b"]"


def serve(path: str) -> None:
    """Every connection, the oldest first, until standard input is closed.

    A client that was killed is older than the next one: what it sent comes first.
    """
    window, callers = Window(), list[socket.socket]()
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as waiting:
        door.bind(path)
        door.listen(16)
        for source in (door, sys.stdin.buffer):
            waiting.register(source, selectors.EVENT_READ)
        os.write(sys.stdout.fileno(), b"open\n")
        while True:
            ready = {key.fileobj for key, _ in waiting.select()}
            for caller in [one for one in callers if one in ready]:
                if not _served(window, caller):
                    waiting.unregister(caller)
                    callers.remove(caller)
                    caller.close()
            if door in ready:
                callers.append(door.accept()[0])
                waiting.register(callers[-1], selectors.EVENT_READ)
            if sys.stdin.buffer in ready:
                return


def _served(window: Window, caller: socket.socket) -> bool:
    """Answer one request; False when the connection is over, on this side or the other."""
    try:
        line = _line(caller)
        if not line:
            return False
        caller.sendall(window.answer(line))
    except HangUp as fault:
        with suppress(OSError):
            caller.sendall(fault.half)
        return False
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _line(caller: socket.socket) -> bytes:
    """A whole request; clients send one and wait."""
    line = b""
    while not line.endswith(b"\n"):
        part = caller.recv(65536)
        if not part:
            return b""
        line += part
    return line


if __name__ == "__main__":
    serve(sys.argv[1])
