"""
What the signal says of a position that is already open; the agents read it, nothing acts on it.

Source: domain notes, Strategies, Position logic: without a signal a loss is cut and a
profit is kept.
"""

from decimal import Decimal

from records.base import PositionSide
from records.signal import TradingSignal


def position_view(side: PositionSide, open_pnl: Decimal, signal: TradingSignal | None) -> str:
    """Keep or close and why in few words; unknown without a signal of the market."""
    if signal is None:
        return "unknown: no signal"
    if signal.action == "hold":
        return "close: hold, losing" if open_pnl < 0 else "keep: hold, not losing"
    agrees = (signal.action == "buy") == (side == "long")
    return f"{'keep' if agrees else 'close'}: {signal.action} signal"
