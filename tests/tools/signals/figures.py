"""A market whose indicators are what a test says, so that each rule can be asked at its edge."""

import numpy as np

from records.candles import CandleSeries
from records.signal import SignalRules
from tests.tools.indicators.samples import from_closes
from tools.indicators.smoothing import Array
from tools.signals.measured import Measured

RULES = SignalRules()
BARS = 60
MISSING = float("nan")

_USUAL: dict[str, dict[str, float]] = {
    "rsi": {"rsi_14": 50.0},
    "bollinger": {"bb_pct": 50.0},
    "volume_z": {"volume_z": 0.0},
    "ema": {"ema_20": 100.0, "ema_50": 100.0, "ema_200": 100.0},
    "sma": {"sma_50": 100.0},
    "macd": {"macd_hist": 1.0},
    f"rolling_range {RULES.breakout_bars}": {"high": 110.0, "low": 90.0, "height_atr": 6.0},
}


def market(series: CandleSeries | None = None, **figures: float | list[float]) -> Measured:
    """
    Nothing happens in this market but what is given: a figure, or the last bars of one.

    Without a series sixty candles at 100, the last of which goes nowhere.
    """
    series = series or candles()
    known: dict[tuple[str, str], dict[str, Array]] = {}
    for name, usual in _USUAL.items():
        known["1h", name] = {
            key: _array(figures.pop(key, value), len(series)) for key, value in usual.items()
        }
    assert not figures, f"no strategy asks for {figures}"
    return Measured({"1h": series}, "1h", known=known)


def candles(*last: float, before: float = 100.0) -> CandleSeries:
    """Candles at one price, then these closes."""
    return from_closes([before] * (BARS - len(last)) + list(last))


def _array(figure: float | list[float], size: int) -> Array:
    array = np.full(size, 0.0)
    tail = figure if isinstance(figure, list) else [figure] * size
    array[-len(tail) :] = tail
    return array
