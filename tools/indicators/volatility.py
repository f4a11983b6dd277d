"""
Realised volatility: how far closes scatter, as percent of the price a year.

The sample deviation of thirty logarithmic changes, times the root of the bars in a year of
365 days: crypto never closes. A change over a gap is no change of one bar, so windows that
hold one are missing.
"""

import numpy as np

from records.candles import CandleSeries, interval_ms
from tools.indicators.smoothing import Array
from tools.indicators.windows import deviation

LENGTH = 30
_YEAR_MS = 365 * 86_400_000


def compute(series: CandleSeries) -> dict[str, Array]:
    """The volatility of 30 changes, annualised, in percent."""
    length_ms = interval_ms(series.interval)
    changes = np.diff(np.log(series.close), prepend=np.nan)
    changes[1:][np.diff(series.open_time_ms) != length_ms] = np.nan
    _, scatter = deviation(changes, LENGTH, ddof=1)
    return {"volatility_pct_30": 100 * np.sqrt(_YEAR_MS / length_ms) * scatter}
