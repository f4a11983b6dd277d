"""
Larger candles out of smaller ones, and what was known of them at each smaller close.

Source: VuManChu Cipher B, Sommi (higher time frames of 720, 240 and 60 minutes). Larger
candles are aligned to UTC midnight. One counts only when every smaller candle in it is
there: with a gap inside it is left out, and while it would be the newest, it is missing.
"""

import numpy as np

from records.candles import CandleSeries
from records.interval import interval_ms
from tools.exchange.aggregate import aggregate
from tools.indicators.registry import Frames
from tools.indicators.smoothing import Array


def built(frames: Frames, interval: str) -> CandleSeries | None:
    """
    Complete candles of this interval, from the market's largest series that fits into it.

    None when no series does: a series of 4h says nothing of the hours inside it.
    """
    length = interval_ms(interval)
    fitting = {interval_ms(name): name for name in frames if length % interval_ms(name) == 0}
    if not fitting:
        return None
    return resampled(frames[fitting[max(fitting)]], interval)


def resampled(series: CandleSeries, interval: str) -> CandleSeries:
    """The candles of a series put together to larger ones; only those without a gap."""
    return aggregate(series, interval, whole=True)


def carried(values: Array, higher: CandleSeries, series: CandleSeries) -> Array:
    """
    At each candle of a series the value of the newest larger candle closed by its close.

    NaN where that candle is not there, however good the one before it may be.
    """
    length = interval_ms(higher.interval)
    closes = series.open_time_ms + interval_ms(series.interval)
    wanted = closes - closes % length - length
    found = np.full(len(series), np.nan)
    if len(higher):
        place = np.minimum(np.searchsorted(higher.open_time_ms, wanted), len(higher) - 1)
        there = higher.open_time_ms[place] == wanted
        found[there] = values[place[there]]
    return found
