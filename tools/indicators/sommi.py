"""
Sommi flag and diamond: a turn of the waves that larger frames agree with.

Source: VuManChu Cipher B, Sommi flag (fast wave of 12-hour candles) and Sommi diamond
(Heikin-Ashi candles of one and four hours). The larger candles come from the market's
other series and are closed by the close of the bar at hand. Without a series that they
can be built from, or with too few candles, the marks are missing.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.events import flag
from tools.indicators.heikin_ashi import heikin_ashi
from tools.indicators.higher_frames import built, carried
from tools.indicators.registry import Frames
from tools.indicators.smoothing import Array
from tools.indicators.wavetrend import WaveTrend, wave_trend

FLAG_INTERVAL = "12h"
DIAMOND_INTERVALS = ("1h", "4h")


def marks(frames: Frames, series: CandleSeries, wave: WaveTrend, flow: Array) -> dict[str, Array]:
    """
    The four marks (1 or 0), and the 12-hour fast wave they rest on; "up" is bullish.

    A flag also needs money flow on its side and wt2 beyond zero on the other; a diamond
    needs both averaged candles of its colour, and one without a body has none.
    """
    fast, colours = _fast_wave(frames, series), _colours(frames, series)
    wt2, up, down = wave.wt2, wave.cross_up, wave.cross_down
    return {
        "wt_fast_12h": fast,
        "sommi_flag_up": up * flag((flow > 0) & (wt2 < 0) & (fast > 0), flow, wt2, fast),
        "sommi_flag_down": down * flag((flow < 0) & (wt2 > 0) & (fast < 0), flow, wt2, fast),
        "sommi_diamond_up": up * flag((wt2 <= 0) & (colours == 2), wt2, colours),
        "sommi_diamond_down": down * flag((wt2 >= 0) & (colours == -2), wt2, colours),
    }


def _fast_wave(frames: Frames, series: CandleSeries) -> Array:
    higher = built(frames, FLAG_INTERVAL)
    if higher is None:
        return np.full(len(series), np.nan)
    return carried(wave_trend(higher).fast, higher, series)


def _colours(frames: Frames, series: CandleSeries) -> Array:
    """The sum of both candles' colours: 2 when both are green, -2 when both are red."""
    total = np.zeros(len(series))
    for interval in DIAMOND_INTERVALS:
        higher = built(frames, interval)
        if higher is None:
            return np.full(len(series), np.nan)
        total += carried(heikin_ashi(higher).colour, higher, series)
    return total
