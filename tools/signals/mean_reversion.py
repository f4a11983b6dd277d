"""
mean_reversion: a market that ran too far from its mean and may come back.

Source: domain notes, Strategies, Mean reversion. All three conditions are needed; loud
volume and a candle that already turned add to them. The sale is the mirror image. The mean
is SMA 50: below its lower band a close is always below the bands' own, SMA 20.
"""

from typing import Literal

from records.signal import SignalRules, TradingSignal
from tools.signals import facts
from tools.signals.conditions import Case, Condition, clearness, judged, missing
from tools.signals.measured import Measured

_FAR_OUTSIDE_PCT = 25
_FAR_FROM_MEAN_PCT = 5

Sign = Literal[-1, 1]


def judge(at: Measured, rules: SignalRules) -> TradingSignal:
    """Buy: close at or below the lower band, RSI 14 extreme, close below SMA 50. Sell: mirrored."""
    return judged("mean_reversion", at, buy=_case(at, rules, 1), sell=_case(at, rules, -1))


def _case(at: Measured, rules: SignalRules, sign: Sign) -> Case:
    return Case(
        needs=(_at_band(at, sign), _extreme(at, rules, sign), _beyond_mean(at, sign)),
        helps=(_loud(at, rules), _turned(at, sign)),
    )


def _at_band(at: Measured, sign: Sign) -> Condition:
    place = at.value("bollinger", "bb_pct")
    if place is None:
        return missing("Bollinger")
    beyond = -place if sign > 0 else place - 100
    return Condition(beyond >= 0, facts.in_bands(place), clearness(beyond, 0, _FAR_OUTSIDE_PCT))


def _extreme(at: Measured, rules: SignalRules, sign: Sign) -> Condition:
    value = at.value("rsi", "rsi_14")
    if value is None:
        return missing("RSI 14")
    low = value if sign > 0 else 100 - value
    far = clearness(-low, -rules.extreme_rsi, 0)
    return Condition(low < rules.extreme_rsi, f"RSI 14 {value:.1f}", far)


def _beyond_mean(at: Measured, sign: Sign) -> Condition:
    average = at.value("sma", "sma_50")
    if average is None:
        return missing("SMA 50")
    gap_pct = 100 * (float(at.close[-1]) / average - 1)
    fact = f"close {gap_pct:+.2f} % from SMA 50"
    return Condition(gap_pct * sign < 0, fact, clearness(-gap_pct * sign, 0, _FAR_FROM_MEAN_PCT))


def _loud(at: Measured, rules: SignalRules) -> Condition:
    score = at.value("volume_z", "volume_z")
    if score is None:
        return missing("volume")
    least = rules.loud_volume_z
    return Condition(score >= least, facts.loudness(score), clearness(score, least, least + 3))


def _turned(at: Measured, sign: Sign) -> Condition:
    move_pct = 100 * (float(at.close[-1]) / float(at.open[-1]) - 1)
    return Condition(move_pct * sign > 0, f"candle {move_pct:+.2f} %", 0.5)
