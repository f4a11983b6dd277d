"""
Which addresses the desk may fetch: plain http(s) hosts on the public internet.

Refused before anything connects: every spelling that two parsers could read differently
(user names, decimal, octal or hexadecimal addresses, backslashes, non-ASCII hosts), and
every name that resolves to this machine, its network or a cloud's metadata service.
The address that was checked is the one connected to, so a name cannot be swapped in between.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urljoin, urlsplit

MAX_URL_CHARS = 2_000
_PORTS = {"http": 80, "https": 443}
_PRINTABLE = re.compile(r"[!-~]+")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER_LIKE = re.compile(r"(?:.*\.)?(?:0[xX][0-9A-Fa-f]*|[0-9]+)")
# Ranges that carry an IPv4 address inside: mapped, NAT64 (RFC 6052, RFC 8215), 6to4, Teredo.
_CARRIERS = tuple(
    IPv6Network(network)
    for network in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class AddressRefused(ValueError):
    """The desk will not fetch this; the message says why and never repeats the address."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address, in the only spelling that is sent."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host, and the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def checked(url: str) -> Target:
    """The address, when it has exactly one reading; raises AddressRefused."""
    if len(url) > MAX_URL_CHARS or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise AddressRefused("its address is too long or holds characters that need encoding")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("its address cannot be read") from None
    if parts.scheme not in _PORTS:
        raise AddressRefused("only http and https are read")
    if "@" in parts.netloc:
        raise AddressRefused("its address holds a user name")
    if port == 0 or parts.netloc.endswith(":"):
        raise AddressRefused("its port is not a port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _host(parts.netloc), port or _PORTS[parts.scheme], path)


def redirected(target: Target, location: str) -> Target:
    """Where a redirect leads, when it stays on the same host; raises AddressRefused."""
    try:
        joined = urljoin(target.url, location)
    except ValueError:
        raise AddressRefused("it redirects to an address that cannot be read") from None
    onward = checked(joined)
    before, after = (target.scheme, target.port), (onward.scheme, onward.port)
    upgraded = (before, after) == (("http", 80), ("https", 443))
    if onward.host != target.host or not (before == after or upgraded):
        raise AddressRefused("it redirects to another host")
    return onward


def resolved(host: str, port: int, *, allow_private: bool) -> tuple[str, ...]:
    """The host's addresses, when all of them may be connected to; raises AddressRefused."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused("its host has no address") from None
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and not all(is_public(address) for address in addresses):
        raise AddressRefused("its host is on this machine or a private network")
    return addresses


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, looked at from every side."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inside = found.scope_id or found.is_site_local
        if inside or any(found in carrier for carrier in _CARRIERS):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _host(netloc: str) -> str:
    """The host in lower case; an IP address only in its one canonical spelling."""
    if netloc.startswith("["):
        return _ipv6(netloc[1 : netloc.find("]")])
    host = netloc.partition(":")[0].lower()
    if len(host) > 253 or not _HOST_NAME.fullmatch(host):
        raise AddressRefused("its host is not a plain host name")
    if _NUMBER_LIKE.fullmatch(host):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise AddressRefused("its host is an IP address in a disguised spelling") from None
    return host


def _ipv6(text: str) -> str:
    try:
        found = IPv6Address(text)
    except ValueError:
        raise AddressRefused("its host is not an IP address") from None
    if found.scope_id or found.ipv4_mapped:
        raise AddressRefused("its host is an IP address in a disguised spelling")
    return str(found)
