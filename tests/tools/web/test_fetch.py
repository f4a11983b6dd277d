"""Fetching over real loopback servers: every bound binds, and every failure is said in words."""

import gzip
import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.tools.web.web_server import (
    Answer,
    WebHandler,
    bomb,
    drip,
    drip_body,
    flood,
    serving,
)
from tools.web.fetch import Unreadable, fetch
from tools.web.limits import WebLimits

LIMITS = WebLimits(max_bytes=1_000, deadline_s=5.0, allow_private=True)
BODY = b"x" * 1_000


def fetched(answer: Answer, limits: WebLimits = LIMITS) -> bytes:
    with serving({"/a": answer}) as server:
        return fetch(f"{server.base}/a", limits, accept="text/plain")


def reason(answer: Answer, limits: WebLimits = LIMITS) -> str:
    with pytest.raises(Unreadable) as refused:
        fetched(answer, limits)
    return str(refused.value)


def giving(body: bytes, **headers: str) -> Answer:
    return lambda request: request.give(body, **headers)


@pytest.mark.parametrize(
    ("packing", "body"),
    [
        ("identity", BODY),
        ("gzip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
    ],
    ids=["identity", "gzip", "x-gzip", "deflate"],
)
def test_a_body_of_exactly_the_cap_is_read(packing: str, body: bytes) -> None:
    """Most servers answer packed when asked to; the cap is the last size that is allowed."""
    assert fetched(giving(body, Content_Encoding=packing)) == BODY


def test_only_the_question_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy hears of it, and a cookie of one answer is not given back to the next."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    def with_cookie(request: WebHandler) -> None:
        request.send_response(302)
        request.send_header("Set-Cookie", "id=1")
        request.send_header("Location", "/b")
        request.send_header("Content-Length", "0")
        request.end_headers()

    with serving({"/a": with_cookie, "/b": giving(BODY)}) as server:
        fetch(f"{server.base}/a", LIMITS, accept="text/plain")

        assert server.asked == ["/a", "/b"]
        assert [set(heard) for heard in server.heard] == [
            {"Host", "Accept", "User-Agent", "Accept-Encoding", "Connection"}
        ] * 2
        assert server.heard[1]["Accept"] == "text/plain"


@pytest.mark.parametrize(
    ("packing", "body", "why"),
    [
        ("", BODY + b"x", "it is larger than 1000 bytes"),
        ("gzip", gzip.compress(BODY + b"x"), "it is larger than 1000 bytes when unpacked"),
        ("gzip", gzip.compress(BODY)[:-9], "its packed body is cut off"),
        ("gzip", b"not gzip at all", "its packed body is broken"),
        ("br", b"x", "it is packed in a way nobody asked for"),
        ("gzip, gzip", b"x", "it is packed in a way nobody asked for"),
    ],
    ids=["too large", "too large unpacked", "cut off", "broken", "brotli", "twice"],
)
def test_too_much_or_half_a_body_is_none(packing: str, body: bytes, why: str) -> None:
    """What is cut off could mean the opposite of the whole."""
    assert reason(giving(body, Content_Encoding=packing)) == why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (flood, "it is larger than 1000 bytes"),
        (
            giving(bomb(50)[:900], Content_Encoding="gzip"),
            "it is larger than 1000 bytes when unpacked",
        ),
    ],
    ids=["flood", "bomb"],
)
def test_what_is_not_announced_is_cut_at_the_cap(answer: Answer, why: str) -> None:
    """A header is a claim; bytes are counted."""
    assert reason(answer) == why


@pytest.mark.parametrize("answer", [drip, drip_body])
def test_a_dripping_connection_is_left_at_the_deadline(answer: Answer) -> None:
    """Each byte restarts an ordinary timeout, and every cycle would leave one reader behind."""
    begin = time.monotonic()
    why = reason(answer, LIMITS.model_copy(update={"deadline_s": 0.3}))

    assert why == "it did not answer in time"
    assert time.monotonic() - begin < 1.0


def test_a_deadline_that_others_share_can_be_handed_in() -> None:
    """Several questions of one cycle end together, whenever each of them began."""
    with serving({"/a": giving(BODY)}) as server:
        with pytest.raises(Unreadable, match="in time"):
            fetch(f"{server.base}/a", LIMITS, accept="*/*", deadline=time.monotonic())

        assert server.asked == []


