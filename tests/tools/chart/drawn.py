"""Charts drawn by hand: straight lines through points, so that their shape is known."""

import numpy as np
from numpy.typing import NDArray

from records.candles import CandleSeries
from tests.tools.indicators.samples import from_closes

Points = tuple[tuple[int, float], ...]


def through(*points: tuple[int, float]) -> NDArray[np.float64]:
    """Closes on straight lines through (bar, close), from the first bar to the last."""
    bars, closes = zip(*points, strict=True)
    line = np.interp(np.arange(bars[-1] + 1), bars, closes)
    return np.asarray(line, dtype=np.float64)


def chart(*points: tuple[int, float], wick: float = 0.001) -> CandleSeries:
    """The same as candles."""
    return from_closes(through(*points), wick=wick)


def mirrored(points: Points, middle: float = 110.0) -> Points:
    """The chart upside down."""
    return tuple((bar, 2 * middle - close) for bar, close in points)


def walk(bars: int, seed: int) -> CandleSeries:
    """A random walk of twenty steps a candle, so that wicks and bodies belong together."""
    rng = np.random.default_rng(seed)
    path = 100 * np.exp(np.cumsum(rng.normal(0, 0.002, bars * 20))).reshape(bars, 20)
    close = path[:, -1]
    opened = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(path.max(axis=1), opened), np.minimum(path.min(axis=1), opened)
    volume = np.exp(rng.normal(3, 0.6, bars))
    times = 1_735_689_600_000 + 3_600_000 * np.arange(bars, dtype=np.int64)
    block = np.column_stack([opened, high, low, close, volume])
    return CandleSeries.checked("BTC/USDT", "1h", times, block)
