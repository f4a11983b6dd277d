"""Readings over real loopback servers: caps bind, and a broken feed is named, never fatal."""

import time
import tracemalloc
from datetime import UTC, datetime

import pytest

from records.clock import FixedClock
from records.errors import SettingsError
from tests.tools.news.rss import rss
from tests.tools.web.web_server import bomb, drip, drip_body, flood, serving
from tools.news.feeds import OncePerCycle, read_feeds
from tools.news.item import NewsReading
from tools.news.sources import FeedLimits, FeedSource, feed_sources

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CLOCK = FixedClock(NOW)
OPEN = FeedLimits(allow_private=True)
SYMBOLS = ("BTC/USDT", "ETH/USDT")
BEFORE = "Thu, 15 Jan 2026 11:40:00 GMT"


def read(urls: list[str], limits: FeedLimits = OPEN) -> NewsReading:
    return read_feeds(feed_sources(urls), CLOCK, symbols=SYMBOLS, limits=limits)


def reading_of(body: bytes, limits: FeedLimits = OPEN, **headers: str) -> NewsReading:
    with serving({"/f": lambda request: request.give(body, **headers)}) as server:
        return read([f"{server.base}/f"], limits)


def reason(reading: NewsReading) -> str:
    assert reading.items == ()
    return reading.down[0].reason


def test_items_come_cleaned_tagged_and_newest_first() -> None:
    """The plain case: what a healthy feed gives."""
    reading = reading_of(
        rss(
            ("Ether falls", "Thu, 15 Jan 2026 09:00:00 +0100", "It <b>dropped</b>."),
            ("Bitcoin gains", BEFORE, ""),
        )
    )

    assert [item.title for item in reading.items] == ["Bitcoin gains", "Ether falls"]
    assert [item.symbols for item in reading.items] == [("BTC/USDT",), ("ETH/USDT",)]
    assert [item.local_score > 0 for item in reading.items] == [True, False]
    assert reading.items[1].published_at == datetime(2026, 1, 15, 8, tzinfo=UTC)
    assert reading.items[1].summary == "It dropped ."
    assert (reading.down, reading.sample) == ((), False)


def test_an_atom_feed_is_read_too() -> None:
    """Half of the world's feeds are Atom."""
    reading = reading_of(
        b'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        b"<entry><title>Quiet day</title><updated>2026-01-15T11:00:00Z</updated>"
        b'<content type="html">&lt;p&gt;Nothing.&lt;/p&gt;</content></entry></feed>'
    )

    assert [(item.title, item.summary) for item in reading.items] == [("Quiet day", "Nothing.")]


def test_undated_future_and_untitled_items_are_dropped() -> None:
    """Age is the one claim that code can check; an item from the future is a lie."""
    reading = reading_of(
        rss(
            ("Kept", BEFORE, ""),
            ("Later", "Thu, 15 Jan 2026 12:00:01 GMT", ""),
            ("Undated", "", ""),
            ("Nonsense", "the 40th of Never", ""),
            ("<b></b>", BEFORE, "no title"),
        )
    )

    assert [item.title for item in reading.items] == ["Kept"]


@pytest.mark.parametrize(
    "date",
    [
        "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1" * 400, "-0001-01-01",
        "Mon, 01 Jan 0001 00:00:00 +2359", "Thu, 15 Jan 99999999999 12:00:00 GMT",
        "Thu, 15 Jan 2026 12:00:00 +99999999999999",
    ],
)  # fmt: skip
def test_no_date_of_a_feed_ends_a_reading(date: str) -> None:
    """At either end of the calendar there are times that no clock in UTC shows."""
    reading = reading_of(rss(("Odd", date, ""), ("Kept", BEFORE, "")))

    assert reading.items[0].title == "Kept"
    assert reading.down == ()


def test_the_same_title_counts_once_and_the_first_feed_keeps_it() -> None:
    """A copied headline is one item, and the copy does not replace it."""
    with serving(
        {
            "/a": lambda request: request.give(rss(("Bitcoin holds", BEFORE, "first"))),
            "/b": lambda request: request.give(
                rss(("BITCOIN  “holds”", "Thu, 15 Jan 2026 11:59:00 GMT", "second"))
            ),
        }
    ) as server:
        reading = read([f"{server.base}/a", f"{server.base}/b"])

    assert [item.summary for item in reading.items] == ["first"]
    assert reading.sources(reading.items) == 1, "two ports of one host are one source"


