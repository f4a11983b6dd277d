"""Tags and the word score: small, strict, and honest about knowing little."""

import pytest

from tools.news.scoring import lexicon_score
from tools.news.tags import tagged

ALL = tuple(f"{base}/USDT" for base in ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE", "ARB", "S"))


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("BTC and bitcoin", ["BTC"]),
        ("Ethereum, ether and ETH", ["ETH"]),
        ("$SOL unlocks", ["SOL"]),
        ("Bajo el sol de Solana", ["SOL"]),
        ("bajo el sol", []),
        ("Ripple's case", ["XRP"]),
        ("dogecoin/BNB", ["BNB", "DOGE"]),
        ("WBTC METHOD SOLVED", []),
        ("the ВТС/USDT pair", []),  # noqa: RUF001 Cyrillic look-alikes
        ("ARB grants", ["ARB"]),
        ("arb desks and S curves", []),
        ("$S listed", ["S"]),
        ("Bitcoin价格", ["BTC"]),
    ],
)
def test_markets_are_tagged_by_ticker_and_name(text: str, bases: list[str]) -> None:
    """A wrong tag puts a stranger's story under a market it is not about."""
    assert tagged(text, ALL) == tuple(f"{base}/USDT" for base in bases)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Regulator approves licences; shares rose", 1),
        ("Miner defaults on loan, sells 1,200 BTC", -1),
        ("Order entry failed during the outage", -1),
        ("Client releases a wallet", 0),
        ("", 0),
        ("gains and losses", 0),
    ],
)
def test_the_score_has_the_sign_of_its_words(text: str, sign: int) -> None:
    """Only the sign is meant to mean anything."""
    score = lexicon_score(text)
    assert (score > 0) - (score < 0) == sign


def test_the_score_stays_within_its_bounds() -> None:
    """A shouting headline is not more than fully positive."""
    assert lexicon_score("surge " * 500) == 1.0
    assert lexicon_score("crash " * 500) == -1.0
    assert abs(lexicon_score("crash")) < 0.5
