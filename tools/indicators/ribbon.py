"""
EMA ribbon: eight averages of the close whose order shows the trend and its turns.

Source: VuManChu Cipher A, EMA ribbon. Each is seeded with the plain mean of its first n
closes like every average of the desk; Pine's seed, the first close, shows no longer after
about 10 n bars.
"""

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, exponential

LENGTHS = (5, 11, 15, 18, 21, 24, 28, 34)


def compute(series: CandleSeries) -> dict[str, Array]:
    """The averages over 5, 11, 15, 18, 21, 24, 28 and 34 bars, in the quote currency."""
    return {f"ema_{length}": exponential(series.close, length) for length in LENGTHS}
