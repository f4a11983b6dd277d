"""
The indicators once more, written bar by bar from their formulas in plain Python.

An independent second source where no library has the indicator, or has it wrong. Nothing
here is shared with the desk's own code, and nothing is fast.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from records.candles import CandleSeries
from tools.indicators.smoothing import Array

NAN = math.nan
DAY_MS = 86_400_000


def ema(values: Sequence[float], length: int) -> list[float]:
    """Seeded with the mean of the first `length` values there are."""
    return _smoothed(values, length, 2 / (length + 1))


def _smoothed(values: Sequence[float], length: int, weight: float) -> list[float]:
    found: list[float] = []
    seen: list[float] = []
    average = NAN
    for value in values:
        if not math.isnan(value):
            seen.append(value)
            if len(seen) == length:
                average = math.fsum(seen) / length
            elif len(seen) > length:
                average = weight * value + (1 - weight) * average
        found.append(average)
    return found


def _windows(
    values: Sequence[float], length: int, measure: Callable[[Sequence[float]], float]
) -> list[float]:
    found = []
    for bar in range(len(values)):
        window = values[max(0, bar - length + 1) : bar + 1]
        whole = len(window) == length and not any(map(math.isnan, window))
        found.append(measure(window) if whole else NAN)
    return found


def _mean(window: Sequence[float]) -> float:
    return math.fsum(window) / len(window)


def sma(series: CandleSeries, length: int) -> list[float]:
    return _windows(series.close.tolist(), length, _mean)


def macd(series: CandleSeries) -> tuple[list[float], list[float], list[float]]:
    closes = series.close.tolist()
    line = [fast - slow for fast, slow in zip(ema(closes, 12), ema(closes, 26), strict=True)]
    signal = ema(line, 9)
    return line, signal, [one - other for one, other in zip(line, signal, strict=True)]


def rsi(values: Sequence[float], length: int) -> list[float]:
    changes = [NAN, *(after - before for before, after in pairwise(values))]
    gains = _smoothed([max(c, 0) if c == c else NAN for c in changes], length, 1 / length)
    losses = _smoothed([max(-c, 0) if c == c else NAN for c in changes], length, 1 / length)
    return [
        100 - 100 / (1 + gain / loss) if loss else (100.0 if gain else NAN)
        for gain, loss in zip(gains, losses, strict=True)
    ]


def stoch_rsi(series: CandleSeries) -> tuple[list[float], list[float]]:
    index = rsi(series.close.tolist(), 14)

    def place(window: Sequence[float]) -> float:
        low, high = min(window), max(window)
        return 100 * (window[-1] - low) / (high - low)

    k = _windows(_windows(index, 14, place), 3, _mean)
    return k, _windows(k, 3, _mean)


def schaff(series: CandleSeries) -> list[float]:
    closes = series.close.tolist()
    line = [fast - slow for fast, slow in zip(ema(closes, 23), ema(closes, 50), strict=True)]
    return _cycle(_cycle(line, 0.0), 1e-9)


def _cycle(values: Sequence[float], least: float) -> list[float]:
    """The stochastic over ten values, the last one kept where there is no range; halved in."""
    found: list[float] = []
    place = smooth = NAN
    for bar in range(len(values)):
        window = values[max(0, bar - 9) : bar + 1]
        if len(window) == 10 and not any(map(math.isnan, window)):
            low, high = min(window), max(window)
            if high - low > least:
                place = 100 * (window[-1] - low) / (high - low)
        smooth = place if math.isnan(smooth) else smooth + 0.5 * (place - smooth)
        found.append(smooth)
    return found


def mfi(series: CandleSeries) -> list[float]:
    typical = [
        (h + low + c) / 3 for h, low, c in zip(series.high, series.low, series.close, strict=True)
    ]
    found = [NAN] * 14
    for bar in range(14, len(series)):
        up = down = 0.0
        for each in range(bar - 13, bar + 1):
            flow = typical[each] * float(series.volume[each])
            up += flow * (typical[each] > typical[each - 1])
            down += flow * (typical[each] < typical[each - 1])
        found.append(100 * up / (up + down))
    return found


def adx(series: CandleSeries) -> list[float]:
    """Wilder's sums, the first bar counting as still, as TA-Lib's source does it."""
    plus, minus = [0.0], [0.0]
    for bar in range(1, len(series)):
        above = float(series.high[bar] - series.high[bar - 1])
        below = float(series.low[bar - 1] - series.low[bar])
        plus.append(above if above > below and above > 0 else 0.0)
        minus.append(below if below > above and below > 0 else 0.0)
    up, down = _smoothed(plus, 14, 1 / 14), _smoothed(minus, 14, 1 / 14)
    spread = [NAN] * 14
    spread += [100 * abs(u - d) / (u + d) for u, d in zip(up[14:], down[14:], strict=True)]
    return _smoothed(spread, 14, 1 / 14)


def volatility(series: CandleSeries, bars_a_year: float) -> list[float]:
    closes = series.close.tolist()
    changes = [NAN, *(math.log(b / a) for a, b in pairwise(closes))]
    return _windows(changes, 30, lambda w: 100 * math.sqrt(bars_a_year) * statistics.stdev(w))


def rolling_range(series: CandleSeries) -> tuple[list[float], list[float], list[float]]:
    high = [NAN, *_windows(series.high.tolist(), 20, max)][:-1]
    low = [NAN, *_windows(series.low.tolist(), 20, min)][:-1]
    reach = [NAN] + [
        max(h, before) - min(lo, before)
        for h, lo, before in zip(
            series.high[1:].tolist(), series.low[1:].tolist(), series.close.tolist(), strict=False
        )
    ]
    atr = [NAN, *_smoothed(reach, 14, 1 / 14)][:-1]
    return high, low, [(h - lo) / a for h, lo, a in zip(high, low, atr, strict=True)]


def vwap(series: CandleSeries) -> list[float]:
    found = []
    day, paid, traded, whole = -1, 0.0, 0.0, False
    for bar, time in enumerate(series.open_time_ms.tolist()):
        if time // DAY_MS != day:
            whole = day >= 0 or time % DAY_MS == 0
            day, paid, traded = time // DAY_MS, 0.0, 0.0
        volume = float(series.volume[bar])
        paid += volume * float(series.high[bar] + series.low[bar] + series.close[bar]) / 3
        traded += volume
        found.append(paid / traded if whole else NAN)
    return found


def obv(series: CandleSeries) -> list[float]:
    running = [float(series.volume[0])]
    for bar in range(1, len(series)):
        rise = float(series.close[bar] - series.close[bar - 1])
        side = (rise > 0) - (rise < 0)
        running.append(running[-1] + side * float(series.volume[bar]))
    return running


def obv_net(series: CandleSeries) -> list[float]:
    volume = series.volume.tolist()
    steps = [NAN]
    for bar in range(1, len(series)):
        rise = float(series.close[bar] - series.close[bar - 1])
        steps.append(((rise > 0) - (rise < 0)) * volume[bar])
    net, whole = _windows(steps, 20, math.fsum), _windows(volume, 20, math.fsum)
    return [100 * one / other for one, other in zip(net, whole, strict=True)]


def volume_z(series: CandleSeries) -> list[float]:
    volume = series.volume.tolist()
    found = [NAN] * 20
    for bar in range(20, len(series)):
        before = volume[bar - 20 : bar]
        found.append((volume[bar] - _mean(before)) / statistics.pstdev(before))
    return found


def bollinger_place(series: CandleSeries) -> list[float]:
    def place(window: Sequence[float]) -> float:
        middle, scatter = _mean(window), statistics.pstdev(window)
        return 100 * (window[-1] - (middle - 2 * scatter)) / (4 * scatter)

    return _windows(series.close.tolist(), 20, place)


def heikin_ashi(series: CandleSeries) -> dict[str, Array]:
    rows = []
    opened = float(series.open[0] + series.close[0]) / 2
    for bar in range(len(series)):
        four = [float(c[bar]) for c in (series.open, series.high, series.low, series.close)]
        close = math.fsum(four) / 4
        high, low = max(four[1], opened, close), min(four[2], opened, close)
        rows.append((opened, high, low, close, float((close > opened) - (close < opened))))
        opened = (opened + close) / 2
    table = np.array(rows)
    table[:30] = NAN
    return dict(zip(("open", "high", "low", "close", "colour"), table.T, strict=True))
