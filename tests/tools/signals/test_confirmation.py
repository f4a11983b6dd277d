"""What the next larger frame says of a signal: yes, no, or nothing."""

import numpy as np
import pytest

from tests.tools.indicators.samples import from_closes
from tests.tools.signals.figures import MISSING, RULES, market
from tools.signals.confirmation import confirmed, trend
from tools.signals.measured import Measured
from tools.signals.registry import all_signals

UP = {"ema_20": 102.0, "ema_50": 101.0, "macd_hist": 0.1}
DOWN = {"ema_20": 100.0, "ema_50": 101.0, "macd_hist": -0.1}


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (UP, "up"),
        (DOWN, "down"),
        (UP | {"macd_hist": -0.1}, "none"),
        (DOWN | {"macd_hist": 0.1}, "none"),
        (UP | {"ema_20": 101.0}, "none"),
        (UP | {"ema_50": MISSING}, "none"),
        (UP | {"macd_hist": MISSING}, "none"),
    ],
)
def test_a_trend_needs_averages_and_momentum(figures: dict[str, float], expected: str) -> None:
    """A rise that is losing its momentum, and one of which half is unknown, is no trend."""
    assert trend(market(**figures)) == expected


@pytest.mark.parametrize(
    ("action", "larger", "expected"),
    [
        ("buy", "up", True),
        ("buy", "down", False),
        ("sell", "down", True),
        ("sell", "up", False),
        ("buy", "none", None),
        ("hold", "up", None),
    ],
)
def test_the_larger_trend_agrees_disagrees_or_says_nothing(
    action: str, larger: str, expected: bool | None
) -> None:
    """Nothing is confirmed of a hold."""
    assert confirmed(action, larger) is expected


def _sinking() -> np.ndarray:
    """Twenty days of a calm market that suddenly falls: several strategies sell."""
    return np.concatenate([1000 + np.tile([1.0, -1.0], 230), np.linspace(999, 930, 20)])


@pytest.mark.parametrize(("end", "expected"), [(200.0, False), (50.0, True)])
def test_signals_are_confirmed_by_the_next_larger_interval(end: float, expected: bool) -> None:
    """Of three intervals the middle one: the largest has too few candles to say anything."""
    frames = {
        "1d": from_closes(_curved(100, end)[:20], interval="1d"),
        "1h": from_closes(_sinking(), interval="1h"),
        "4h": from_closes(_curved(100, end), interval="4h"),
    }
    sold = [one for one in all_signals(frames, "1h", RULES) if one.action == "sell"]
    assert sold
    assert {one.confirmed for one in sold} == {expected}


def test_a_market_of_one_interval_is_not_confirmed() -> None:
    """None is not no: there is nobody to ask."""
    found = all_signals({"1h": from_closes(_sinking())}, "1h", RULES)
    assert {one.confirmed for one in found} == {None}


def test_a_larger_candle_that_closed_later_is_not_asked() -> None:
    """The decision interval may lag behind: what came after it is the future."""
    fine = from_closes(_sinking()[:450], interval="1h")
    later = from_closes(_curved(100, 200), interval="4h")
    larger = Measured({"1h": fine, "4h": later}, "1h").larger()
    assert larger is not None
    assert len(larger) == 450 // 4
    assert later.closes_at > fine.closes_at >= larger.as_of


def _curved(start: float, end: float) -> np.ndarray:
    """A trend that grows faster and faster, so that MACD is on its side."""
    return start * (end / start) ** (np.linspace(0, 1, 120) ** 2)