def test_redirects_are_followed_on_the_same_host_only() -> None:
    """Another port of the same machine is another service."""
    with (
        serving({"/": giving(b"")}) as other,
        serving(
            {
                "/moved": lambda request: request.lead_to("/a"),
                "/a": giving(BODY),
                "/away": lambda request: request.lead_to(other.base),
                "/torn": lambda request: request.lead_to("http://[127.0.0.1/"),
                "/loop": lambda request: request.lead_to("/loop"),
            }
        ) as server,
    ):
        assert fetch(f"{server.base}/moved", LIMITS, accept="*/*") == BODY
        for path, why in {
            "/away": "it redirects to another host",
            "/torn": "it redirects to an address that cannot be read",
            "/loop": "it redirects more than 3 times",
        }.items():
            with pytest.raises(Unreadable, match=why):
                fetch(f"{server.base}{path}", LIMITS, accept="*/*")

        assert (other.asked, server.asked.count("/loop")) == ([], 4)


@pytest.mark.parametrize("status", [204, 304, 403, 404, 429, 500])
def test_any_other_status_is_no_answer(status: int) -> None:
    """An error page is not what was asked for."""

    def refuse(request: WebHandler) -> None:
        request.send_response(status)
        request.end_headers()

    assert reason(refuse) == f"it answered with status {status}"


def test_what_is_not_http_is_a_failed_connection() -> None:
    """Any service may listen on the port."""
    assert reason(lambda request: request.wfile.write(b"220 mail\r\n")) == "its connection failed"


def test_no_network_at_all_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop without network gives a reason, not a traceback."""

    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreadable, match="its host has no address"):
        fetch("https://api.example/", LIMITS, accept="*/*")


def test_the_next_address_is_tried_when_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host with a broken IPv6 address is still there."""
    really = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        if host != "two.example":
            return really(host, port, *args, **more)
        return really("::1", port, *args, **more) + really("127.0.0.1", port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with serving({"/a": giving(BODY)}) as server:
        url = server.base.replace("127.0.0.1", "two.example")

        assert fetch(f"{url}/a", LIMITS, accept="*/*") == BODY
        assert server.heard[0]["Host"] == f"two.example:{server.server_port}"


def certificate(folder: Path, host: str) -> Path:
    """A file with a certificate for this address, signed by itself, and its key."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "server.pem"
    file.write_bytes(
        made.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@contextmanager
def secured(file: Path) -> Iterator[str]:
    """A server behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with serving({"/a": giving(BODY)}) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # a client that refuses the handshake
        yield server.base.replace("http:", "https:")


def test_https_is_read_from_who_can_prove_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to an address, yet the certificate must be the host's."""
    file = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with secured(file) as base:
        assert fetch(f"{base}/a", LIMITS, accept="*/*") == BODY


@pytest.mark.parametrize(("host", "trusted"), [("127.0.0.1", False), ("127.0.0.2", True)])
def test_an_unproven_name_is_a_failed_connection(
    host: str, trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise anybody on the way could write the answer."""
    file = certificate(tmp_path, host)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with secured(file) as base, pytest.raises(Unreadable, match="its connection failed"):
        fetch(f"{base}/a", LIMITS, accept="*/*")


def test_headers_go_along_and_are_never_named() -> None:
    """A key in a header is sent as it is; an error does not repeat it."""
    headers = {"X-Api-Key": "k3y-77c1Zq8x"}
    with serving({"/a": giving(BODY)}) as server:
        fetch(f"{server.base}/a", LIMITS, accept="text/plain", headers=headers)

        assert server.heard[0]["X-Api-Key"] == headers["X-Api-Key"]
        assert server.heard[0]["User-Agent"] == "vetodesk"
        server.answers["/a"] = lambda request: request.lead_to("http://elsewhere.example/")
        with pytest.raises(Unreadable) as refused:
            fetch(f"{server.base}/a", LIMITS, accept="text/plain", headers=headers)
    assert headers["X-Api-Key"] not in str(refused.value)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "schl\u00fcssel", "\x00"])
def test_a_header_that_would_write_another_is_refused(value: str) -> None:
    """Before anything connects."""
    with serving({"/a": giving(BODY)}) as server:
        with pytest.raises(Unreadable, match="no header can carry"):
            fetch(f"{server.base}/a", LIMITS, accept="text/plain", headers={"X-Api-Key": value})

        assert server.asked == []