def test_no_source_crowds_out_the_others() -> None:
    """A feed that floods the desk with fresh items must not hide what another one says."""
    flood_of_news = rss(*((f"Item {n}", BEFORE, "") for n in range(200)))
    early = "Thu, 15 Jan 2026 02:00:00 GMT"
    with serving(
        {
            "/a": lambda request: request.give(flood_of_news),
            "/b": lambda request: request.give(rss(("Bitcoin is quiet", early, ""))),
        }
    ) as server:
        reading = read([f"{server.base}/a", f"{server.base}/b"])

    assert len(reading.items) == 21
    assert reading.items[-1].title == "Bitcoin is quiet"


def test_links_of_items_are_never_fetched() -> None:
    """A link is the way from a hostile item to an address of its choice."""
    with serving({"/f": lambda request: None}) as server:
        item = f"<item><title>x</title><pubDate>{BEFORE}</pubDate><link>{server.base}/trap</link>"
        body = f"<rss version='2.0'><channel>{item}<enclosure url='{server.base}/trap'/></item>"
        server.answers["/f"] = lambda request: request.give(f"{body}</channel></rss>".encode())
        reading = read([f"{server.base}/f"])

        assert server.asked == ["/f"]
    assert "trap" not in reading.model_dump_json()


def test_a_failed_feed_is_named_beside_those_that_answered() -> None:
    """No news from one feed is a fact the sentiment reader must see."""
    with serving({"/f": lambda request: request.give(rss(("Kept", BEFORE, "")))}) as server:
        sources = (
            FeedSource(name="good", url=f"{server.base}/f"),
            FeedSource(name="gone", url="http://127.0.0.1:1/f"),
        )
        reading = read_feeds(sources, CLOCK, limits=OPEN)

    assert [item.source for item in reading.items] == ["good"]
    assert [(down.source, down.reason) for down in reading.down] == [
        ("gone", "its connection failed")
    ]


def test_loopback_is_refused_by_default() -> None:
    """Without the flag, a feed must not reach services of this machine."""
    with serving({"/f": lambda request: request.give(rss(("x", BEFORE, "")))}) as server:
        reading = read([f"{server.base}/f"], FeedLimits())

        assert server.asked == []
    assert "private network" in reason(reading)


def test_an_endless_feed_is_cut_at_the_byte_cap() -> None:
    """100 MB announced or not: the reader stops at 1 MB and holds no more in memory."""
    tracemalloc.start()
    with serving({"/f": flood}) as server:
        reading = read([f"{server.base}/f"])
        sent = server.sent
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert reason(reading) == "it is larger than 1000000 bytes"
    assert sent < 20_000_000
    assert peak < 64_000_000


