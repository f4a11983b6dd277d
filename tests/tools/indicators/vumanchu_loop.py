"""
VuManChu Cipher A and B bar by bar in plain Python, written from the formulas alone.

The second source for `tools.indicators.vumanchu`. It shares nothing with it: no arrays, no
averages of the desk. `x[k]` below is what Pine calls `x[k]`: the value k bars ago.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

from records.candles import CandleSeries
from records.interval import interval_ms

Numbers = list[float]
Marks = dict[str, Numbers]
EQUAL = 1e-9
"""Means of the same numbers in another order differ by less; they are no turn."""


@dataclass(frozen=True)
class Bars:
    """One series as plain lists."""

    time: list[int]
    open: Numbers
    high: Numbers
    low: Numbers
    close: Numbers
    step: int

    @classmethod
    def of(cls, series: CandleSeries) -> "Bars":
        columns = (series.open, series.high, series.low, series.close)
        lists = [[float(value) for value in column] for column in columns]
        times = [int(time) for time in series.open_time_ms]
        return cls(times, *lists, interval_ms(series.interval))


def ema(values: Sequence[float], length: int) -> Numbers:
    alpha = 2 / (length + 1)
    found = [values[0]]
    for value in values[1:]:
        found.append(alpha * value + (1 - alpha) * found[-1])
    return found


def sma(values: Sequence[float], length: int) -> Numbers:
    return [
        sum(values[max(0, i - length + 1) : i + 1]) / min(length, i + 1) for i in range(len(values))
    ]


def rsi(values: Sequence[float], length: int = 14) -> Numbers:
    up = down = 0.0
    found = [50.0]
    for i in range(1, len(values)):
        move = values[i] - values[i - 1]
        up += (max(move, 0) - up) / length
        down += (max(-move, 0) - down) / length
        found.append(50.0 if up + down == 0 else 100 * up / (up + down))
    return found


def waves(bars: Bars, average: int) -> tuple[Numbers, Numbers]:
    price = [(h + lo + c) / 3 for h, lo, c in zip(bars.high, bars.low, bars.close, strict=True)]
    esa = ema(price, 9)
    away = [p - e for p, e in zip(price, esa, strict=True)]
    de = ema([abs(a) for a in away], 9)
    ci = [0.0 if d == 0 else a / (0.015 * d) for a, d in zip(away, de, strict=True)]
    wt1 = ema(ci, average)
    return wt1, sma(wt1, 3)


def money_flow(bars: Bars, shift: float) -> Numbers:
    shares = [
        0.0 if h == lo else (c - o) / (h - lo) * 150
        for o, h, lo, c in zip(bars.open, bars.high, bars.low, bars.close, strict=True)
    ]
    return [mean - shift for mean in sma(shares, 60)]


def over(a: Sequence[float], b: Sequence[float], i: int) -> bool:
    return i > 0 and a[i] > b[i] and a[i - 1] <= b[i - 1]


def under(a: Sequence[float], b: Sequence[float], i: int) -> bool:
    return over(b, a, i)


def cipher_a(bars: Bars) -> Marks:
    wt1, wt2 = waves(bars, 13)
    strength = rsi(bars.close)
    e = {n: ema(bars.close, length) for n, length in enumerate((5, 11, 15, 18, 21, 24, 28, 34), 1)}
    found: Marks = {"a_wt1": wt1, "a_wt2": wt2}

    def mark(name: str, rule: Callable[[int], bool]) -> Callable[[int], bool]:
        found[name] = [float(rule(i)) for i in range(len(bars.close))]
        return rule

    mark("a_ribbon_bullish", lambda i: e[8][i] < e[2][i])
    mark("a_long_ema", lambda i: over(e[2], e[8], i))
    mark("a_short_ema", lambda i: over(e[8], e[2], i))
    red_cross = mark("a_red_cross", lambda i: under(e[1], e[2], i))
    green_cross = mark("a_green_cross", lambda i: under(e[2], e[1], i))
    mark("a_blue_triangle_up", lambda i: over(e[2], e[3], i))
    mark("a_blue_triangle_down", lambda i: over(e[3], e[2], i))
    red = mark("a_red_diamond", lambda i: under(wt1, wt2, i) and wt2[i] - wt1[i] >= 0)
    green = mark("a_green_diamond", lambda i: over(wt1, wt2, i) and wt2[i] - wt1[i] <= 0)
    mark("a_dump_diamond", lambda i: red(i) and red_cross(i))
    mark("a_moon_diamond", lambda i: green(i) and green_cross(i))
    mark(
        "a_yellow_cross_up",
        lambda i: red(i) and -80 < wt2[i] < 45 and 15 < strength[i] < 30,
    )
    mark(
        "a_yellow_cross_down",
        lambda i: green(i) and 55 < wt2[i] < 100 and strength[i] < 70,
    )
    o, c = bars.open, bars.close
    mark(
        "a_bull_candle",
        lambda i: (
            o[i] > e[2][i]
            and o[i] > e[8][i]
            and c[i - 1] > o[i - 1]
            and c[i] > o[i]
            and not red(i)
            and not red_cross(i)
        ),
    )
    mark(
        "a_bear_candle",
        lambda i: (
            o[i] < e[2][i]
            and o[i] < e[8][i]
            and c[i - 1] < o[i - 1]
            and c[i] < o[i]
            and not green(i)
            and not red_cross(i)
        ),
    )
    return found


@dataclass
class Found:
    """What one line's divergences are, and the lows they were measured from."""

    bullish: Numbers
    bearish: Numbers
    hidden_bullish: Numbers
    hidden_bearish: Numbers
    lows: list[int]


