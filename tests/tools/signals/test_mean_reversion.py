"""Mean reversion: far outside, extreme, beyond the mean; the sale is the mirror image."""

import numpy as np
import pytest

from records.signal import SignalRules
from tests.tools.indicators.samples import from_closes
from tests.tools.signals.figures import MISSING, RULES, candles, market
from tools.signals.mean_reversion import judge
from tools.signals.measured import Measured

BUY = {"bb_pct": 0.0, "rsi_14": 19.9, "sma_50": 101.0}
SELL = {"bb_pct": 100.0, "rsi_14": 80.1, "sma_50": 99.0}


@pytest.mark.parametrize(("figures", "action"), [(BUY, "buy"), (SELL, "sell")])
def test_all_three_conditions_make_an_action(figures: dict[str, float], action: str) -> None:
    """At the band counts as beyond it."""
    signal = judge(market(**figures), RULES)
    assert (signal.strategy, signal.action, signal.strength) == ("mean_reversion", action, 3)


@pytest.mark.parametrize("base", [BUY, SELL])
@pytest.mark.parametrize(
    "change", [{"bb_pct": 50.0}, {"rsi_14": 20.0}, {"rsi_14": 80.0}, {"sma_50": 100.0}]
)
def test_two_of_three_are_a_hold(base: dict[str, float], change: dict[str, float]) -> None:
    """An RSI of 25 is low, not extreme."""
    assert judge(market(**base | change), RULES).action == "hold"


def test_loud_volume_and_a_turned_candle_add_strength() -> None:
    """A fall that was sold out and bought back says more than a fall."""
    turned = market(candles(99.0, 100.0), **BUY, volume_z=2.0)
    assert judge(turned, RULES).strength == 5
    assert judge(market(candles(99.0, 100.0), **BUY), RULES).strength == 4


@pytest.mark.parametrize("figure", ["bb_pct", "rsi_14", "sma_50"])
def test_a_missing_indicator_never_votes(figure: str) -> None:
    """The action needs it, and that it is missing is the first thing said."""
    signal = judge(market(**BUY | {figure: MISSING}), RULES)
    assert (signal.action, signal.reasons[0].endswith("is missing")) == ("hold", True)


def test_a_market_that_falls_without_a_pause_is_bought() -> None:
    """A plunge out of a quiet market: real indicators, no figures of the test's own."""
    quiet = 100 + np.tile([0.2, -0.2], 40)
    plunge = [99.0, 98.0, 96.5, 94.0, 91.0]
    at = Measured.of(from_closes(np.concatenate([quiet, plunge])))
    assert judge(at, RULES).action == "buy"
    assert judge(at, SignalRules(extreme_rsi=1)).action == "hold"
