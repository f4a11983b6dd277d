"""No connection leaves this process while a recording is heard again."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from records.errors import TradingError


class NetworkUsed(TradingError):
    """A replay tried to reach the network. Nothing was sent."""


@contextmanager
def offline() -> Iterator[None]:
    """Raise NetworkUsed at every name that is looked up and every address that is connected to."""
    kept = socket.create_connection, socket.getaddrinfo
    connects = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def refuse(*asked: Any, **_more: Any) -> Any:
        raise NetworkUsed(
            f"A replay may not use the network, and asked for {str(asked[:2])[:120]}. "
            "Nothing was sent."
        )

    def local_alone(name: str) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family != getattr(socket, "AF_UNIX", None):
                refuse(address)
            return connects[name](self, address)

        return connect

    socket.create_connection = socket.getaddrinfo = refuse
    for name in connects:
        setattr(socket.socket, name, local_alone(name))
    try:
        yield
    finally:
        socket.create_connection, socket.getaddrinfo = kept
        for name, connect in connects.items():
            setattr(socket.socket, name, connect)
