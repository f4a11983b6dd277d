"""The screen: who gets to the table, by rules that need no model."""

from datetime import UTC, datetime

from crew.screening import perpetuals, shortlist
from records.market import MarketSnapshot
from records.signal import TradingSignal
from tests.crew.desks import settings
from tests.tools.risk.cases import PERPETUAL, market

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


def test_on_spot_markets_only_strong_long_signals_come_to_the_table() -> None:
    """Nothing can follow from a short signal in a market that is not held and cannot be sold."""
    assert shortlist(SIGNALS, settings(), held=(), first=False, shortable=()) == (
        "ETH/USDT",
        "BNB/USDT",
    )


def test_a_short_signal_convenes_the_crew_where_the_market_is_perpetual() -> None:
    """It ranks by its strength beside the long ones, and needs as much of it."""
    found = shortlist(SIGNALS, settings(), held=(), first=False, shortable={"SOL/USDT"})
    assert found == ("SOL/USDT", "ETH/USDT", "BNB/USDT")

    weak = (signal("SOL/USDT", "short", 2), signal("BTC/USDT", "none", 5))
    shortable = {"SOL/USDT", "BTC/USDT"}
    assert shortlist(weak, settings(), held=(), first=False, shortable=shortable) == ()


def test_perpetuals_are_what_the_snapshot_calls_so() -> None:
    """The venue's own word decides, market by market."""
    spot = market("BTC/USDT")
    contract = market("ETH/USDT", **PERPETUAL)
    seen = MarketSnapshot(
        venue="demo", synthetic=True, as_of=AT, markets={m.symbol: m for m in (spot, contract)}
    )
    assert perpetuals(seen) == {"ETH/USDT"}


def test_what_is_held_is_always_reviewed() -> None:
    """A position without a reviewer is nobody's."""
    found = shortlist(SIGNALS, settings(), held=("SOL/USDT",), first=False, shortable=())

    assert found == ("SOL/USDT", "ETH/USDT", "BNB/USDT")


def test_a_new_desk_always_has_a_shortlist() -> None:
    """A newcomer sees five agents at work in the first cycle."""
    weak = tuple(signal(s.symbol, "none", 0) for s in SIGNALS)

    assert len(shortlist(weak, settings(), held=(), first=True, shortable=())) == 3


def test_the_shortlist_is_capped() -> None:
    """More markets cost more tokens."""
    found = shortlist(
        SIGNALS, settings("screen.max_shortlist=1"), held=(), first=False, shortable=()
    )

    assert found == ("ETH/USDT",)


def test_a_watched_market_that_is_not_configured_is_not_traded() -> None:
    """BTC and ETH are always observed for the breaker, not always traded."""
    found = shortlist(SIGNALS, settings("symbols=[BNB/USDT]"), held=(), first=True, shortable=())

    assert found == ("BNB/USDT",)
