"""Keyed services over a real loopback server: strict, paced, and their keys never seen."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from pydantic import SecretStr

from records.clock import FixedClock
from tests.tools.web.web_server import WebHandler, WebServer, serving
from tools.news.cryptopanic import CryptoPanic
from tools.news.feeds import read_feeds
from tools.news.item import NewsReading
from tools.news.newsapi import NewsApi
from tools.news.parse import FeedEntry
from tools.news.service import Paced
from tools.news.sources import FeedLimits, NewsSource

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
OPEN = FeedLimits(allow_private=True)
SYMBOLS = ("BTC/USDT", "ETH/USDT", "ARB/USDT")
KEY = "k3y-0f-4-s3rv1ce"
EVERY = timedelta(minutes=15)

# Written by hand after the services' public documentation.
NEWSAPI = {
    "status": "ok",
    "totalResults": 3,
    "articles": [
        {
            "source": {"id": None, "name": "Example Wire"},
            "author": "A. Writer",
            "title": "Bitcoin gains as <b>funds</b> buy",
            "description": "Inflows rose for a third day.",
            "url": "https://www.wire.example.co.uk/2026/01/15/bitcoin",
            "urlToImage": "https://cdn.wire.example/x.png",
            "publishedAt": "2026-01-15T10:00:00Z",
            "content": "Inflows rose... [+900 chars]",
        },
        {"source": {"id": None, "name": "[Removed]"}, "title": "[Removed]", "description": None,
         "url": "https://removed.com", "publishedAt": "2026-01-15T09:00:00Z"},
        {"source": {"id": None, "name": "x"}, "title": "Ether undated", "description": None,
         "url": "javascript:alert(1)", "publishedAt": "yesterday"},
    ],
}  # fmt: skip
CRYPTOPANIC = {
    "next": f"https://cryptopanic.com/api/developer/v2/posts/?auth_token={KEY}&page=2",
    "previous": None,
    "results": [
        {
            "id": 1,
            "slug": "ether-fees",
            "title": "Ethereum fees drop to a low",
            "description": "Blocks were less full.",
            "published_at": "2026-01-15T11:00:00Z",
            "created_at": "2026-01-15T11:00:05Z",
            "kind": "news",
            "source": {"title": "Example", "region": "en", "domain": "news.example.com"},
            "instruments": [{"code": "ETH", "title": "Ethereum"}],
            "votes": {"positive": 3, "negative": 0},
        },
        {"id": 2, "title": "Bitcoin is quiet", "published_at": "2026-01-15T11:30:00+01:00",
         "kind": "news"},
    ],
}  # fmt: skip

Make = Callable[[WebServer], NewsSource]


def newsapi(server: WebServer, key: str = KEY) -> NewsSource:
    return NewsApi(SecretStr(key), SYMBOLS, url=f"{server.base}/n")


def cryptopanic(server: WebServer, key: str = KEY) -> NewsSource:
    return CryptoPanic(SecretStr(key), SYMBOLS, url=f"{server.base}/n")


BOTH = [pytest.param(newsapi, id="newsapi"), pytest.param(cryptopanic, id="cryptopanic")]


@contextmanager
def answering(body: Any, status: int = 200) -> Iterator[WebServer]:
    def give(request: WebHandler) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(raw)))
        request.end_headers()
        request.wfile.write(raw)

    with serving({"/n": give}) as server:
        yield server


def read(source: NewsSource, now: datetime = NOW) -> NewsReading:
    return read_feeds([source], FixedClock(now), symbols=SYMBOLS, limits=OPEN)


def test_newsapi_articles_become_items() -> None:
    """Cleaned and tagged like any feed's; removed and undated ones are left out."""
    with answering(NEWSAPI) as server:
        reading = read(newsapi(server))

    (item,) = reading.items
    assert (item.title, item.summary) == (
        "Bitcoin gains as funds buy", "Inflows rose for a third day.",
    )  # fmt: skip
    assert (item.symbols, item.source) == (("BTC/USDT",), "newsapi.org")
    assert [(one.publisher, one.via) for one in item.origins] == [("example.co.uk", "newsapi.org")]


