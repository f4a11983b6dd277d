"""
The five votes behind a signal: each indicator says long, short or nothing, and why.

Source: domain notes, Strategies, Momentum (RSI 14 in 50..70, MACD crossing, close
outside the Bollinger bands, volume above its mean), with the EMA alignment as the
fifth; shorts are the mirror image. An indicator that is missing never votes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from records.candles import CandleSeries
from tools.indicators import bollinger, ema, macd, rsi, volume_z
from tools.indicators.registry import last

Sign = Literal[-1, 0, 1]

CROSS_BARS = 3
LOUD_VOLUME_Z = 1.0


@dataclass(frozen=True, slots=True)
class Vote:
    """+1 for long, -1 for short, 0 for neither, with the fact it rests on."""

    sign: Sign
    reason: str


def votes(series: CandleSeries) -> tuple[Vote, ...]:
    """The five votes at the last candle, always in the same order."""
    return (
        rsi_vote(series),
        macd_vote(series),
        ema_vote(series),
        bollinger_vote(series),
        volume_vote(series),
    )


def rsi_vote(series: CandleSeries) -> Vote:
    """Momentum with room left: long in 50..70, short in 30..50, neither beyond."""
    value = last(rsi.strength_index(series.close, 14))
    if value is None:
        return _missing("RSI 14")
    figure = f"RSI 14 at {value:.1f} is"
    if value > 70:
        return Vote(0, f"{figure} overbought (above 70)")
    if value < 30:
        return Vote(0, f"{figure} oversold (below 30)")
    if value == 50:
        return Vote(0, f"{figure} in the middle")
    return Vote(1, f"{figure} in 50..70") if value > 50 else Vote(-1, f"{figure} in 30..50")


def macd_vote(series: CandleSeries) -> Vote:
    """A fresh crossing: the histogram changed its sign within the last three bars."""
    bars = macd.compute(series)["macd_hist"][-CROSS_BARS - 1 :]
    if bars.size <= CROSS_BARS or bool(np.isnan(bars).any()):
        return _missing("MACD")
    above = bars > 0
    figure = f"(histogram {bars[-1]:.6g})"
    changes = np.flatnonzero(above[1:] != above[:-1])
    if not changes.size or bars[-1] == 0:
        return Vote(0, f"MACD did not cross its signal in {CROSS_BARS} bars {figure}")
    age = CROSS_BARS - 1 - int(changes[-1])
    when = "at this bar" if age == 0 else f"{age} bar{'s' * (age > 1)} ago"
    if above[-1]:
        return Vote(1, f"MACD crossed above its signal {when} {figure}")
    return Vote(-1, f"MACD crossed below its signal {when} {figure}")


def ema_vote(series: CandleSeries) -> Vote:
    """Averages in line: 20 over 50 over 200 is long, the reverse short."""
    values = [last(array) for array in ema.compute(series).values()]
    fast, middle, slow = values
    if fast is None or middle is None or slow is None:
        return _missing("EMA 200")
    figure = f"EMA 20/50/200 at {fast:.6g}/{middle:.6g}/{slow:.6g}"
    if fast > middle > slow:
        return Vote(1, f"{figure} are aligned upwards")
    if fast < middle < slow:
        return Vote(-1, f"{figure} are aligned downwards")
    return Vote(0, f"{figure} are not aligned")


def bollinger_vote(series: CandleSeries) -> Vote:
    """A close outside the bands: long above the upper, short below the lower."""
    place = last(bollinger.compute(series)["bb_pct"])
    if place is None:
        return _missing("Bollinger")
    figure = f"Close at {place:.0f} % of the Bollinger bands is"
    if place > 100:
        return Vote(1, f"{figure} above the upper band")
    if place < 0:
        return Vote(-1, f"{figure} below the lower band")
    return Vote(0, f"{figure} inside them")


def volume_vote(series: CandleSeries) -> Vote:
    """Loud volume, one deviation above its mean, votes the way its candle went."""
    score = last(volume_z.compute(series)["volume_z"])
    if score is None:
        return _missing("Volume")
    figure = f"Volume is {score:+.1f} deviations from its 20-bar mean"
    if score < LOUD_VOLUME_Z:
        return Vote(0, f"{figure}, not loud")
    move = float(series.close[-1] - series.open[-1])
    if move > 0:
        return Vote(1, f"{figure} on a rising candle")
    if move < 0:
        return Vote(-1, f"{figure} on a falling candle")
    return Vote(0, f"{figure} on a candle that went nowhere")


def _missing(name: str) -> Vote:
    return Vote(0, f"{name} is missing: not enough candles, or none that moved")
