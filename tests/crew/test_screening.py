"""The screen: who gets to the table, by rules that need no model."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from crew.screening import counts, leading, perpetuals, screened, shortlist
from records.market import MarketSnapshot
from records.signal import TradingSignal
from tests.crew.desks import settings
from tests.tools.risk.cases import PERPETUAL, market

AT = datetime(2026, 11, 2, tzinfo=UTC)


def signal(symbol: str, action: str, strength: int, **more: Any) -> TradingSignal:
    """A signal of that strength."""
    usual = {"strategy": "strength", "confidence": 0.5, "reasons": ("a fact",)}
    facts = {"symbol": symbol, "interval": "3m", "as_of": AT, "action": action}
    return TradingSignal.model_validate(usual | facts | {"strength": strength} | more)


def chosen(
    signals: Sequence[TradingSignal], *assignments: str, shortable: Any = (), **given: Any
) -> tuple[str, ...]:
    """The shortlist of these signals under these settings."""
    desk = settings(*assignments)
    leaders = leading(signals, desk.screen, shortable=shortable)
    usual = {"held": (), "first": False}
    return shortlist(leaders, desk, shortable=shortable, **usual | given)


SIGNALS = (
    signal("BTC/USDT", "buy", 2),
    signal("ETH/USDT", "buy", 4),
    signal("SOL/USDT", "sell", 5),
    signal("BNB/USDT", "buy", 3),
    signal("XRP/USDT", "hold", 0),
)


def test_on_spot_markets_only_strong_purchases_come_to_the_table() -> None:
    """Nothing can follow from a sale in a market that is not held and cannot be sold."""
    assert chosen(SIGNALS) == ("ETH/USDT", "BNB/USDT")


def test_a_sale_convenes_the_crew_where_the_market_is_perpetual() -> None:
    """It ranks by its strength beside the purchases, and needs as much of it."""
    found = chosen(SIGNALS, shortable={"SOL/USDT"})
    assert found == ("SOL/USDT", "ETH/USDT", "BNB/USDT")

    weak = (signal("SOL/USDT", "sell", 2), signal("BTC/USDT", "hold", 5))
    assert chosen(weak, shortable={"SOL/USDT", "BTC/USDT"}) == ()


def test_the_more_confident_of_equally_strong_signals_goes_first() -> None:
    """Strength ranks, confidence breaks the tie, and then the order of the markets."""
    found = chosen(
        (
            signal("BTC/USDT", "buy", 3, confidence=0.6),
            signal("ETH/USDT", "buy", 3, confidence=0.9),
            signal("SOL/USDT", "buy", 3, confidence=0.6),
            signal("BNB/USDT", "buy", 4, confidence=0.1),
        ),
        "screen.max_shortlist=4",
    )
    assert found == ("BNB/USDT", "ETH/USDT", "BTC/USDT", "SOL/USDT")


def test_only_the_chosen_strategies_shortlist() -> None:
    """The agents see the others beside it, but no model is paid because of them."""
    signals = (
        signal("BTC/USDT", "buy", 5, strategy="breakout"),
        signal("ETH/USDT", "buy", 3, strategy="hybrid"),
    )
    assert chosen(signals) == ("ETH/USDT",)
    assert chosen(signals, "screen.strategies=[breakout]") == ("BTC/USDT",)


@pytest.mark.parametrize(("confirmed", "by_default"), [(True, True), (None, True), (False, False)])
def test_a_signal_against_the_larger_frame_counts_only_when_settings_say_so(
    confirmed: bool | None, by_default: bool
) -> None:
    """A larger frame without a trend, or none at all, is not against it."""
    against = signal("BTC/USDT", "buy", 5, confirmed=confirmed)
    assert (chosen((against,)) == ("BTC/USDT",)) is by_default
    assert chosen((against,), "screen.against_larger_frame=true") == ("BTC/USDT",)


def test_the_leading_signal_is_the_strongest_that_counts() -> None:
    """A stronger one that cannot be followed, or is against the larger frame, does not lead."""
    signals = (
        signal("BTC/USDT", "sell", 5),
        signal("BTC/USDT", "buy", 3, strategy="hybrid"),
        signal("ETH/USDT", "buy", 5, confirmed=False),
        signal("ETH/USDT", "buy", 4, strategy="hybrid"),
    )
    screen = settings().screen
    spot = leading(signals, screen, shortable=())
    assert (spot["BTC/USDT"].action, spot["ETH/USDT"].strength) == ("buy", 4)
    assert leading(signals, screen, shortable={"BTC/USDT"})["BTC/USDT"].action == "sell"


def test_the_gate_takes_the_leading_signal_as_evidence_only_where_it_counts() -> None:
    """A held market is reviewed with a weak signal too; that is no reason to buy more."""
    screen = settings().screen
    assert screened(signal("BTC/USDT", "buy", 3), screen) == "buy"
    for weak in (
        signal("BTC/USDT", "buy", 2),
        signal("BTC/USDT", "buy", 5, confirmed=False),
        signal("BTC/USDT", "hold", 5),
        None,
    ):
        assert screened(weak, screen) == "hold"
        assert weak is None or not counts(weak, screen)


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
    found = chosen(SIGNALS, held=("SOL/USDT",))

    assert found == ("SOL/USDT", "ETH/USDT", "BNB/USDT")


def test_a_new_desk_always_has_a_shortlist() -> None:
    """A newcomer sees five agents at work in the first cycle."""
    weak = tuple(signal(s.symbol, "hold", 0) for s in SIGNALS)

    assert len(chosen(weak, first=True)) == 3


def test_the_shortlist_is_capped() -> None:
    """More markets cost more tokens."""
    assert chosen(SIGNALS, "screen.max_shortlist=1") == ("ETH/USDT",)


def test_a_watched_market_that_is_not_configured_is_not_traded() -> None:
    """BTC and ETH are always observed for the breaker, not always traded."""
    assert chosen(SIGNALS, "symbols=[BNB/USDT]", first=True) == ("BNB/USDT",)


def test_a_full_desk_and_locked_markets_cost_no_model() -> None:
    """The gate would let nothing be opened there."""
    assert chosen(SIGNALS, held=("SOL/USDT",), full=True) == ("SOL/USDT",)
    assert chosen(SIGNALS, locked=("ETH/USDT",)) == ("BNB/USDT",)