def find_divergences(x: Numbers, bars: Bars, limits: tuple[float, float] | None) -> Found:
    size = len(x)
    found = Found([0.0] * size, [0.0] * size, [0.0] * size, [0.0] * size, [])
    previous_top = previous_low = None
    for i in range(4, size):
        turn, others = x[i - 2], (x[i - 4], x[i - 3], x[i - 1], x[i])
        if all(turn - other > EQUAL for other in others) and (limits is None or turn >= limits[0]):
            if previous_top is not None:
                higher = bars.high[i - 2] - bars.high[previous_top]
                found.bearish[i] = float(higher > 0 and x[previous_top] - turn > EQUAL)
                found.hidden_bearish[i] = float(higher < 0 and turn - x[previous_top] > EQUAL)
            previous_top = i - 2
        if all(other - turn > EQUAL for other in others) and (limits is None or turn <= limits[1]):
            if previous_low is not None:
                lower = bars.low[previous_low] - bars.low[i - 2]
                found.bullish[i] = float(lower > 0 and turn - x[previous_low] > EQUAL)
                found.hidden_bullish[i] = float(lower < 0 and x[previous_low] - turn > EQUAL)
            previous_low = i - 2
            found.lows.append(i - 2)
    return found


def stochastic_rsi(bars: Bars) -> tuple[Numbers, Numbers]:
    strength = rsi([log(close) for close in bars.close])
    raw = []
    for i in range(len(strength)):
        window = strength[max(0, i - 13) : i + 1]
        width = max(window) - min(window)
        raw.append(0.0 if width == 0 else 100 * (strength[i] - min(window)) / width)
    k = sma(raw, 3)
    return k, sma(k, 3)


def cipher_b(bars: Bars) -> Marks:
    wt1, wt2 = waves(bars, 12)
    strength = rsi(bars.close)
    k, d = stochastic_rsi(bars)
    wt, second = find_divergences(wt2, bars, (45, -65)), find_divergences(wt2, bars, (15, -40))
    of_rsi, of_stoch = find_divergences(strength, bars, (60, 30)), find_divergences(k, bars, None)
    wt_free, rsi_free = find_divergences(wt2, bars, None), find_divergences(strength, bars, None)
    size = range(len(wt1))

    def gold(i: int) -> bool:
        lows = [low for low in wt.lows if low + 2 <= i - 2]
        if not lows or not (wt.bullish[i] or of_rsi.bullish[i]):
            return False
        low = lows[-1]
        deep, left = wt2[low] <= -75, wt2[i] > -75 and wt2[low] - wt2[i] <= -5
        return deep and left and strength[low] < 30

    return {
        "wt1": wt1,
        "wt2": wt2,
        "wt_fast": [a - b for a, b in zip(wt1, wt2, strict=True)],
        "wt_cross_up": [float(over(wt1, wt2, i)) for i in size],
        "wt_cross_down": [float(under(wt1, wt2, i)) for i in size],
        "wt_level": [
            float(sum(v >= a for a in (53, 60, 100)) - sum(v <= b for b in (-53, -60, -75)))
            for v in wt2
        ],
        "money_flow": money_flow(bars, 2.5),
        "money_flow_a": money_flow(bars, 0),
        "b_stoch_k": k,
        "b_stoch_d": d,
        "b_buy": [float(over(wt1, wt2, i) and wt2[i] <= -53) for i in size],
        "b_sell": [float(under(wt1, wt2, i) and wt2[i] >= 53) for i in size],
        "b_gold_buy": [float(gold(i)) for i in size],
        "b_wt_bullish_div": wt.bullish,
        "b_wt_bearish_div": wt.bearish,
        "b_wt_second_bullish_div": second.bullish,
        "b_wt_second_bearish_div": second.bearish,
        "b_wt_hidden_bullish_div": wt_free.hidden_bullish,
        "b_wt_hidden_bearish_div": wt_free.hidden_bearish,
        "b_rsi_bullish_div": of_rsi.bullish,
        "b_rsi_bearish_div": of_rsi.bearish,
        "b_rsi_hidden_bullish_div": rsi_free.hidden_bullish,
        "b_rsi_hidden_bearish_div": rsi_free.hidden_bearish,
        "b_stoch_bullish_div": of_stoch.bullish,
        "b_stoch_bearish_div": of_stoch.bearish,
        "b_stoch_hidden_bullish_div": of_stoch.hidden_bullish,
        "b_stoch_hidden_bearish_div": of_stoch.hidden_bearish,
    }


