"""No connection leaves this process while a recording is heard again."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from records.errors import TradingError

_LOOKING_UP = (
    "create_connection",
    "getaddrinfo",
    "gethostbyname",
    "gethostbyname_ex",
    "gethostbyaddr",
    "getnameinfo",
)
_REACHING = tuple(
    name for name in ("connect", "connect_ex", "sendto", "sendmsg") if hasattr(socket.socket, name)
)


class NetworkUsed(TradingError):
    """A replay tried to reach the network. Nothing was sent."""


@contextmanager
def offline() -> Iterator[None]:
    """
    Raise NetworkUsed where Python's socket looks up a name, connects or sends to an address.

    Code that calls the system itself, and other processes, are not held.
    """
    kept = {name: getattr(socket, name) for name in _LOOKING_UP}
    sends = {name: getattr(socket.socket, name) for name in _REACHING}

    def refuse(*asked: Any, **_more: Any) -> Any:
        raise NetworkUsed(
            f"A replay may not use the network, and asked for {str(asked[:2])[:120]}. "
            "Nothing was sent."
        )

    def local_alone(name: str) -> Any:
        def reach(self: socket.socket, *asked: Any) -> Any:
            if self.family != getattr(socket, "AF_UNIX", None):
                refuse(*asked[-1:])
            return sends[name](self, *asked)

        return reach

    for name in kept:
        setattr(socket, name, refuse)
    for name in sends:
        setattr(socket.socket, name, local_alone(name))
    try:
        yield
    finally:
        for name, known in kept.items():
            setattr(socket, name, known)
        for name, known in sends.items():
            setattr(socket.socket, name, known)
