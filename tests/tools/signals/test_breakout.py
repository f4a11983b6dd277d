"""Breakout: leaving a tight range with volume, and coming back into it."""

import numpy as np
import pytest

from records.candles import CandleSeries
from records.signal import SignalRules
from tests.tools.indicators.samples import from_closes
from tests.tools.signals.figures import MISSING, RULES, candles, market
from tools.signals.breakout import judge
from tools.signals.measured import Measured

OUT = candles(110.1)
BUY = {"volume_z": 1.0, "height_atr": 4.0}


def test_leaving_a_tight_range_with_volume_is_a_purchase() -> None:
    """The candle closed at its high, which adds to it."""
    signal = judge(market(OUT, **BUY), RULES)
    assert (signal.strategy, signal.action, signal.strength) == ("breakout", "buy", 4)
    assert signal.reasons[:3] == ("close +0.09 % from 20-bar high", "volume +1.0 sd",
                                  "range 4.0 ATR")  # fmt: skip


@pytest.mark.parametrize(
    ("series", "change"),
    [(OUT, {"volume_z": 0.9}), (OUT, {"height_atr": 4.1}), (candles(110.0), {})],
)
def test_without_one_condition_it_holds(series: CandleSeries, change: dict[str, float]) -> None:
    """A close at the edge has not left the range."""
    assert judge(market(series, **BUY | change), RULES).action == "hold"


def test_a_close_below_the_range_is_a_sale() -> None:
    """It needs no volume; with it, a tight range and averages in line it is strong."""
    assert judge(market(candles(89.9)), RULES).action == "sell"
    line = {"ema_20": 99.0, "ema_50": 100.0, "ema_200": 101.0}
    assert judge(market(candles(89.9), **BUY, **line), RULES).strength == 5


@pytest.mark.parametrize(
    ("closes", "action"),
    [
        ((111.0, 109.0), "sell"),
        ((111.0, 112.0, 113.0, 109.0), "sell"),
        ((111.0, 109.0, 109.0, 109.0, 109.0), "hold"),
        ((111.0, 110.5), "hold"),
    ],
)
def test_a_breakout_that_comes_back_within_three_bars_has_failed(
    closes: tuple[float, ...], action: str
) -> None:
    """Back inside the range as it was then; later it is another story."""
    assert judge(market(candles(*closes)), RULES).action == action


def test_the_failure_is_told_with_its_age() -> None:
    """The agent reads how long the breakout held."""
    signal = judge(market(candles(111.0, 111.0, 108.9)), RULES)
    assert signal.reasons[0] == "close -1.00 % from the high it broke 1 bars ago"


@pytest.mark.parametrize("figure", ["high", "volume_z", "height_atr"])
def test_a_missing_figure_never_votes(figure: str) -> None:
    """The purchase needs it, and that it is missing is the first thing said."""
    signal = judge(market(OUT, **BUY | {figure: MISSING}), RULES)
    assert (signal.action, signal.reasons[0].endswith("is missing")) == ("hold", True)


def test_a_coiled_market_that_bursts_is_bought() -> None:
    """Real candles and the settings: over fifty bars the range is wider, and not left."""
    wide = 100 + 8 * np.sin(np.linspace(0, 6 * np.pi, 120))
    coil = 100 + np.tile([0.5, -0.5], 12)
    closes = np.concatenate([wide, coil, [102.0]])
    volume = [8.0, 12.0] * 72 + [60.0]
    at = Measured.of(from_closes(closes, volume=volume, wick=0.001))
    assert judge(at, RULES).action == "buy"
    assert judge(at, SignalRules(breakout_bars=50)).action == "hold"