def twelve_hours(four_hours: Bars) -> Bars:
    """Twelve-hour candles of every three complete four-hour ones."""
    length = 3 * four_hours.step
    at = {time: i for i, time in enumerate(four_hours.time)}
    made = Bars([], [], [], [], [], length)
    for start in (time for time in four_hours.time if time % length == 0):
        parts = [at.get(start + n * four_hours.step) for n in range(3)]
        held = [part for part in parts if part is not None]
        if len(held) == 3:
            made.time.append(start)
            made.open.append(four_hours.open[held[0]])
            made.high.append(max(four_hours.high[i] for i in held))
            made.low.append(min(four_hours.low[i] for i in held))
            made.close.append(four_hours.close[held[2]])
    return made


def green(bars: Bars) -> list[bool]:
    """Whether each averaged (Heikin-Ashi) candle closed above its open."""
    found, opened, closed = [], 0.0, 0.0
    for i, (o, h, lo, c) in enumerate(zip(bars.open, bars.high, bars.low, bars.close, strict=True)):
        opened = (o + c) / 2 if i == 0 else (opened + closed) / 2
        closed = (o + h + lo + c) / 4
        found.append(closed > opened)
    return found


def sommi(bars: Bars, hours: Bars, four_hours: Bars) -> Marks:
    """Flags and diamonds; larger candles count once they closed by the bar's own close."""
    wt1, wt2 = waves(bars, 12)
    flow = money_flow(bars, 2.5)
    higher = twelve_hours(four_hours)
    slow1, slow2 = waves(higher, 12)

    def closed(frame: Bars) -> list[int]:
        """The newest candle of a frame that each bar may know."""
        known, found = -1, []
        for time in bars.time:
            while known + 1 < len(frame.time) and (
                frame.time[known + 1] + frame.step <= time + bars.step
            ):
                known += 1
            found.append(known)
        return found

    halves, ones, fours = closed(higher), closed(hours), closed(four_hours)
    fast = [slow1[n] - slow2[n] for n in halves]
    green_1h, green_4h = green(hours), green(four_hours)
    both = [green_1h[n] and green_4h[m] for n, m in zip(ones, fours, strict=True)]
    none = [not green_1h[n] and not green_4h[m] for n, m in zip(ones, fours, strict=True)]
    rows = range(len(wt1))
    up, down = [over(wt1, wt2, i) for i in rows], [under(wt1, wt2, i) for i in rows]
    return {
        "wt_fast_12h": fast,
        "sommi_flag_up": [
            float(flow[i] > 0 and wt2[i] < 0 and up[i] and fast[i] > 0) for i in rows
        ],
        "sommi_flag_down": [
            float(flow[i] < 0 and wt2[i] > 0 and down[i] and fast[i] < 0) for i in rows
        ],
        "sommi_diamond_up": [float(wt2[i] <= 0 and up[i] and both[i]) for i in rows],
        "sommi_diamond_down": [float(wt2[i] >= 0 and down[i] and none[i]) for i in rows],
    }
