"""What a signal says of an open position."""

from decimal import Decimal

import pytest

from records.signal import TradingSignal
from tests.tools.signals.figures import market
from tools.signals.conditions import signal
from tools.signals.holding import position_view


def _said(action: str) -> TradingSignal:
    return signal("strength", market(), action, strength=3)


@pytest.mark.parametrize(
    ("side", "action", "pnl", "view"),
    [
        ("long", "hold", "-0.01", "close: hold, losing"),
        ("long", "hold", "0", "keep: hold, not losing"),
        ("short", "hold", "5", "keep: hold, not losing"),
        ("long", "buy", "-5", "keep: buy signal"),
        ("long", "sell", "5", "close: sell signal"),
        ("short", "sell", "-5", "keep: sell signal"),
        ("short", "buy", "5", "close: buy signal"),
    ],
)
def test_losses_without_a_signal_are_cut_and_profits_kept(
    side: str, action: str, pnl: str, view: str
) -> None:
    """A signal decides; without one the open result does."""
    assert position_view(side, Decimal(pnl), _said(action)) == view


def test_a_market_without_a_signal_gets_no_view() -> None:
    """Missing candles are no reason to close."""
    assert position_view("long", Decimal(-5), None) == "unknown: no signal"
