"""
breakout: a close beyond the range of the bars before it, or its failure.

Source: domain notes, Strategies, Breakout. The range is that of the bars before the one
that leaves it, and was tight when it is few of their average ranges (ATR 14) high.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from records.signal import SignalRules, TradingSignal
from tools.indicators.registry import last
from tools.indicators.rolling_range import rolling_range
from tools.indicators.smoothing import Array
from tools.signals import facts
from tools.signals.conditions import Case, Condition, clearness, judged, missing
from tools.signals.measured import Measured

Sign = Literal[-1, 1]


def judge(at: Measured, rules: SignalRules) -> TradingSignal:
    """
    Buy: close above the high of the last bars, loud volume, and the range was tight.

    Sell: close below their low, or back inside the range within a few bars of leaving it
    upwards; loud volume and a tight range add to that.
    """
    volume, tight = _loud(at, rules), _tight(at, rules)
    return judged(
        "breakout",
        at,
        buy=Case(needs=(_left(at, rules, 1), volume, tight), helps=_behind(at, 1)),
        sell=Case(
            one_of=(_left(at, rules, -1), _failed(at, rules)),
            helps=(volume, tight, *_behind(at, -1)),
        ),
    )


def _behind(at: Measured, sign: Sign) -> tuple[Condition, Condition]:
    return _closed_firm(at, sign), _aligned(at, sign)


def _left(at: Measured, rules: SignalRules, sign: Sign) -> Condition:
    name = "high" if sign > 0 else "low"
    edge = last(_range(at, rules)[name])
    if edge is None:
        return missing(f"range of {rules.breakout_bars} bars")
    gap_pct = 100 * (float(at.close[-1]) / edge - 1)
    fact = f"close {gap_pct:+.2f} % from {rules.breakout_bars}-bar {name}"
    return Condition(gap_pct * sign > 0, fact, clearness(gap_pct * sign, 0, 1))


def _failed(at: Measured, rules: SignalRules) -> Condition:
    """A close above the range as it was then, within the last bars, and below that now."""
    bars = rules.failed_bars
    edges = _range(at, rules)["high"][-bars - 1 : -1]
    if edges.size < bars or bool(np.isnan(edges).any()):
        return missing(f"range of {rules.breakout_bars} bars")
    broken = np.flatnonzero(at.close[-bars - 1 : -1] > edges)
    if not broken.size:
        return Condition(False, f"no breakout in {bars} bars")
    gap_pct = 100 * float(at.close[-1] / edges[broken[-1]] - 1)
    fact = f"close {gap_pct:+.2f} % from the high it broke {bars - broken[-1]} bars ago"
    return Condition(gap_pct < 0, fact, clearness(-gap_pct, 0, 1))


def _tight(at: Measured, rules: SignalRules) -> Condition:
    width = last(_range(at, rules)["height_atr"])
    if width is None:
        return missing("range in ATR 14")
    most = rules.tight_range_atr
    return Condition(width <= most, f"range {width:.1f} ATR", clearness(-width, -most, -most / 2))


def _range(at: Measured, rules: SignalRules) -> Mapping[str, Array]:
    bars = rules.breakout_bars
    return at.derived(f"rolling_range {bars}", lambda series: rolling_range(series, bars)._asdict())


def _loud(at: Measured, rules: SignalRules) -> Condition:
    score = at.value("volume_z", "volume_z")
    if score is None:
        return missing("volume")
    least = rules.breakout_volume_z
    return Condition(score >= least, facts.loudness(score), clearness(score, least, least + 3))


def _closed_firm(at: Measured, sign: Sign) -> Condition:
    """The last quarter of the candle is where it closed."""
    low, high, close = (float(array[-1]) for array in (at.low, at.high, at.close))
    place = 100 * (close - low) / (high - low) if high > low else 50.0
    firm = place >= 75 if sign > 0 else place <= 25
    return Condition(firm, f"closed at {place:.0f} % of its candle", 0.5)


def _aligned(at: Measured, sign: Sign) -> Condition:
    aligned = facts.ema_alignment(at)
    if aligned is None:
        return missing("EMA 200")
    return Condition(aligned.sign == sign, aligned.fact, 0.5)
