"""Each of the five rules, with its edges; a vote without its figure is worthless to an agent."""

import numpy as np
import pytest

from records.candles import CandleSeries
from records.signal import SignalRules
from tests.tools.indicators.samples import from_closes
from tests.tools.signals.figures import MISSING, RULES, candles, market
from tools.indicators import macd
from tools.signals.measured import Measured
from tools.signals.votes import bollinger_vote, ema_vote, macd_vote, rsi_vote, volume_vote


@pytest.mark.parametrize(
    ("rsi", "sign"),
    [(50.0, 0), (50.1, 1), (70.0, 1), (70.1, 0), (49.9, -1), (30.0, -1), (29.9, 0)],
)
def test_rsi_votes_between_the_middle_and_the_extremes(rsi: float, sign: int) -> None:
    """Momentum with room left: 50..70 is a buy, 30..50 a sale, beyond is too late."""
    vote = rsi_vote(market(rsi_14=rsi), RULES)
    assert (vote.sign, vote.reason) == (sign, f"RSI 14 {rsi:.1f}")


def test_the_zone_of_momentum_is_a_setting() -> None:
    """From 55 on, 52 is no momentum, and neither is its mirror image."""
    rules = SignalRules(momentum_rsi_from=55)
    assert [rsi_vote(market(rsi_14=rsi), rules).sign for rsi in (52.0, 55.0, 45.0, 48.0)] == [
        0, 1, -1, 0,
    ]  # fmt: skip


def _turned(bars_ago: int) -> CandleSeries:
    """A long fall, then a rise whose first MACD crossing lies this many bars back."""
    whole = from_closes(np.concatenate([np.linspace(200, 100, 100), np.linspace(101, 130, 20)]))
    histogram = macd.compute(whole)["macd_hist"]
    crossing = 100 + int(np.flatnonzero(histogram[100:] > 0)[0])
    return whole.closed_by(int(whole.open_time_ms[crossing + bars_ago]) + 3_600_000)


@pytest.mark.parametrize(("bars_ago", "sign"), [(0, 1), (1, 1), (2, 1), (3, 0)])
def test_macd_votes_for_three_bars_after_a_crossing(bars_ago: int, sign: int) -> None:
    """A crossing is news for three bars; after that it is old."""
    assert macd_vote(Measured.of(_turned(bars_ago)), RULES).sign == sign


def test_macd_says_when_and_which_way_it_crossed() -> None:
    """The agent reads the age of the crossing, not only that there was one."""
    up = macd_vote(market(macd_hist=[-1, -1, 2, 0.5]), RULES)
    down = macd_vote(market(macd_hist=[1, 1, 1, -0.5]), RULES)
    old = macd_vote(market(macd_hist=[1, 1, 1, 0.5]), RULES)
    assert (up.sign, up.reason) == (1, "MACD crossed up 1 bars ago (hist +0.500 %)")
    assert (down.sign, down.reason) == (-1, "MACD crossed down 0 bars ago (hist -0.500 %)")
    assert (old.sign, old.reason) == (0, "MACD no cross in 3 bars (hist +0.500 %)")


@pytest.mark.parametrize(
    ("averages", "sign"), [((103, 102, 101), 1), ((101, 102, 103), -1), ((103, 101, 102), 0)]
)
def test_averages_in_line_vote_their_way(averages: tuple[float, float, float], sign: int) -> None:
    """20 over 50 over 200 in a rise, the reverse in a fall; a young turn is neither."""
    fast, middle, slow = averages
    assert ema_vote(market(ema_20=fast, ema_50=middle, ema_200=slow)).sign == sign


@pytest.mark.parametrize(("close", "sign"), [(110.0, 1), (90.0, -1), (100.0, 0)])
def test_a_close_outside_the_bands_votes(close: float, sign: int) -> None:
    """Inside the bands nothing happened yet."""
    series = from_closes([99.0, 101.0] * 12 + [close])
    assert bollinger_vote(Measured.of(series)).sign == sign


@pytest.mark.parametrize(
    ("close", "volume", "sign"),
    [(101.0, 2.0, 1), (99.0, 2.0, -1), (100.0, 2.0, 0), (101.0, 0.99, 0), (101.0, 1.0, 1)],
)
def test_loud_volume_votes_with_its_candle(close: float, volume: float, sign: int) -> None:
    """From one deviation on it is loud, and the candle's colour decides."""
    assert volume_vote(market(candles(close), volume_z=volume), RULES).sign == sign


@pytest.mark.parametrize("count", [1, 2, 19, 33])
def test_what_is_missing_does_not_vote_and_says_so(count: int) -> None:
    """A market listed today has no EMA 200; that is said, not scored."""
    at = Measured.of(from_closes(np.linspace(100, 101, count)))
    for vote in (macd_vote(at, RULES), ema_vote(at)):
        assert vote.sign == 0
        assert vote.reason.endswith("is missing")


def test_every_vote_can_be_missing() -> None:
    """Not only the slow ones: a market that stands still has no RSI, bands or volume either."""
    at = market(
        rsi_14=MISSING, bb_pct=MISSING, volume_z=MISSING, macd_hist=MISSING, ema_200=MISSING
    )
    cast = (rsi_vote(at, RULES), bollinger_vote(at), volume_vote(at, RULES), ema_vote(at))
    assert {vote.sign for vote in (*cast, macd_vote(at, RULES))} == {0}
    assert all(vote.reason.endswith("is missing") for vote in cast)
