"""
What Bitcoin's own candles say of the market: its trend, how strong it is, how wild it is.

Pure functions of one series of closed candles; too few of them give no answer.
"""

import numpy as np

from records.candles import CandleSeries
from records.context import BtcTrend, Volatility
from tools.indicators.smoothing import Array, exponential
from tools.indicators.volatility import compute as volatility

FAST, SLOW = 20, 50
SIDEWAYS_BELOW, STRONG_FROM = 0.1, 0.25
LOW_TO, HIGH_FROM = 25.0, 75.0
FEWEST_WINDOWS = 100


def is_above_average(series: CandleSeries) -> bool | None:
    """Whether the last close is above the EMA 50; None: too few candles."""
    if len(series) < SLOW:
        return None
    return bool(series.close[-1] > exponential(series.close, SLOW)[-1])


def strength(series: CandleSeries) -> float | None:
    """
    How straight the way of the last 50 bars was, signed, -1 to 1; None: too few candles.

    The net logarithmic move over the sum of the moves of each bar. Pure chance is at about
    0.14 in size, a straight line at 1. Source: Kaufman, Smarter Trading, 1995, efficiency ratio.
    """
    if len(series) <= SLOW:
        return None
    moves = np.diff(np.log(series.close[-SLOW - 1 :]))
    way = float(np.abs(moves).sum())
    return float(moves.sum()) / way if way > 0 else 0.0


def trend(series: CandleSeries) -> BtcTrend | None:
    """
    Which way the market goes; None: too few candles.

    Up when close and EMA 20 are both above EMA 50 and the last 50 bars rose with a strength
    of 0.1 or more; strong from 0.25 on; down mirrored; everything else is sideways.
    """
    way = strength(series)
    if way is None:
        return None
    slow = exponential(series.close, SLOW)[-1]
    ahead = np.sign([series.close[-1] - slow, exponential(series.close, FAST)[-1] - slow])
    if abs(way) < SIDEWAYS_BELOW or not (ahead == np.sign(way)).all():
        return "sideways"
    if way > 0:
        return "up_strong" if way >= STRONG_FROM else "up_weak"
    return "down_strong" if way <= -STRONG_FROM else "down_weak"


def wildness(series: CandleSeries) -> tuple[Volatility, float, float] | None:
    """
    The level, the realised volatility in percent a year, and its rank; None: too few candles.

    The rank is the share of the series' own windows that were calmer, in percent, equals
    counting half. Up to 25 is low, from 75 on high. Windows over a gap do not count.
    """
    now, *known = _known(volatility(series)["volatility_pct_30"])
    if now is None or len(known) < FEWEST_WINDOWS:
        return None
    past = np.array(known)
    rank = 100 * float((past < now).mean() + (past == now).mean() / 2)
    level: Volatility = "low" if rank <= LOW_TO else "high" if rank >= HIGH_FROM else "medium"
    return level, now, rank


def _known(values: Array) -> list[float | None]:
    """The newest value, None where it is missing, and then all that are known."""
    newest = float(values[-1]) if values.size and np.isfinite(values[-1]) else None
    return [newest, *values[np.isfinite(values)].tolist()]
