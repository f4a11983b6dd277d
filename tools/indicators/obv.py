"""
On-balance volume: volume counted up with a rising close and down with a falling one.

Source: Granville, New Key to Stock Market Profits, 1963. The running figure starts with
the first candle at hand, so only its course means anything; the net share of the last
twenty bars is free of the start and the same size for every market.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array
from tools.indicators.windows import total

LENGTH = 20


def compute(series: CandleSeries) -> dict[str, Array]:
    """The running volume in the base currency, and -100..100 percent of 20 bars' volume."""
    rise = np.diff(series.close, prepend=np.nan)
    signed = np.sign(rise) * series.volume
    share = np.full(len(series), np.nan)
    volume = total(series.volume, LENGTH)
    np.divide(total(signed, LENGTH), volume, out=share, where=volume > 0)
    return {"obv": _running(series.volume, signed), "obv_net_pct_20": 100 * share}


def _running(volume: Array, signed: Array) -> Array:
    return np.cumsum(np.concatenate([volume[:1], signed[1:]]))
