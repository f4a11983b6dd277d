"""
Whether the next larger frame trends the way a signal points.

A trend is EMA 20 and 50 and the MACD histogram on one side; anything else, and a frame
with too few candles, is no trend: it neither confirms nor contradicts.
"""

from typing import Literal

from records.signal import TradingSignal
from tools.signals.measured import Measured

Trend = Literal["up", "down", "none"]


def trend(at: Measured) -> Trend:
    """Up: EMA 20 above EMA 50 and MACD above its signal; down: both below."""
    fast, slow = at.value("ema", "ema_20"), at.value("ema", "ema_50")
    momentum = at.value("macd", "macd_hist")
    if fast is None or slow is None or momentum is None:
        return "none"
    if fast > slow and momentum > 0:
        return "up"
    return "down" if fast < slow and momentum < 0 else "none"


def confirmed(action: str, larger: Trend) -> bool | None:
    """Whether the larger trend agrees with the action; None: it says nothing of it."""
    wanted = {"buy": "up", "sell": "down"}.get(action)
    return None if wanted is None or larger == "none" else larger == wanted


def with_confirmation(signal: TradingSignal, larger: Trend) -> TradingSignal:
    """The same signal, and whether the larger frame agrees."""
    agrees = confirmed(signal.action, larger)
    return signal if agrees is None else signal.model_copy(update={"confirmed": agrees})
