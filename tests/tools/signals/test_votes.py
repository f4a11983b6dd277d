"""Each of the five rules, with its edges; a vote without its figure is worthless to an agent."""

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import from_closes
from tools.signals import votes
from tools.signals.votes import (
    bollinger_vote,
    ema_vote,
    macd_vote,
    rsi_vote,
    volume_vote,
)


def _leaning(gain: float, loss: float) -> CandleSeries:
    """Equal numbers of rises and falls, so that RSI 14 settles at gain / (gain + loss)."""
    steps = np.tile([gain, -loss], 200)
    return from_closes(1000 + np.cumsum(steps))


@pytest.mark.parametrize(
    ("gain", "loss", "sign", "words"),
    [
        (0.60, 0.40, 1, "is in 50..70"),
        (0.40, 0.60, -1, "is in 30..50"),
        (0.90, 0.10, 0, "overbought"),
        (0.10, 0.90, 0, "oversold"),
    ],
)
def test_rsi_votes_between_the_middle_and_the_extremes(
    gain: float, loss: float, sign: int, words: str
) -> None:
    """Momentum with room left: 50..70 is long, 30..50 short, beyond is too late."""
    vote = rsi_vote(_leaning(gain, loss))
    assert vote.sign == sign
    assert words in vote.reason


def _turned(bars_ago: int) -> CandleSeries:
    """A long fall, then a rise whose first MACD crossing lies this many bars back."""
    whole = from_closes(np.concatenate([np.linspace(200, 100, 100), np.linspace(101, 130, 20)]))
    histogram = votes.macd.compute(whole)["macd_hist"]
    crossing = 100 + int(np.flatnonzero(histogram[100:] > 0)[0])
    return whole.closed_by(int(whole.open_time_ms[crossing + bars_ago]) + 3_600_000)


@pytest.mark.parametrize(("bars_ago", "sign"), [(0, 1), (1, 1), (2, 1), (3, 0)])
def test_macd_votes_for_three_bars_after_a_crossing(bars_ago: int, sign: int) -> None:
    """A crossing is news for three bars; after that it is old."""
    assert macd_vote(_turned(bars_ago)).sign == sign


def test_macd_says_when_and_which_way_it_crossed() -> None:
    """The agent reads the age of the crossing, not only that there was one."""
    assert "above its signal at this bar" in macd_vote(_turned(0)).reason
    assert "above its signal 2 bars ago" in macd_vote(_turned(2)).reason
    assert "did not cross" in macd_vote(_turned(3)).reason


@pytest.mark.parametrize(("first", "end", "sign"), [(100, 200, 1), (200, 100, -1)])
def test_aligned_averages_vote_their_way(first: float, end: float, sign: int) -> None:
    """20 over 50 over 200 in a rise, the reverse in a fall."""
    assert ema_vote(from_closes(np.linspace(first, end, 300))).sign == sign


def test_averages_out_of_order_do_not_vote() -> None:
    """A young rise in an old fall: the fast ones turned, the slow one did not."""
    closes = np.concatenate([np.linspace(200, 100, 250), np.linspace(101, 140, 40)])
    vote = ema_vote(from_closes(closes))
    assert (vote.sign, vote.reason.endswith("are not aligned")) == (0, True)


@pytest.mark.parametrize(("close", "sign"), [(110.0, 1), (90.0, -1), (100.0, 0)])
def test_a_close_outside_the_bands_votes(close: float, sign: int) -> None:
    """Inside the bands nothing happened yet."""
    assert bollinger_vote(from_closes([99.0, 101.0] * 12 + [close])).sign == sign


@pytest.mark.parametrize(
    ("close", "volume", "sign"),
    [(101.0, 14.0, 1), (99.0, 14.0, -1), (100.0, 14.0, 0), (101.0, 11.9, 0), (101.0, 12.0, 1)],
)
def test_loud_volume_votes_with_its_candle(close: float, volume: float, sign: int) -> None:
    """Mean 10 and deviation 2: from 12 on it is loud, and the candle's colour decides."""
    series = from_closes([100.0] * 20 + [close], volume=[8.0, 12.0] * 10 + [volume])
    assert volume_vote(series).sign == sign


@pytest.mark.parametrize("count", [1, 2, 19, 33])
def test_what_is_missing_does_not_vote_and_says_so(count: int) -> None:
    """A market listed today has no EMA 200; that is said, not scored."""
    series = from_closes(np.linspace(100, 101, count))
    for vote in (macd_vote(series), ema_vote(series)):
        assert vote.sign == 0
        assert "missing" in vote.reason
