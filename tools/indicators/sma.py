"""Plain moving averages of the close: what Bollinger's middle band is, over longer spans too."""

from records.candles import CandleSeries
from tools.indicators.smoothing import Array
from tools.indicators.windows import mean

LENGTHS = (20, 50, 200)


def compute(series: CandleSeries) -> dict[str, Array]:
    """The averages over 20, 50 and 200 bars, in the quote currency."""
    return {f"sma_{length}": mean(series.close, length) for length in LENGTHS}
