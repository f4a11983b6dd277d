"""
Bollinger bands (20, 2): where the close stands within its own scatter.

Source: Bollinger on Bollinger Bands, 2001; population deviation (ddof 0). `bb_pct` is
his %b in percent: 0 at the lower band, 100 at the upper, beyond when outside. Bands
without width have no %b.
"""

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array
from tools.indicators.windows import deviation

LENGTH = 20
WIDTH = 2.0


def compute(series: CandleSeries) -> dict[str, Array]:
    """The three bands in the quote currency, and the close's place between them in percent."""
    middle, scatter = deviation(series.close, LENGTH)
    lower, upper = middle - WIDTH * scatter, middle + WIDTH * scatter
    place = np.full(len(series), np.nan)
    np.divide(series.close - lower, upper - lower, out=place, where=scatter > 0)
    return {"bb_upper": upper, "bb_middle": middle, "bb_lower": lower, "bb_pct": 100 * place}
