"""How votes become an action and a strength, and how often that wakes the crew."""

import numpy as np
import pytest

from records.candles import CandleSeries
from records.signal import SignalRules
from tests.tools.indicators.samples import REAL, from_closes, real, wandering
from tests.tools.signals.figures import RULES
from tools.signals.measured import Measured
from tools.signals.strength import judge
from tools.signals.votes import votes


def _burst(sign: int) -> CandleSeries:
    """A slow trend, a pause, and a loud candle out of the bands: a textbook breakout."""
    slow = 1000 + sign * np.linspace(0, 60, 300)
    pause = slow[-1] + np.tile([1.5, -1.5], 15) - sign * np.linspace(0, 8, 30)
    closes = np.concatenate([slow, pause, [pause[-1] + sign * 11]])
    volume = [8.0, 12.0] * 165 + [40.0]
    return from_closes(closes, wick=0.0005, volume=volume)


@pytest.mark.parametrize(("sign", "action"), [(1, "buy"), (-1, "sell")])
def test_a_textbook_breakout_is_strong_in_its_direction(sign: int, action: str) -> None:
    """Volume, bands, MACD and alignment agree: what a trader would call a signal."""
    signal = judge(Measured.of(_burst(sign)), RULES)
    assert signal.action == action
    assert signal.strength >= 4


@pytest.mark.parametrize("seed", range(12))
def test_strength_counts_the_votes_for_the_side_of_their_sum(seed: int) -> None:
    """Opposing votes decide the side but are not counted; a trade needs three for it."""
    at = Measured.of(wandering(400, seed=seed))
    cast = [vote.sign for vote in votes(at, RULES)]
    signal, balance = judge(at, RULES), sum(cast)
    agreeing = 0 if balance == 0 else cast.count(1 if balance > 0 else -1)
    assert signal.strength == agreeing
    assert signal.action == ("hold" if agreeing < 3 else "buy" if balance > 0 else "sell")
    assert signal.confidence == (abs(balance) / 5 if agreeing >= 3 else 0)


def test_votes_that_a_trade_needs_are_a_setting() -> None:
    """The same market is a hold where five votes are asked for."""
    at = Measured.of(_burst(1))
    strict = judge(at, SignalRules(votes_to_trade=5))
    assert strict.action == ("buy" if strict.strength == 5 else "hold")
    assert judge(at, RULES).strength == strict.strength


def test_every_vote_gives_its_reason_and_side() -> None:
    """Five facts whether the vote counted or not, those for the action first."""
    reasons = judge(Measured.of(_burst(1)), RULES).reasons
    sides = [reason.rpartition(": ")[2] for reason in reasons]
    assert sorted(reason.split()[0] for reason in reasons) == [
        "EMA",
        "MACD",
        "RSI",
        "close",
        "volume",
    ]
    assert sides == sorted(sides, key=["buy", "no vote", "sell"].index)


def test_a_market_without_history_has_no_signal() -> None:
    """One candle: hold, strength 0, and the reasons say what is missing."""
    signal = judge(Measured.of(from_closes([100.0])), RULES)
    assert (signal.action, signal.strength) == ("hold", 0)
    assert all("missing" in reason for reason in signal.reasons)


@pytest.mark.skipif(not REAL.exists(), reason="the shared market data is not here")
@pytest.mark.parametrize("coin", ["BTC", "DOGE"])
def test_a_strong_signal_is_neither_rare_nor_common(coin: str) -> None:
    """At 3 of 5 the crew is woken by some bars in ten, not by none and not by most."""
    whole = Measured.of(real(coin, end=6000, count=6000))
    ends = np.random.default_rng(3).integers(601, 6000, 250)
    share = np.mean([judge(whole.at(int(end)), RULES).action != "hold" for end in ends])
    assert 0.05 <= share <= 0.25
