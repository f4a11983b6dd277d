"""
Average directional index: how strong a trend is, whichever way it points.

Source: Wilder, New Concepts in Technical Trading Systems, 1978, as pandas-ta computes
it. Only agents read it, so pandas is imported here and not by the screen. pandas-ta
seeds from single values and is off by up to 11 points at first: the first 200 bars
count as warm-up and are missing.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array

LENGTH = 14
WARM_UP_BARS = 200


def compute(series: CandleSeries) -> dict[str, Array]:
    """The index over 14 bars, 0..100."""
    values = np.full(len(series), np.nan)
    if len(series) > WARM_UP_BARS:
        values[WARM_UP_BARS:] = _by_pandas_ta(series)[WARM_UP_BARS:]
    return {"adx_14": values}


def _by_pandas_ta(series: CandleSeries) -> Array:
    import pandas as pd
    from pandas_ta.trend.adx import adx

    high, low, close = (pd.Series(column) for column in (series.high, series.low, series.close))
    frame = adx(high, low, close, length=LENGTH, talib=False)
    if frame is None:  # how pandas-ta says that the market never moved
        return np.full(len(series), np.nan)
    values: Array = frame[f"ADX_{LENGTH}"].to_numpy(dtype=np.float64)
    return values