def test_newsapi_is_asked_with_the_key_in_a_header_alone() -> None:
    """Addresses end up in logs of proxies and servers; headers do not."""
    with answering(NEWSAPI) as server:
        read(newsapi(server))

        assert server.heard[0]["X-Api-Key"] == KEY
        assert KEY not in server.asked[0]
        assert "q=cryptocurrency+OR+bitcoin+OR+ethereum+OR+ARB" in server.asked[0]


def test_cryptopanic_posts_become_items() -> None:
    """A post whose site is not named counts as the service's own."""
    with answering(CRYPTOPANIC) as server:
        reading = read(cryptopanic(server))

        assert f"auth_token={KEY}" in server.asked[0]
        assert "currencies=BTC%2CETH%2CARB" in server.asked[0]
    assert [item.title for item in reading.items] == [
        "Ethereum fees drop to a low", "Bitcoin is quiet",
    ]  # fmt: skip
    assert [item.origins[0].publisher for item in reading.items] == [
        "example.com", "cryptopanic.com",
    ]  # fmt: skip
    assert reading.sources(reading.items) == 1


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("status", [200, 301, 401, 429, 500])
def test_no_key_gets_into_a_reading_a_name_or_a_file(
    make: Make, status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Services repeat a key in their errors and addresses."""
    caplog.set_level(0)
    body = {"status": "error", "message": f"invalid key {KEY}", "next": f"?auth_token={KEY}"}
    with answering(body if status != 200 else CRYPTOPANIC | NEWSAPI, status) as server:
        source = Paced(make(server), tmp_path, FixedClock(NOW), EVERY)
        reading = read(source)

    seen = (
        reading.model_dump_json() + repr(reading) + repr(source) + repr(vars(source)) + caplog.text
    )
    seen += "".join(file.read_text() for file in tmp_path.iterdir())
    assert KEY not in seen
    assert bool(reading.items) == (status == 200)


@pytest.mark.parametrize("make", BOTH)
def test_a_key_follows_no_redirect(make: Make) -> None:
    """It was given for one address."""
    with serving({"/n": lambda request: request.lead_to("/away")}) as server:
        reading = read(make(server))

        assert len(server.asked) == 1
    assert reading.down[0].reason == "it redirects more than 0 times"


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "schlüssel", "a\x00b"])
def test_a_key_that_no_header_can_carry_is_not_sent(key: str) -> None:
    """A line break in a key would write another header."""
    with answering(NEWSAPI) as server:
        reading = read(newsapi(server, key))

        assert server.asked == []
    assert reading.down[0].reason == "its key holds characters that no header can carry"


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"<html></html>", b'{"results": 7, "articles": 7}',
        b'{"results": [{"title": {"a": 1}}], "articles": [{"title": {"a": 1}}]}',
        b'{"results": [], "results": [], "articles": [], "articles": []}',
        b'{"results": [' * 3_000, b'{"status": "error"}', b"\xff\xfe",
        b'{"articles": [' + b"{}," * 700_000 + b"{}]}",
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_no_news(make: Make, body: bytes) -> None:
    """Nothing of it is guessed, and nothing of it gets into the reason."""
    with answering(body) as server:
        reading = read(make(server))

    assert reading.items == ()
    assert "html" not in reading.down[0].reason and len(reading.down[0].reason) < 300


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_date_that_no_clock_shows_is_none(make: Make, date: str, tmp_path: Path) -> None:
    """In UTC these lie before the first and after the last day there is."""
    odd = {"title": "Odd", "publishedAt": date, "published_at": date}
    kept = {**odd, "title": "Kept", "publishedAt": "2026-01-15T10:00:00Z",
            "published_at": "2026-01-15T10:00:00Z"}  # fmt: skip
    with answering({"articles": [odd, kept], "results": [odd, kept]}) as server:
        for source in (make(server), Paced(make(server), tmp_path, FixedClock(NOW), EVERY)):
            assert [item.title for item in read(source).items] == ["Kept"]


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("posts", "why"),
    [
        ([{}] * 101, "at most 100"),
        ([{"x": [[]] * 200}] * 50, "more than 10000 elements"),
        ([{"title": "t" * 9_000}] * 50, "larger than 400000 bytes"),
    ],
)
def test_an_answer_larger_than_a_page_is_refused_whole(make: Make, posts: Any, why: str) -> None:
    """A page holds at most a hundred; building more only to cut it costs hundreds of MB."""
    with answering({"articles": posts, "results": posts}) as server:
        assert why in read(make(server)).down[0].reason


class Late:
    """Answers after the deadline."""

    name = domain = "late.example"
    asked = 0

    def fetch(self, limits: FeedLimits, deadline: float) -> bytes:
        self.asked += 1
        sleep(max(0.0, deadline - monotonic()) + 0.02)
        return b"{}"

    def entries(self, body: bytes) -> tuple[FeedEntry, ...]:
        return (FeedEntry("Bitcoin is quiet", "", NOW),)


def test_a_service_that_answers_too_late_is_left_alone_too(tmp_path: Path) -> None:
    """Its answer is dropped, but it was asked: a slow service would be asked in every cycle."""
    source, limits = Late(), FeedLimits(deadline_s=0.1)
    for minutes in (0, 3):
        clock = FixedClock(NOW + timedelta(minutes=minutes))
        reading = read_feeds([Paced(source, tmp_path, clock, EVERY)], clock, limits=limits)

    assert source.asked == 1
    assert reading.down[0].reason == "it did not answer in time (asked 3 min ago)"


@pytest.mark.parametrize("make", BOTH)
def test_a_service_is_asked_once_in_a_while(make: Make, tmp_path: Path) -> None:
    """Free plans allow a hundred questions a day; a desk has a cycle every three minutes."""
    with answering(CRYPTOPANIC | NEWSAPI) as server:
        readings = [
            read(Paced(make(server), tmp_path, FixedClock(at), EVERY), at)
            for at in (NOW, NOW + timedelta(minutes=14), NOW + timedelta(minutes=15))
        ]

        assert len(server.asked) == 2
    assert readings[0].items and readings[1].items == readings[0].items


@pytest.mark.parametrize("make", BOTH)
def test_a_service_that_failed_is_left_alone_too(make: Make, tmp_path: Path) -> None:
    """Asking again at once is how a limit becomes a ban; the reason stands with its age."""
    with answering({}, 429) as server:
        for minutes in (0, 5):
            at = NOW + timedelta(minutes=minutes)
            reading = read(Paced(make(server), tmp_path, FixedClock(at), EVERY), at)

        assert len(server.asked) == 1
    assert reading.down[0].reason == "it answered with status 429 (asked 5 min ago)"


@pytest.mark.parametrize(
    "spoiled",
    [b"", b"{}", b"x" * 500_000, b'{"asked_at": "2030-01-01T00:00:00Z"}', b'{"asked_at": 7}', None],
)
def test_a_file_that_cannot_be_ours_is_passed_over(spoiled: bytes | None, tmp_path: Path) -> None:
    """It is a memory and no more; a link in its place is not followed."""
    file = tmp_path / "news_newsapi.org.json"
    if spoiled is None:
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.write_bytes(spoiled)
    with answering(NEWSAPI) as server:
        reading = read(Paced(newsapi(server), tmp_path, FixedClock(NOW), EVERY))

        assert len(server.asked) == 1
    assert len(reading.items) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_service_and_a_feed_carry_is_one_item() -> None:
    """The service repeats a site's story: one item, and still one source."""
    body = {"results": [{**CRYPTOPANIC["results"][0], "source": {"domain": "127.0.0.1"}}]}  # type: ignore[dict-item, index]
    rss = (
        b"<rss version='2.0'><channel><item><title>Ethereum fees drop to a low</title>"
        b"<pubDate>Thu, 15 Jan 2026 11:00:00 GMT</pubDate></item></channel></rss>"
    )
    from tools.news.sources import feed_sources

    with answering(body) as server:
        server.answers["/f"] = lambda request: request.give(rss)
        reading = read_feeds(
            [*feed_sources([f"{server.base}/f"]), cryptopanic(server)],
            FixedClock(NOW), symbols=SYMBOLS, limits=OPEN,
        )  # fmt: skip

    (item,) = reading.items
    assert [one.via for one in item.origins] == ["127.0.0.1", "cryptopanic.com"]
    assert reading.sources([item]) == 1
