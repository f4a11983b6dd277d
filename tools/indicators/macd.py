"""
MACD (12, 26, 9): momentum as the distance of two averages.

Source: Appel, The Moving Average Convergence-Divergence Trading Method, 1979. Each
average is seeded with its own plain mean, the signal with the first nine lines;
TA-Lib starts the fast one later, which no longer shows after some 150 bars.
"""

from records.candles import CandleSeries
from tools.indicators.smoothing import Array, exponential


def compute(series: CandleSeries) -> dict[str, Array]:
    """Line, signal and their difference, all in the quote currency."""
    line = exponential(series.close, 12) - exponential(series.close, 26)
    signal = exponential(line, 9)
    return {"macd": line, "macd_signal": signal, "macd_hist": line - signal}
