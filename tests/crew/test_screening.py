"""The screen: who gets to the table, by rules that need no model."""

from datetime import UTC, datetime

from crew.screening import shortlist
from records.signal import TradingSignal
from tests.crew.desks import settings

AT = datetime(2026, 11, 2, tzinfo=UTC)


def signal(symbol: str, direction: str, strength: int) -> TradingSignal:
    """A signal of that strength."""
    return TradingSignal.model_validate(
        {
            "symbol": symbol,
            "interval": "3m",
            "as_of": AT,
            "direction": direction,
            "strength": strength,
            "reasons": ("a fact",),
        }
    )


SIGNALS = (
    signal("BTC/USDT", "long", 2),
    signal("ETH/USDT", "long", 4),
    signal("SOL/USDT", "short", 5),
    signal("BNB/USDT", "long", 3),
    signal("XRP/USDT", "none", 0),
)


def test_only_strong_long_signals_come_to_the_table() -> None:
    """The desk opens long only; a short signal in a market it does not hold asks for nothing."""
    assert shortlist(SIGNALS, settings(), held=(), first=False) == ("ETH/USDT", "BNB/USDT")


def test_what_is_held_is_always_reviewed() -> None:
    """A position without a reviewer is nobody's."""
    found = shortlist(SIGNALS, settings(), held=("SOL/USDT",), first=False)

    assert found == ("SOL/USDT", "ETH/USDT", "BNB/USDT")


def test_a_new_desk_always_has_a_shortlist() -> None:
    """A newcomer sees five agents at work in the first cycle."""
    weak = tuple(signal(s.symbol, "none", 0) for s in SIGNALS)

    assert len(shortlist(weak, settings(), held=(), first=True)) == 3


def test_the_shortlist_is_capped() -> None:
    """More markets cost more tokens."""
    found = shortlist(SIGNALS, settings("screen.max_shortlist=1"), held=(), first=False)

    assert found == ("ETH/USDT",)


def test_a_watched_market_that_is_not_configured_is_not_traded() -> None:
    """BTC and ETH are always observed for the breaker, not always traded."""
    found = shortlist(SIGNALS, settings("symbols=[BNB/USDT]"), held=(), first=True)

    assert found == ("BNB/USDT",)