def test_a_compression_bomb_is_cut_while_unpacking() -> None:
    """1000:1 is what gzip can do: 300 kB would be 300 MB."""
    packed = bomb()

    tracemalloc.start()
    reading = reading_of(packed, Content_Encoding="gzip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert reason(reading) == "it is larger than 1000000 bytes when unpacked"
    assert len(packed) < 400_000
    assert peak < 32_000_000


def test_dripping_feeds_end_at_one_deadline_together() -> None:
    """Each byte restarts an ordinary timeout; a drip in the headers defeats most readers."""
    with serving(
        {
            "/head": drip,
            "/body": drip_body,
            "/good": lambda request: request.give(rss(("Kept", BEFORE, ""))),
        }
    ) as server:
        urls = [f"{server.base}/{name}" for name in ("head", "body", "good", "head", "body")]
        begin = time.perf_counter()
        reading = read(urls, OPEN.model_copy(update={"deadline_s": 0.8}))
        took = time.perf_counter() - begin

    assert took < 2.0
    assert [item.title for item in reading.items] == ["Kept"]
    assert len(reading.down) == 4


def test_the_default_deadline_is_eight_seconds() -> None:
    """The drip test scales it down; this pins the figure the desk runs with."""
    limits = FeedLimits()

    assert (limits.deadline_s, limits.max_bytes, limits.max_items) == (8.0, 1_000_000, 50)
    assert (limits.max_chars, limits.allow_private) == (2_000, False)


def test_redirects_are_followed_on_the_same_host_only() -> None:
    """Another port of the same machine is another service."""
    with (
        serving({"/": lambda request: request.give(b"")}) as other,
        serving(
            {
                "/moved": lambda request: request.lead_to("/f"),
                "/f": lambda request: request.give(rss(("Kept", BEFORE, ""))),
                "/away": lambda request: request.lead_to(other.base),
                "/loop": lambda request: request.lead_to("/loop"),
            }
        ) as server,
    ):
        reading = read([f"{server.base}{path}" for path in ("/moved", "/away", "/loop")])

        assert other.asked == []
        assert server.asked.count("/loop") == 4
    assert [item.title for item in reading.items] == ["Kept"]
    assert [down.reason for down in reading.down] == [
        "it redirects to another host",
        "it redirects more than 3 times",
    ]


def test_no_feeds_at_all_is_an_empty_reading() -> None:
    """A desk without feeds works; it just has no news."""
    reading = read([])

    assert (reading.items, reading.down, reading.sample) == ((), (), False)


def test_feeds_beyond_the_last_allowed_one_are_named() -> None:
    """A list of thousands of feeds must not open thousands of connections."""
    with serving({"/f": lambda request: request.give(rss(("x", BEFORE, "")))}) as server:
        reading = read([f"{server.base}/f"] * 4, OPEN.model_copy(update={"max_feeds": 2}))

        assert len(server.asked) == 2
    assert len(reading.down) == 2


def test_the_sample_feed_is_fresh_deterministic_and_marked() -> None:
    """The demo must have news at any time, offline, and nobody may take it for real."""
    later = FixedClock(datetime(2031, 6, 1, tzinfo=UTC))
    symbols = tuple(f"{base}/USDT" for base in ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE"))

    def sample(clock: FixedClock) -> NewsReading:
        return read_feeds(feed_sources(["sample"]), clock, symbols=symbols)

    first, second = sample(CLOCK), sample(later)

    assert first == sample(CLOCK)
    assert [item.id for item in first.items] == [item.id for item in second.items]
    assert len(first.items) == 14 and first.sample and second.sample
    assert {symbol for item in first.items for symbol in item.symbols} == set(symbols)
    assert all((later.now() - item.published_at).total_seconds() < 86_400 for item in second.items)
    assert -0.3 < sum(item.local_score for item in first.items) / 14 < 0.3


def test_the_sample_is_never_mixed_with_real_feeds() -> None:
    """Invented headlines beside real ones could be traded on."""
    with pytest.raises(SettingsError, match="fictional"):
        feed_sources(["sample", "https://feed.example/rss"])


def test_news_is_read_on_the_first_ask_and_only_once() -> None:
    """Every agent of a cycle sees the same news, and a cycle that asks for none fetches none."""
    reads: list[NewsReading] = []

    def read_it() -> NewsReading:
        reads.append(NewsReading(sample=False, read_at=NOW))
        return reads[-1]

    once = OncePerCycle(read_it, CLOCK)
    assert reads == []
    assert once() is once()
    assert len(reads) == 1


def test_a_reading_that_failed_is_not_tried_again() -> None:
    """It raises once; whoever asks after that is told that there is no news, at no cost."""
    tries: list[int] = []

    def fail() -> NewsReading:
        tries.append(1)
        raise OverflowError("a fault of ours")

    once = OncePerCycle(fail, CLOCK)
    with pytest.raises(OverflowError):
        once()

    assert reason(once()) == "reading them failed in this cycle"
    assert once() is once() and once().read_at == NOW
    assert len(tries) == 1


def test_a_source_name_never_shows_a_password() -> None:
    """Names go to prompts, transcripts and the ledger; addresses may hold keys."""
    sources = feed_sources(
        ["https://user:secret@feed.example/", "https://feed.example/?key=secret"] * 2
    )

    names = [source.name for source in sources]
    assert names == ["feed 1", "feed.example", "feed 3", "feed.example (2)"]
    assert "secret" not in repr(sources)


def test_items_that_take_too_long_to_make_are_not_waited_for(monkeypatch):
    """Text that unfolds when it is normalised must not hold the cycle up after the deadline."""
    from tools.news import feeds

    monkeypatch.setattr(feeds, "_MAKING_S", -9.0)  # as if the deadline were long past
    reading = reading_of(rss(("Bitcoin rallies", BEFORE, "")))
    assert reason(reading) == feeds._NOT_REACHED
