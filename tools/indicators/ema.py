"""
Exponential moving averages of the close, the desk's measure of trend.

Seeded with the plain mean of the first n closes: missing before bar n, and within
1e-9 of any other seed only after about 10 n further bars.
"""

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, exponential

LENGTHS = (20, 50, 200)


def compute(series: CandleSeries) -> dict[str, Array]:
    """The averages over 20, 50 and 200 bars, in the quote currency."""
    return {f"ema_{length}": exponential(series.close, length) for length in LENGTHS}
