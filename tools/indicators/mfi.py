"""
Money flow index (14): RSI's question asked of traded value instead of closes, 0..100.

Source: Quong and Soudack, Technical Analysis of Stocks & Commodities, 1989, as TA-Lib
computes it: a bar whose typical price is that of the bar before counts for neither side.
pandas-ta counts it as a fall, so it is no second source here. Where no bar of fourteen
moved or traded there is no index.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array
from tools.indicators.windows import total

LENGTH = 14


def compute(series: CandleSeries) -> dict[str, Array]:
    """The index over 14 changes of the typical price, 0..100."""
    typical = (series.high + series.low + series.close) / 3
    flow = typical * series.volume
    rise = np.diff(typical, prepend=np.nan)  # missing at first, so no window holds that bar
    bought = total(flow * np.maximum(np.sign(rise), 0), LENGTH)
    moved = total(flow * np.abs(np.sign(rise)), LENGTH)
    index = np.full(len(series), np.nan)
    np.divide(bought, moved, out=index, where=moved > 0)
    return {"mfi_14": 100 * index}
