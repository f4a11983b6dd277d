"""
Whether two frames of one market tell the same story: the smaller candles of a larger one
must reach as high and as low. Venues revise their history, mostly around outages. A larger
candle that lacks one of its smaller ones is not compared: the gap is told where it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from records.candles import CandleSeries
from tools.exchange.aggregate import aggregate, divides

_TOLERANCE = 1e-4
"""A hundredth of a percent, so that a source's rounding is no finding."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where the larger candles differ from what their parts make."""

    at: NDArray[np.intp]
    """Places in the larger frame."""
    most_pct: float
    """The largest difference of an open, high, low or close, percent."""


def disagreement(finer: CandleSeries, larger: CandleSeries) -> Disagreement | None:
    """None when they agree wherever the smaller candles lack none, or cannot be compared."""
    if finer.interval == larger.interval or not divides(finer.interval, larger.interval):
        return None
    whole = aggregate(finer, larger.interval, whole=True)
    return _compared(whole, larger) if len(whole) and len(larger) else None


def _compared(whole: CandleSeries, larger: CandleSeries) -> Disagreement | None:
    theirs = np.searchsorted(larger.open_time_ms, whole.open_time_ms).clip(max=len(larger) - 1)
    mine = np.flatnonzero(larger.open_time_ms[theirs] == whole.open_time_ms)
    theirs = theirs[mine]
    one, other = _prices(whole)[:, mine], _prices(larger)[:, theirs]
    apart = np.abs(one / other - 1).max(axis=0)
    different = np.flatnonzero(apart > _TOLERANCE)
    if not different.size:
        return None
    return Disagreement(at=theirs[different], most_pct=float(apart.max()) * 100)


def _prices(series: CandleSeries) -> NDArray[np.float64]:
    return np.stack((series.open, series.high, series.low, series.close))
