"""
VuManChu Cipher A: where the ribbon of averages and the waves of price turn.

Source: VuManChu Cipher A, with WaveTrend (9, 13, 3) and RSI 14. Events are 1 at the bar
at which they happen and 0 elsewhere. The ribbon's slowest average forgets where the series
began, and how it was seeded, to 1e-9 after 350 bars: until then its marks are missing.
"""

from dataclasses import dataclass

from records.candles import CandleSeries
from tools.indicators.events import ago, crossover, crossunder, flag, opposite, warmed_up
from tools.indicators.smoothing import Array, exponential
from tools.indicators.wavetrend import WaveTrend

AVERAGE = 13
WARM_UP_BARS = 350


@dataclass(frozen=True, slots=True)
class Ribbon:
    """`ema1`, `ema2`, `ema3` and `ema8` of the original: the lines of the ribbon that act."""

    ema_5: Array
    ema_11: Array
    ema_15: Array
    ema_34: Array


def marks(series: CandleSeries, wave: WaveTrend, rsi: Array) -> dict[str, Array]:
    """
    Every mark of Cipher A (1 or 0), and its own slower waves (about -100..100).

    `a_ribbon_bullish` is a state; the rest are events. "Up" and green are bullish. A
    yellow cross is a diamond against an exhausted RSI, so the red one makes it bullish.
    """
    averages = _ribbon(series)
    return {
        "a_wt1": wave.wt1,
        "a_wt2": wave.wt2,
        **_ribbon_marks(averages),
        **_diamonds(wave, averages),
        **_yellow_crosses(wave, rsi),
        **_candles(series, wave, averages),
    }


def _ribbon(series: CandleSeries) -> Ribbon:
    lengths = (5, 11, 15, 34)
    return Ribbon(*(warmed_up(exponential(series.close, n), WARM_UP_BARS) for n in lengths))


def _red_cross(averages: Ribbon) -> Array:
    return crossunder(averages.ema_5, averages.ema_11)


def _green_cross(averages: Ribbon) -> Array:
    return crossunder(averages.ema_11, averages.ema_5)


def _ribbon_marks(averages: Ribbon) -> dict[str, Array]:
    second, third, last = averages.ema_11, averages.ema_15, averages.ema_34
    return {
        "a_ribbon_bullish": flag(last < second, last, second),
        "a_long_ema": crossover(second, last),
        "a_short_ema": crossover(last, second),
        "a_red_cross": _red_cross(averages),
        "a_green_cross": _green_cross(averages),
        "a_blue_triangle_up": crossover(second, third),
        "a_blue_triangle_down": crossover(third, second),
    }


def _diamonds(wave: WaveTrend, averages: Ribbon) -> dict[str, Array]:
    red, green = wave.cross_down, wave.cross_up
    return {
        "a_red_diamond": red,
        "a_green_diamond": green,
        "a_dump_diamond": red * _red_cross(averages),
        "a_moon_diamond": green * _green_cross(averages),
    }


def _yellow_crosses(wave: WaveTrend, rsi: Array) -> dict[str, Array]:
    wt2 = wave.wt2
    low = (wt2 > -80) & (wt2 < 45) & (rsi > 15) & (rsi < 30)
    high = (wt2 > 55) & (wt2 < 100) & (rsi < 70)
    return {
        "a_yellow_cross_up": wave.cross_down * flag(low, wt2, rsi),
        "a_yellow_cross_down": wave.cross_up * flag(high, wt2, rsi),
    }


def _candles(series: CandleSeries, wave: WaveTrend, averages: Ribbon) -> dict[str, Array]:
    opened, body = series.open, series.close - series.open
    needed = (averages.ema_11, averages.ema_34, ago(body, 1))
    over = (opened > averages.ema_11) & (opened > averages.ema_34)
    under = (opened < averages.ema_11) & (opened < averages.ema_34)
    rising, falling = (body > 0) & (needed[2] > 0), (body < 0) & (needed[2] < 0)
    calm = opposite(_red_cross(averages))
    return {
        "a_bull_candle": flag(over & rising, *needed) * opposite(wave.cross_down) * calm,
        "a_bear_candle": flag(under & falling, *needed) * opposite(wave.cross_up) * calm,
    }
