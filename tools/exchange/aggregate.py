"""
Smaller candles into larger ones, aligned to UTC (weeks begin on Monday).

Nothing is invented: a gap stays a gap, a bucket with some candles missing is made of
those that are there, and the first bucket is dropped when the series begins inside it.
Whether the last bucket is complete is a question of time, so the caller asks the clock.
Who takes only whole buckets gets neither: each has all its candles, from its start to its end.
"""

import numpy as np
from numpy.typing import NDArray

from records.candles import CandleSeries, interval_ms
from records.errors import SettingsError

Places = NDArray[np.intp]

_MONDAY_MS = 4 * 86_400_000  # 1970-01-05, the first Monday of the epoch


def divides(smaller: str, larger: str) -> bool:
    """Whether candles of one interval can be put together to the other, without a remainder."""
    if larger.endswith("w") and interval_ms(smaller) > interval_ms("1d"):
        return smaller == larger
    return interval_ms(larger) % interval_ms(smaller) == 0


def origin_ms(interval: str) -> int:
    """The instant that buckets of an interval are counted from."""
    return _MONDAY_MS if interval.endswith("w") else 0


def aggregate(series: CandleSeries, interval: str, *, whole: bool = False) -> CandleSeries:
    """
    A larger interval: first open, highest high, lowest low, last close, summed volume.

    With `whole`, only of buckets that lack no candle.
    """
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
        return CandleSeries.none(series.symbol, interval)
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
    kept = _whole(series, starts, ends, length, origin) if whole else slice(None)
    return CandleSeries.checked(series.symbol, interval, buckets[starts][kept], block[kept])


def _whole(
    series: CandleSeries, starts: Places, ends: Places, length: int, origin: int
) -> NDArray[np.bool_]:
    """Whether each bucket begins at its own start, ends at its own end and has all between."""
    step, times = interval_ms(series.interval), series.open_time_ms - origin
    complete = ends - starts + 1 == length // step
    begins, closes = times[starts] % length == 0, (times[ends] + step) % length == 0
    found: NDArray[np.bool_] = complete & begins & closes
    return found
