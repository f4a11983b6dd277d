"""
Reads the bytes of one answer, and never more than the limits allow.

Spoken through httpcore, the part of httpx that opens connections, because only there can
every single read obey one deadline (httpx's own timeouts start anew with each byte) and
every connection go to the very address that was checked. Sends no cookies, uses no proxy,
follows no link and no redirect to another host.
"""

import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore

from tools.web.address import AddressRefused, Target, checked, redirected, resolved
from tools.web.limits import WebLimits

_CONNECT_S = 3.0
_MAX_ADDRESSES = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GZIP_OR_ZLIB_WINDOW = 47
_HEADERS = (("User-Agent", "vetodesk"), ("Accept-Encoding", "gzip"), ("Connection", "close"))


class Unreadable(ValueError):
    """This address gives nothing this time; the message says why in our own words."""


def fetch(
    url: str,
    limits: WebLimits,
    *,
    accept: str,
    deadline: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """
    The unpacked body of an answer with status 200; raises Unreadable.

    It ends at `deadline` on the monotonic clock, else `deadline_s` from now. Only looking up
    the host's name cannot be cut short, so ask from a thread that may be left behind.
    `headers` are sent besides our own, and never named in an error: they may hold a key. They
    go along with a redirect on the same host; limits without redirects send them once.
    """
    if deadline is None:
        deadline = time.monotonic() + limits.deadline_s
    sent = [("Accept", accept), *_HEADERS, *_printable(headers or {})]
    try:
        return _fetch(checked(url), limits, sent, deadline)
    except AddressRefused as error:
        raise Unreadable(str(error)) from None
    except httpcore.TimeoutException:
        raise Unreadable("it did not answer in time") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError):
        raise Unreadable("its connection failed") from None


def _printable(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise Unreadable("its key holds characters that no header can carry")
    return list(headers.items())


def _fetch(
    target: Target, limits: WebLimits, sent: list[tuple[str, str]], deadline: float
) -> bytes:
    network = _CheckedNetwork(deadline, allow_private=limits.allow_private)
    with httpcore.ConnectionPool(max_connections=1, network_backend=network) as pool:
        for _ in range(limits.max_redirects + 1):
            headers = [("Host", target.authority), *sent]
            with pool.stream("GET", target.url, headers=headers) as response:
                if response.status not in _REDIRECTS:
                    return _body(response, limits.max_bytes)
                target = redirected(target, _header(response, b"location"))
    raise Unreadable(f"it redirects more than {limits.max_redirects} times")


def _body(response: httpcore.Response, max_bytes: int) -> bytes:
    if response.status != 200:
        raise Unreadable(f"it answered with status {response.status}")
    announced = _header(response, b"content-length")
    if announced.isdigit() and len(announced) < 20 and int(announced) > max_bytes:
        raise Unreadable(f"it is larger than {max_bytes} bytes")
    packing = _header(response, b"content-encoding").lower()
    if packing in ("", "identity"):
        return _capped(response.iter_stream(), max_bytes)
    if packing in ("gzip", "x-gzip", "deflate"):
        return _unpacked(response.iter_stream(), max_bytes)
    raise Unreadable("it is packed in a way nobody asked for")


def _capped(chunks: Iterable[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise Unreadable(f"it is larger than {max_bytes} bytes")
    return bytes(body)


def _unpacked(chunks: Iterable[bytes], max_bytes: int) -> bytes:
    """Unpack at most `max_bytes` from at most `max_bytes`, whatever the ratio promises."""
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB_WINDOW)
    body = bytearray()
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        try:
            body += unpacker.decompress(chunk, max_bytes + 1 - len(body))
        except zlib.error:
            raise Unreadable("its packed body is broken") from None
        if len(body) > max_bytes or taken > max_bytes:
            raise Unreadable(f"it is larger than {max_bytes} bytes when unpacked")
    if not unpacker.eof:
        raise Unreadable("its packed body is cut off")
    return bytes(body)


def _header(response: httpcore.Response, name: bytes) -> str:
    values = [value for key, value in response.headers if key.lower() == name]
    return values[0].decode("latin-1").strip() if values else ""


class _CheckedNetwork(httpcore.NetworkBackend):
    """Connects only to addresses that were checked, and only until the deadline."""

    def __init__(self, deadline: float, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._allow_private = allow_private
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        addresses = resolved(host, port, allow_private=self._allow_private)
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses[:_MAX_ADDRESSES]:
            wait = min(_CONNECT_S, _left(self._deadline))
            try:
                stream = self._network.connect_tcp(address, port, timeout=wait)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every wait ends at one deadline, however slowly bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline passed")
    return left
