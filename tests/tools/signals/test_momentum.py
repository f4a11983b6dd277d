"""Momentum: a purchase needs all its conditions, a sale one; what is missing decides nothing."""

import pytest

from records.signal import SignalRules
from tests.tools.indicators.samples import from_closes
from tests.tools.signals.figures import MISSING, RULES, market
from tools.signals.measured import Measured
from tools.signals.momentum import judge

CROSSED_UP = [-1.0, -1.0, -1.0, 1.0]
CROSSED_DOWN = [1.0, 1.0, 1.0, -1.0]
BUY = {"bb_pct": 105.0, "macd_hist": CROSSED_UP, "rsi_14": 65.0, "volume_z": 0.1}


def test_all_four_conditions_are_a_purchase() -> None:
    """A close above the band, a fresh crossing, RSI with room and volume above its mean."""
    signal = judge(market(**BUY), RULES)
    assert (signal.strategy, signal.action, signal.strength) == ("momentum", "buy", 4)
    assert signal.reasons[0] == "close at 105 % of bands"
    assert judge(market(**BUY, ema_20=103, ema_50=102, ema_200=101), RULES).strength == 5


@pytest.mark.parametrize(
    ("figure", "value"),
    [("bb_pct", 100.0), ("macd_hist", [1.0] * 4), ("rsi_14", 71.0), ("volume_z", 0.0)],
)
def test_without_one_of_them_it_holds_and_names_it(figure: str, value: float) -> None:
    """A breakout of the band that nobody trades is noise."""
    signal = judge(market(**BUY | {figure: value}), RULES)
    assert (signal.action, signal.strength, signal.confidence) == ("hold", 0, 0)
    words = {"bb_pct": "bands", "macd_hist": "MACD", "rsi_14": "RSI", "volume_z": "volume"}
    assert words[figure] in signal.reasons[0]


@pytest.mark.parametrize(
    ("figures", "strength"),
    [
        ({"bb_pct": 49.0}, 1),
        ({"macd_hist": CROSSED_DOWN}, 1),
        ({"rsi_14": 75.1}, 1),
        ({"bb_pct": 49.0, "macd_hist": CROSSED_DOWN}, 2),
        ({"bb_pct": 49.0, "macd_hist": CROSSED_DOWN, "volume_z": 1.0}, 3),
    ],
)
def test_one_condition_is_a_sale_and_more_make_it_strong(
    figures: dict[str, object], strength: int
) -> None:
    """An exit may be quick; the strength says how many reasons there are."""
    signal = judge(market(**figures), RULES)
    assert (signal.action, signal.strength) == ("sell", strength)


def test_confidence_is_half_at_the_edge_and_grows() -> None:
    """It ranks signals that have the same strength."""
    edge = judge(market(rsi_14=75.0001), RULES).confidence
    far = judge(market(rsi_14=99.0), RULES).confidence
    assert edge == pytest.approx(0.5, abs=0.001)
    assert edge < far <= 1


@pytest.mark.parametrize("figure", ["bb_pct", "macd_hist", "rsi_14", "volume_z"])
def test_a_missing_indicator_never_votes(figure: str) -> None:
    """The purchase needs it, and that it is missing is the first thing said."""
    signal = judge(market(**BUY | {figure: MISSING}), RULES)
    assert signal.action == "hold"
    assert signal.reasons[0].endswith("is missing")


def test_a_young_market_holds() -> None:
    """Nothing is known after five candles."""
    signal = judge(Measured.of(from_closes([100.0, 101, 99, 102, 98])), RULES)
    assert signal.action == "hold"
    assert all("missing" in reason for reason in signal.reasons)


def test_thresholds_are_settings() -> None:
    """What is exhausted at 75 is not at 90."""
    assert judge(market(rsi_14=80.0), SignalRules(exhausted_rsi=90)).action == "hold"
    loud = SignalRules(momentum_volume_z=2)
    assert judge(market(**BUY), loud).action == "hold"
