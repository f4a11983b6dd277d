"""
Rolling range: the highest high and lowest low of the bars before this one, and how tight.

Source: domain notes, Strategies, Breakout. The bar itself is left out, else no close could
ever leave the range. Its height is told in average true ranges of the bar before: small
when the market was coiled. A market without true range has no such measure.
"""

from typing import NamedTuple

import numpy as np

from records.candles import CandleSeries
from tools.indicators.atr import true_range
from tools.indicators.smoothing import Array, wilder
from tools.indicators.windows import before, highest, lowest

LENGTH = 20
ATR_LENGTH = 14


class RollingRange(NamedTuple):
    """Edges in the quote currency, height in average true ranges."""

    high: Array
    low: Array
    height_atr: Array


def compute(series: CandleSeries) -> dict[str, Array]:
    """The edges of the 20 bars before in the quote currency, their distance in ATR 14."""
    found = rolling_range(series, LENGTH)
    return {f"range_{name}": array for name, array in found._asdict().items()}


def rolling_range(series: CandleSeries, bars: int) -> RollingRange:
    """The range of so many bars before each bar; NaN until there are that many."""
    high, low = before(highest(series.high, bars)), before(lowest(series.low, bars))
    atr = before(wilder(true_range(series), ATR_LENGTH))
    height = np.full(len(series), np.nan)
    np.divide(high - low, atr, out=height, where=atr > 0)
    return RollingRange(high, low, height)
