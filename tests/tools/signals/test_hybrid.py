"""The arithmetic of agreement: who counts, who outweighs whom, and what comes out."""

import pytest

from records.signal import SignalRules, Strategy, TradingSignal
from tests.tools.signals.figures import RULES, market
from tools.signals.conditions import signal
from tools.signals.hybrid import agreement


def said(strategy: Strategy, action: str, strength: int = 3, confidence: float = 0.5):
    """What one strategy says."""
    facts = [f"a fact of {strategy}"]
    return signal(
        strategy, market(), action, strength=strength, confidence=confidence, reasons=facts
    )


def agreed(*asked: TradingSignal, rules: SignalRules = RULES) -> TradingSignal:
    return agreement(market(), asked, rules)


def test_two_that_agree_are_a_signal_with_their_mean() -> None:
    """Strength 3 and 4 round half up to 4; confidence is not rounded to anything."""
    found = agreed(
        said("momentum", "buy", 4, 0.8), said("breakout", "buy", 3, 0.5), said("vumanchu", "hold")
    )
    assert (found.strategy, found.action, found.strength) == ("hybrid", "buy", 4)
    assert found.confidence == 0.65
    assert found.reasons == ("momentum 4: a fact of momentum", "breakout 3: a fact of breakout")


def test_the_mean_is_weighted() -> None:
    """Momentum three times as heavy: (3 x 0.8 + 0.4) / 4 and (3 x 5 + 3) / 4."""
    rules = SignalRules(hybrid_weights={"momentum": 3, "breakout": 1})
    found = agreed(said("momentum", "sell", 5, 0.8), said("breakout", "sell", 3, 0.4), rules=rules)
    assert (found.action, found.strength, found.confidence) == ("sell", 5, 0.7)


def test_only_those_that_agree_count_in_the_mean() -> None:
    """A lone seller against two buyers neither stops nor colours them."""
    found = agreed(
        said("momentum", "buy", 4, 0.6), said("breakout", "buy", 4, 0.6),
        said("vumanchu", "sell", 3, 1.0),
    )  # fmt: skip
    assert (found.action, found.strength, found.confidence) == ("buy", 4, 0.6)


@pytest.mark.parametrize(
    "asked",
    [
        (said("momentum", "buy"),),
        (said("momentum", "buy"), said("breakout", "sell")),
        (said("momentum", "buy"), said("breakout", "buy", 2)),
        (said("momentum", "buy"), said("breakout", "buy"), said("vumanchu", "sell"),
         said("mean_reversion", "sell")),
        (),
    ],
)  # fmt: skip
def test_too_few_too_weak_or_evenly_divided_is_a_hold(asked: tuple[TradingSignal, ...]) -> None:
    """Two must agree, each at strength 3, and outweigh the other side."""
    found = agreed(*asked)
    assert (found.action, found.strength, found.confidence) == ("hold", 0, 0)
    assert "2 must agree" in found.reasons[0]


def test_a_heavy_dissenter_outweighs_two() -> None:
    """Weight decides whose side it is, number whether that side is large enough."""
    rules = SignalRules(hybrid_weights={"momentum": 1, "breakout": 1, "vumanchu": 3})
    asked = (said("momentum", "buy"), said("breakout", "buy"), said("vumanchu", "sell"))
    assert agreed(*asked, rules=rules).action == "hold"
    alone = SignalRules(hybrid_weights=dict(rules.hybrid_weights), hybrid_agree=1)
    assert agreed(*asked, rules=alone).action == "sell"


def test_how_many_must_agree_is_a_setting() -> None:
    """Two are not three."""
    asked = (said("momentum", "buy"), said("breakout", "buy"))
    assert agreed(*asked, rules=SignalRules(hybrid_agree=3)).action == "hold"
    weak = (said("momentum", "buy", 2), said("breakout", "buy", 2))
    assert agreed(*weak, rules=SignalRules(hybrid_min_strength=2)).action == "buy"
