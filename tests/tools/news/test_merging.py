"""One story is one item with every source named; two stories are never taken for one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from time import process_time

import pytest

from tools.news.item import NewsItem, NewsReading
from tools.news.merging import merged
from tools.news.origin import Carrier, independent, registrable

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")

SAME = [
    ("Dogecoin Rallies Above $0.20", "dogecoin rallies above $0.20!"),
    (
        "SEC approves spot Ether ETFs from eight issuers",
        "SEC Approves Spot Ethereum ETFs From Eight Issuers: Report",
    ),
    (
        "Kraken wins a full trading license in the Netherlands",
        "Exchange Kraken wins full trading license in Netherlands, company says",
    ),
    (
        "Tether freezes wallets tied to Garantex exchange",
        "Tether freezes wallets tied to sanctioned Russian Garantex exchange",
    ),
    (
        "Solana validators finish planned network upgrade",
        "Solana validators finish the planned network upgrade on schedule",
    ),
]
DIFFERENT = [
    ("Bitcoin falls below $60,000", "Bitcoin falls below $62,000"),
    (
        "Bitcoin rises above key level as ETF flows grow",
        "Bitcoin falls below key level as ETF flows grow",
    ),
    (
        "Binance wins a full crypto trading license in France after two year wait",
        "Kraken wins a full crypto trading license in France after two year wait",
    ),
    (
        "Ripple sues the SEC over documents in New York court",
        "SEC sues Ripple over documents in New York court",
    ),
    (
        "SEC approves the spot Solana fund of VanEck",
        "SEC approves delay of the spot Solana fund of VanEck",
    ),
    (
        "Judge approves the spot Solana fund of VanEck",
        "Judge never approves the spot Solana fund of VanEck",
    ),
    (
        "Binance lists Dogecoin futures with quarterly settlement",
        "Binance may list Dogecoin futures with quarterly settlement",
    ),
    (
        "Hackers drain wallets of the Lantern lending protocol",
        "Hackers drain 4,000 wallets of the Lantern lending protocol",
    ),
    ("Ether slips", "Ether slips again this morning in Asia"),
    ("Bitcoin price analysis", "Bitcoin price analysis for the week"),
    (
        "Mt. Gox moves bitcoin to new wallet",
        "Mt. Gox moves bitcoin to new wallet, denies sale of coins",
    ),
    (
        "El Salvador buys more bitcoin for reserve",
        "El Salvador sells more bitcoin from reserve",
    ),
    (
        "Tether mints new tokens on Tron network today",
        "Tether burns new tokens on Tron network today",
    ),
]


def item(title: str, feed: str = "a.example", hours: float = 1, summary: str = "") -> NewsItem:
    made = NewsItem.from_text(
        source=feed,
        published_at=NOW - timedelta(hours=hours),
        title=title,
        summary=summary,
        symbols=SYMBOLS,
        carrier=Carrier(publisher=registrable(feed), via=registrable(feed)),
    )
    assert made is not None
    return made


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_story_of_two_feeds_is_one_item_with_both_named(one: str, other: str) -> None:
    """The first configured feed keeps its words; the copy adds its name alone."""
    first, copy = item(one), item(other, "www.b.example", summary="more")

    for order in ((first, copy), (copy, first)):
        (story,) = merged(order)
        assert (story.title, story.summary) == (order[0].title, order[0].summary)
        assert [carrier.publisher for carrier in story.origins] == [
            carrier.publisher for one in order for carrier in one.origins
        ]
        assert independent(story.origins) == 2


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_stories_stay_two(one: str, other: str) -> None:
    """A wrong merge would hide a story, and lend its source to another."""
    assert len(merged([item(one), item(other, "b.example")])) == 2
    assert len(merged([item(other), item(one, "b.example")])) == 2


def test_no_two_stories_of_the_whole_set_are_taken_for_one() -> None:
    """Across the pairs as well: only the pairs of one story merge."""
    apart = [title for pair in DIFFERENT for title in pair]
    titles = dict.fromkeys([one for one, _ in SAME] + apart)
    stories = merged([item(title, f"f{n}.example") for n, title in enumerate(titles)])

    lost = set(titles) - {story.title for story in stories}
    assert lost == set()


def test_a_story_of_another_day_is_another_story() -> None:
    """Headlines repeat; half a day is what one story lasts."""
    one, other = SAME[2]

    assert len(merged([item(one, hours=1), item(other, "b.example", hours=12.9)])) == 1
    assert len(merged([item(one, hours=1), item(other, "b.example", hours=13.1)])) == 2


def test_a_copy_in_the_same_feed_is_no_second_source() -> None:
    """A feed that repeats itself, or stands on two hosts of one site, is one voice."""
    one, other = SAME[1]
    (story,) = merged([item(one, "news.a.example"), item(other, "rss.a.example"), item(one)])

    assert independent(story.origins) == 1


def test_a_service_cannot_back_its_own_story() -> None:
    """It names the publishers itself, so what it says twice it still says alone."""
    service = [Carrier(publisher=name, via="service.example") for name in ("a.com", "b.com")]

    assert independent(service) == 1
    assert independent([*service, Carrier(publisher="a.com", via="a.com")]) == 2
    assert independent([service[0], Carrier(publisher="a.com", via="a.com")]) == 1


def test_sources_are_counted_over_items() -> None:
    """A view that cites two items of one site rests on one source."""
    same = [item("Bitcoin is quiet", "x.a.example"), item("Ether is quiet", "y.a.example")]
    both = [*same, item("Solana is quiet", "b.example")]
    reading = NewsReading(sample=False, read_at=NOW)

    assert [reading.sources(same), reading.sources(both), reading.sources([])] == [1, 2, 0]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.coindesk.com", "coindesk.com"),
        ("coindesk.com", "coindesk.com"),
        ("A.B.Example.CO.UK.", "example.co.uk"),
        ("example.com.br", "example.com.br"),
        ("feeds.example.io", "example.io"),
        ("one.blogs.example", "blogs.example"),
        ("x.com.example", "com.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("", ""),
    ],
)
def test_a_site_is_known_by_its_registrable_domain(host: str, domain: str) -> None:
    """Subdomains cost nothing; a domain does."""
    assert registrable(host) == domain


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(lambda n: " ".join(["b"] * 990 + [f"c{n}"]), id="one word over and over"),
        pytest.param(lambda n: " ".join(_shuffled(n, 0)), id="the same words in any order"),
        pytest.param(
            lambda n: " ".join(_shuffled(n, 20)[: 29 + n % 2]), id="other words at the end"
        ),
        pytest.param(lambda n: f"{n}" + "\ufdfa" * 1_900, id="signs that unfold into many"),
    ],
)
def test_the_heaviest_titles_cost_less_than_half_a_second(title: Callable[[int], str]) -> None:
    """Every source full of titles made to be compared long: merging runs after the deadline."""
    usual = item("Bitcoin is quiet")
    items = [
        usual.model_copy(update={"id": f"n{n}", "title": title(n)[:2_000]}) for n in range(440)
    ]
    begin = process_time()
    stories = merged(items)

    assert process_time() - begin < 0.5
    assert len(stories) == 440


def _shuffled(seed: int, kept: int) -> list[str]:
    """Thirty words of which the first `kept` stand in their order."""
    words = [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(30)]
    return words[:kept] + Random(seed).sample(words[kept:], 30 - kept)


def test_a_title_longer_than_a_headline_is_one_story_with_its_copy_alone() -> None:
    """What differs behind the part that is compared would be lost otherwise."""
    long = " ".join(f"w{n}" for n in "abcdefghijklmnopqrstuvwxyz" * 2)

    assert len(merged([item(long), item(f"{long} Ripple", "b.example")])) == 2
    assert len(merged([item(long), item(long.upper(), "b.example")])) == 1


def test_merging_many_items_stays_cheap() -> None:
    """Twenty feeds full of long titles are compared with each other."""
    words = ["token", "network", "market", "trader", "wallet", "ledger", "venue", "desk"]
    items = [
        item(" ".join(f"{word} w{n}" for word in words * 3)[:400], f"f{n % 20}.example")
        for n in range(440)
    ]
    begin = datetime.now(UTC)
    stories = merged(items)

    assert len(stories) == 440
    assert (datetime.now(UTC) - begin).total_seconds() < 2
    assert all(a.id != b.id for a, b in pairwise(stories))
