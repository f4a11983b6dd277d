"""How votes become a direction and a strength, and how often that wakes the crew."""

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import REAL, from_closes, real, snapshot, wandering
from tools.signals.strength import signal_strength, signals
from tools.signals.votes import votes


def _burst(sign: int) -> CandleSeries:
    """A slow trend, a pause, and a loud candle out of the bands: a textbook breakout."""
    slow = 1000 + sign * np.linspace(0, 60, 300)
    pause = slow[-1] + np.tile([1.5, -1.5], 15) - sign * np.linspace(0, 8, 30)
    closes = np.concatenate([slow, pause, [pause[-1] + sign * 11]])
    volume = [8.0, 12.0] * 165 + [40.0]
    return from_closes(closes, wick=0.0005, volume=volume)


@pytest.mark.parametrize(("sign", "direction"), [(1, "long"), (-1, "short")])
def test_a_textbook_breakout_is_strong_in_its_direction(sign: int, direction: str) -> None:
    """Volume, bands, MACD and alignment agree: what a trader would call a signal."""
    signal = signal_strength(_burst(sign))
    assert signal.direction == direction
    assert signal.strength >= 4


@pytest.mark.parametrize("seed", range(12))
def test_strength_counts_the_votes_for_the_direction_of_their_sum(seed: int) -> None:
    """Opposing votes decide the direction but are not counted; a tie has neither."""
    series = wandering(400, seed=seed)
    cast = [vote.sign for vote in votes(series)]
    signal = signal_strength(series)
    expected = "long" if sum(cast) > 0 else "short" if sum(cast) < 0 else "none"
    assert signal.direction == expected
    assert (
        signal.strength
        == {
            "long": cast.count(1),
            "short": cast.count(-1),
            "none": 0,
        }[signal.direction]
    )


def test_every_vote_gives_its_reason_and_side() -> None:
    """Five sentences in fixed order, whether the vote counted or not."""
    reasons = signal_strength(wandering(400)).reasons
    assert len(reasons) == 5
    assert all(reason.endswith((": long", ": short", ": no vote")) for reason in reasons)
    assert [reason.split()[0] for reason in reasons] == ["RSI", "MACD", "EMA", "Close", "Volume"]


def test_a_market_without_history_has_no_signal() -> None:
    """One candle: direction none, strength 0, and the reasons say what is missing."""
    signal = signal_strength(from_closes([100.0]))
    assert (signal.direction, signal.strength) == ("none", 0)
    assert all("missing" in reason for reason in signal.reasons)


def test_signals_cover_the_markets_that_have_the_interval() -> None:
    """A market without these candles is left out; it does not end the cycle."""
    snap = snapshot(wandering(300), from_closes([1.0, 2.0], symbol="ETH/USDT", interval="4h"))
    assert [signal.symbol for signal in signals(snap, "1h")] == ["BTC/USDT"]
    assert [signal.symbol for signal in signals(snap, "4h")] == ["ETH/USDT"]


def test_signal_is_dated_by_its_last_candle() -> None:
    """Not by when it was computed: the same candles give the same record in a replay."""
    series = wandering(300)
    assert signal_strength(series).as_of == series.closes_at
    assert signal_strength(series) == signal_strength(series)


@pytest.mark.skipif(not REAL.exists(), reason="the shared market data is not here")
@pytest.mark.parametrize("coin", ["BTC", "DOGE"])
def test_a_strong_signal_is_neither_rare_nor_common(coin: str) -> None:
    """At 3 of 5 the crew is woken by some bars in ten, not by none and not by most."""
    whole = real(coin, end=6000, count=6000)
    ends = np.random.default_rng(3).integers(601, 6000, 250)
    cuts = (whole.closed_by(int(whole.open_time_ms[end])).last(600) for end in ends)
    share = np.mean([signal_strength(cut).strength >= 3 for cut in cuts])
    assert 0.05 <= share <= 0.25
