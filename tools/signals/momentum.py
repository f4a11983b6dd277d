"""
momentum: a market that has just begun to run, with volume and room left.

Source: domain notes, Strategies, Momentum. A purchase needs all four of its conditions, a
sale any of its three; averages in line add to either.
"""

from records.signal import SignalRules, TradingSignal
from tools.signals import facts
from tools.signals.conditions import Case, Condition, clearness, judged, missing
from tools.signals.measured import Measured

_FAR_OUTSIDE_PCT = 125


def judge(at: Measured, rules: SignalRules) -> TradingSignal:
    """
    Buy: close above the upper band, MACD crossed up, RSI 14 with room, volume above its mean.

    Sell: close below the middle band, MACD crossed down, or RSI 14 exhausted.
    """
    return judged(
        "momentum",
        at,
        buy=Case(
            needs=(_outside(at), _crossed(at, rules, 1), _room(at, rules), _heard(at, rules)),
            helps=(_aligned(at, 1),),
        ),
        sell=Case(
            one_of=(_below_middle(at), _crossed(at, rules, -1), _exhausted(at, rules)),
            helps=(_heard(at, rules), _aligned(at, -1)),
        ),
    )


def _outside(at: Measured) -> Condition:
    place = at.value("bollinger", "bb_pct")
    if place is None:
        return missing("Bollinger")
    return Condition(place > 100, facts.in_bands(place), clearness(place, 100, _FAR_OUTSIDE_PCT))


def _below_middle(at: Measured) -> Condition:
    place = at.value("bollinger", "bb_pct")
    if place is None:
        return missing("Bollinger")
    return Condition(place < 50, facts.in_bands(place), clearness(-place, -50, 0))


def _crossed(at: Measured, rules: SignalRules, sign: int) -> Condition:
    crossing = facts.macd_crossing(at, rules.cross_bars)
    if crossing is None:
        return missing("MACD")
    return Condition(crossing.sign == sign, crossing.fact, 0.5)


def _room(at: Measured, rules: SignalRules) -> Condition:
    value = at.value("rsi", "rsi_14")
    if value is None:
        return missing("RSI 14")
    low, high = rules.momentum_rsi_from, rules.momentum_rsi_to
    return Condition(low <= value <= high, f"RSI 14 {value:.1f}", clearness(-value, -high, -low))


def _exhausted(at: Measured, rules: SignalRules) -> Condition:
    value = at.value("rsi", "rsi_14")
    if value is None:
        return missing("RSI 14")
    above = value > rules.exhausted_rsi
    return Condition(above, f"RSI 14 {value:.1f}", clearness(value, rules.exhausted_rsi, 100))


def _heard(at: Measured, rules: SignalRules) -> Condition:
    score = at.value("volume_z", "volume_z")
    if score is None:
        return missing("volume")
    least = rules.momentum_volume_z
    return Condition(score > least, facts.loudness(score), clearness(score, least, least + 3))


def _aligned(at: Measured, sign: int) -> Condition:
    aligned = facts.ema_alignment(at)
    if aligned is None:
        return missing("EMA 200")
    return Condition(aligned.sign == sign, aligned.fact, 0.5)
