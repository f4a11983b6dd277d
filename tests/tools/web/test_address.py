"""Which addresses may be fetched: every disguise is refused before anything connects."""

import socket

import pytest

from tools.web.address import AddressRefused, checked, is_public, redirected, resolved
from tools.web.fetch import Unreadable, fetch
from tools.web.limits import WebLimits

LIMITS = WebLimits(max_bytes=2_000_000, deadline_s=8.0)

DISGUISES = [
    "http://127.0.0.1/feed",
    "http://127.1/feed",
    "http://2130706433/feed",
    "http://017700000001/feed",
    "http://0x7f000001/feed",
    "http://0x7f.0.0.1/feed",
    "http://0177.0.0.1/feed",
    "http://127.0.0.1./feed",
    "http://127.0.0.01/feed",
    "http://0/feed",
    "http://0.0.0.0/feed",
    "http://10.0.0.8/feed",
    "http://172.16.3.4/feed",
    "http://192.168.1.1/feed",
    "http://100.64.0.1/feed",
    "http://169.254.169.254/latest/meta-data/",
    "http://224.0.0.1/feed",
    "http://255.255.255.255/feed",
    "http://[::1]/feed",
    "http://[::]/feed",
    "http://[::ffff:127.0.0.1]/feed",
    "http://[::ffff:7f00:1]/feed",
    "http://[64:ff9b::7f00:1]/feed",
    "http://[2002:7f00:1::]/feed",
    "http://[2001:0:7f00:1::]/feed",
    "http://[fe80::1%25lo]/feed",
    "http://[fc00::1]/feed",
    "http://[fec0::1]/feed",
    "http://[v1.x]/feed",
    "http://localhost/feed",
    "http://LOCALHOST:80/feed",
    "http://feed.example@127.0.0.1/",
    "http://user:pass@feed.example/",
    "http://feed.example\\@127.0.0.1/",
    "http://feed.example%2f@127.0.0.1/",
    "http://127。0。0。1/",
    "http://①②⑦.0.0.1/",
    "http://feed.example\t.evil/",
    "http://feed.example/\r\nHost: evil",
    "http://feed..example/",
    "http://-feed.example/",
    "http://feed.example:0/",
    "http://feed.example:99999/",
    "http://feed.example:/",
    "http:///feed",
    "http:127.0.0.1/feed",
    "//127.0.0.1/feed",
    "https://",
    "file:///etc/passwd",
    "ftp://feed.example/feed",
    "gopher://127.0.0.1:70/",
    "javascript:alert(1)",
    "sample",
    "",
    "http://feed.example/" + "a" * 2_000,
]


@pytest.mark.parametrize("url", DISGUISES)
def test_no_disguised_or_private_address_is_connected_to(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed address can come from a shared settings file; it must not reach into the network."""
    connected: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, to: connected.append(to))
    monkeypatch.setattr(socket, "create_connection", lambda to, *_a, **_k: connected.append(to))

    with pytest.raises(Unreadable):
        fetch(url, LIMITS, accept="*/*")

    assert connected == []


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_a_public_name_that_resolves_inside_is_refused(
    inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One private address among public ones is enough: the next look-up could return it alone."""
    answers = [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", (inside, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: answers)

    with pytest.raises(AddressRefused, match="private network"):
        resolved("feed.example", 80, allow_private=False)


def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that changes between check and use (rebinding) must not win: it is asked once."""
    looked_up: list[str] = []
    connected: list[object] = []

    def look_up(host: str, *_args: object, **_more: object) -> list[object]:
        looked_up.append(host)
        return [(2, 1, 6, "", ("8.8.8.8" if len(looked_up) == 1 else "127.0.0.1", 80))]

    def connect(to: object, *_args: object, **_more: object) -> None:
        connected.append(to)
        raise OSError("unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(Unreadable):
        fetch("http://feed.example/", LIMITS, accept="*/*")

    assert (looked_up, connected) == (["feed.example"], [("8.8.8.8", 80)])


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://Feed.Example/rss?x=1#top", "https://feed.example/rss?x=1"),
        ("http://feed.example:8080", "http://feed.example:8080/"),
        ("https://feed.example:443/a", "https://feed.example/a"),
        ("http://1.1.1.1/rss", "http://1.1.1.1/rss"),
        ("http://[2606:4700::1111]/rss", "http://[2606:4700::1111]/rss"),
        ("https://xn--bcher-kva.example/rss", "https://xn--bcher-kva.example/rss"),
    ],
)
def test_plain_addresses_pass(url: str, sent: str) -> None:
    """A guard that refuses ordinary feeds would be switched off."""
    assert checked(url).url == sent


@pytest.mark.parametrize(
    ("location", "allowed"),
    [
        ("/moved", True),
        ("http://feed.example/moved", True),
        ("https://feed.example/moved", True),
        ("https://feed.example:8443/moved", False),
        ("http://feed.example:8080/moved", False),
        ("http://other.example/", False),
        ("//other.example/", False),
        ("http://127.0.0.1/", False),
        ("http://[bad/", False),
        ("http://feed.example:x/", False),
    ],
)
def test_a_redirect_stays_on_its_host(location: str, allowed: bool) -> None:
    """The host was chosen by a person; the feed's owner may not choose another."""
    start = checked("http://feed.example/rss")
    if allowed:
        assert redirected(start, location).host == "feed.example"
    else:
        with pytest.raises(AddressRefused):
            redirected(start, location)


def test_https_is_never_left_for_http() -> None:
    """A downgrade would let anybody on the way write the news."""
    with pytest.raises(AddressRefused):
        redirected(checked("https://feed.example/rss"), "http://feed.example/rss")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::808:808", False),
        ("fec0::1", False),
        ("224.0.1.1", False),
        ("not an address", False),
    ],
)
def test_only_plain_public_addresses_are_public(address: str, public: bool) -> None:
    """Refusing everything fails too; an address inside another is judged by neither."""
    assert is_public(address) is public
