"""
The extra indicators once more, written bar by bar where TA-Lib does not have them.

An independent second source, as `formulas.py` is for the desk's own.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

from records.candles import CandleSeries
from tests.tools.indicators.formulas import NAN, ema

Row = list[float]


def over(length: int, measure: Callable[[Sequence[float]], float], *values: Row) -> Row:
    """A measure of the last values, which stand one after the other where there are several."""
    found = []
    for bar in range(len(values[0])):
        windows = [row[max(0, bar - length + 1) : bar + 1] for row in values]
        whole = bar + 1 >= length and not any(math.isnan(v) for w in windows for v in w)
        found.append(measure(*windows) if whole else NAN)
    return found


def changes(series: CandleSeries) -> Row:
    return [NAN, *(after - before for before, after in pairwise(series.close.tolist()))]


def true_range(series: CandleSeries) -> Row:
    rows = zip(
        series.high[1:].tolist(), series.low[1:].tolist(), series.close.tolist(), strict=False
    )
    return [NAN, *(max(high, before) - min(low, before) for high, low, before in rows)]


def ao(series: CandleSeries) -> Row:
    """Source: Bill Williams, Awesome Oscillator."""
    middle = ((series.high + series.low) / 2).tolist()
    fast, slow = over(5, statistics.fmean, middle), over(34, statistics.fmean, middle)
    return [one - other for one, other in zip(fast, slow, strict=True)]


def chop(series: CandleSeries) -> Row:
    """Source: E. W. Dreiss, Choppiness Index."""

    def measure(reach: Sequence[float], high: Sequence[float], low: Sequence[float]) -> float:
        return 100 * math.log10(math.fsum(reach) / (max(high) - min(low))) / math.log10(14)

    return over(14, measure, true_range(series), series.high.tolist(), series.low.tolist())


def cmf(series: CandleSeries) -> Row:
    """Source: Marc Chaikin, Money Flow."""
    place = (2 * series.close - series.high - series.low) / (series.high - series.low)
    flow, volume = (place * series.volume).tolist(), series.volume.tolist()
    return over(20, lambda f, v: math.fsum(f) / math.fsum(v), flow, volume)


def cmo(series: CandleSeries) -> Row:
    """Source: Tushar Chande, over plain sums; TA-Lib smooths them as Wilder does."""
    return over(14, lambda c: 100 * math.fsum(c) / math.fsum(map(abs, c)), changes(series))


def donchian(series: CandleSeries) -> tuple[Row, Row, Row]:
    """Source: Richard Donchian; the bar itself is part of its channel."""
    low, high = over(20, min, series.low.tolist()), over(20, max, series.high.tolist())
    return low, [(a + b) / 2 for a, b in zip(low, high, strict=True)], high


def efi(series: CandleSeries) -> Row:
    """Source: Alexander Elder, Force Index."""
    volume = series.volume.tolist()
    return ema([c * v for c, v in zip(changes(series), volume, strict=True)], 13)


def er(series: CandleSeries) -> Row:
    """Source: Perry Kaufman, efficiency ratio."""
    return over(10, lambda c: abs(math.fsum(c)) / math.fsum(map(abs, c)), changes(series))


def _weighted(values: Row, length: int) -> Row:
    weights = range(1, length + 1)
    return over(
        length, lambda w: math.fsum(n * v for n, v in zip(weights, w, strict=True)) / sum(weights),
        values,
    )  # fmt: skip


def hma(series: CandleSeries) -> Row:
    """Source: Alan Hull, with 10, 5 and the root of 10 bars."""
    close = series.close.tolist()
    fast, slow = _weighted(close, 5), _weighted(close, 10)
    return _weighted([2 * one - other for one, other in zip(fast, slow, strict=True)], 3)


def kc(series: CandleSeries) -> tuple[Row, Row, Row]:
    """Source: Keltner channel of Linda Raschke, with an exponential average of true ranges."""
    middle, band = ema(series.close.tolist(), 20), ema(true_range(series), 20)
    rows = list(zip(middle, band, strict=True))
    return [m - 2 * b for m, b in rows], middle, [m + 2 * b for m, b in rows]


def tsi(series: CandleSeries) -> Row:
    """Source: William Blau, True Strength Index."""
    moved = changes(series)
    way, length = (ema(ema(row, 25), 13) for row in (moved, [abs(c) for c in moved]))
    return [100 * one / other for one, other in zip(way, length, strict=True)]


def ui(series: CandleSeries) -> Row:
    """Source: Peter Martin, Ulcer Index over the highest close of 14 bars."""
    close = series.close.tolist()
    fall = [100 * (c - top) / top for c, top in zip(close, over(14, max, close), strict=True)]
    return over(14, lambda w: math.sqrt(math.fsum(f * f for f in w) / 14), fall)


def vortex(series: CandleSeries) -> tuple[Row, Row]:
    """Source: Etienne Botes and Douglas Siepman."""
    high, low, reach = series.high.tolist(), series.low.tolist(), true_range(series)
    plus = [NAN, *(abs(h - before) for h, before in zip(high[1:], low, strict=False))]
    minus = [NAN, *(abs(lo - before) for lo, before in zip(low[1:], high, strict=False))]
    of_all = [
        over(14, lambda m, r: math.fsum(m) / math.fsum(r), way, reach) for way in (plus, minus)
    ]
    return of_all[0], of_all[1]


def vwma(series: CandleSeries) -> Row:
    """The average of closes, each as often as it was traded."""
    paid, volume = (series.close * series.volume).tolist(), series.volume.tolist()
    return over(10, lambda p, v: math.fsum(p) / math.fsum(v), paid, volume)


def zscore(series: CandleSeries) -> Row:
    """The close in deviations, of a sample, from the mean of 30."""
    close = series.close.tolist()
    return over(30, lambda w: (w[-1] - statistics.fmean(w)) / statistics.stdev(w), close)
