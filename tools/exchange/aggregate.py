"""
Smaller candles into larger ones, aligned to UTC (weeks begin on Monday).

Nothing is invented: a gap stays a gap, a bucket with some candles missing is made of
those that are there, and the first bucket is dropped when the series begins inside it.
Whether the last bucket is complete is a question of time, so the caller asks the clock.
"""

import numpy as np

from records.candles import CandleSeries, interval_ms
from records.errors import SettingsError

_MONDAY_MS = 4 * 86_400_000  # 1970-01-05, the first Monday of the epoch


def divides(smaller: str, larger: str) -> bool:
    """Whether candles of one interval can be put together to the other, without a remainder."""
    if larger.endswith("w") and interval_ms(smaller) > interval_ms("1d"):
        return smaller == larger
    return interval_ms(larger) % interval_ms(smaller) == 0


def origin_ms(interval: str) -> int:
    """The instant that buckets of an interval are counted from."""
    return _MONDAY_MS if interval.endswith("w") else 0


def aggregate(series: CandleSeries, interval: str) -> CandleSeries:
    """A larger interval: first open, highest high, lowest low, last close, summed volume."""
    if series.interval == interval:
        return series
    if not divides(series.interval, interval):
        raise SettingsError(
            f"{interval} candles of {series.symbol} cannot be made of {series.interval} candles. "
            f"Ask for a multiple of {series.interval}."
        )
    length, origin = interval_ms(interval), origin_ms(interval)
    buckets = (series.open_time_ms - origin) // length * length + origin
    starts = np.flatnonzero(np.diff(buckets, prepend=buckets[:1] - 1))
    if starts.size and series.open_time_ms[0] != buckets[0]:
        starts = starts[1:]
    if not starts.size:
        return CandleSeries.checked(series.symbol, interval, buckets[:0], np.empty((0, 5)))
    ends = np.append(starts[1:], len(series)) - 1
    block = np.column_stack(
        (
            series.open[starts],
            np.maximum.reduceat(series.high, starts),
            np.minimum.reduceat(series.low, starts),
            series.close[ends],
            np.add.reduceat(series.volume, starts),
        )
    )
    return CandleSeries.checked(series.symbol, interval, buckets[starts], block)
