"""WaveTrend: what its levels, crossings and standing markets mean."""

import numpy as np
import pytest

from tests.tools.indicators.samples import from_closes, wandering
from tools.indicators.wavetrend import (
    OVERBOUGHT,
    OVERSOLD,
    WARM_UP_BARS,
    WaveTrend,
    channel_index,
    marks,
    wave_trend,
)


@pytest.mark.parametrize(
    ("wt2", "level"),
    [(0, 0), (52.9, 0), (53, 1), (60, 2), (100, 3), (-53, -1), (-60, -2), (-75, -3), (-300, -3)],
)
def test_levels_are_met_at_their_bound(wt2: float, level: float) -> None:
    """Overbought from 53, oversold from -53, as the original draws them."""
    line = np.array([wt2], dtype=np.float64)
    wave = WaveTrend(line, line, line, line, line)
    assert marks(wave)["wt_level"].tolist() == [level]
    assert (OVERBOUGHT[0], OVERSOLD[0]) == (53, -53)


def test_the_first_channel_indices_by_hand() -> None:
    """
    Typical prices 100 and 110. The average moves a fifth of the way, to 102; 8 is left,
    of which the usual distance takes a fifth, 1.6; so the index is 8 / (0.015 * 1.6).
    """
    series = from_closes([100.0, 110.0])
    price = (series.high + series.low + series.close) / 3
    assert price[0] == 100
    step = price[1] - 100
    assert step == pytest.approx(20 / 3)
    assert channel_index(series)[0] == 0
    assert channel_index(series)[1] == pytest.approx(0.8 / (0.015 * 0.2 * 0.8))


def test_where_the_series_began_does_not_show_after_warm_up() -> None:
    """The same candle must not have two values, depending on how many were fetched."""
    whole = wandering(900)
    late, early = wave_trend(whole.last(600)), wave_trend(whole)
    for ours, theirs in ((late.wt1, early.wt1[300:]), (late.wt2, early.wt2[300:])):
        off = np.abs(ours[WARM_UP_BARS:] - theirs[WARM_UP_BARS:])
        assert off.max() < 1e-9
        assert np.isnan(ours[:WARM_UP_BARS]).all()


def test_a_market_that_stands_still_comes_to_rest() -> None:
    """A running average never quite arrives: its last rounding would pass for 66 without end."""
    wave = wave_trend(from_closes([*wandering(300).close, *[100.0] * 400]))
    assert abs(wave.wt1[-1]) < 1e-9
    assert not (wave.cross_up[-100:] == 1).any()
