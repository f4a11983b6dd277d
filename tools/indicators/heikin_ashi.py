"""
Heikin-Ashi: candles averaged with the ones before them, so that a trend has one colour.

Source: Valcu, Using The Heikin-Ashi Technique, Stocks & Commodities 2004. The open of each
candle is the middle of the one before, the first the middle of its own body. The seed's
part halves with every candle and is under 1e-9 of itself after thirty: until then no value.
"""

from typing import NamedTuple

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, from_first

WARM_UP_BARS = 30


class HeikinAshi(NamedTuple):
    """Averaged candles in the quote currency; `colour` is 1 green, -1 red, 0 neither."""

    open: Array
    high: Array
    low: Array
    close: Array
    colour: Array


def compute(series: CandleSeries) -> dict[str, Array]:
    """Open, high, low and close in the quote currency; colour 1 green, -1 red, 0 neither."""
    return {f"ha_{name}": array for name, array in heikin_ashi(series)._asdict().items()}


def heikin_ashi(series: CandleSeries) -> HeikinAshi:
    """The averaged candles; NaN before the thirty-first."""
    close = ((series.open + series.close) + (series.high + series.low)) / 4
    middle = (series.open[:1] + series.close[:1]) / 2
    opened = from_first(np.concatenate([middle, close[:-1]]), 0.5)
    opened[:WARM_UP_BARS] = np.nan
    close[:WARM_UP_BARS] = np.nan
    return HeikinAshi(
        open=opened,
        high=np.maximum(series.high, np.maximum(opened, close)),
        low=np.minimum(series.low, np.minimum(opened, close)),
        close=close,
        colour=np.sign(close - opened),
    )
