"""
The five votes behind the strength: each indicator says buy, sell or nothing, and why.

Source: domain notes, Strategies, Momentum (RSI 14 in 50..70, MACD crossing, close
outside the Bollinger bands, volume above its mean), with the EMA alignment as the
fifth; sales are the mirror image. An indicator that is missing never votes.
"""

from dataclasses import dataclass
from typing import Literal

from records.signal import SignalRules
from tools.signals import facts
from tools.signals.measured import Measured

Sign = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class Vote:
    """+1 to buy, -1 to sell, 0 for neither, with the fact it rests on."""

    sign: Sign
    reason: str


def votes(at: Measured, rules: SignalRules) -> tuple[Vote, ...]:
    """The five votes at the last candle, always in the same order."""
    return (
        rsi_vote(at, rules),
        macd_vote(at, rules),
        ema_vote(at),
        bollinger_vote(at),
        volume_vote(at, rules),
    )


def rsi_vote(at: Measured, rules: SignalRules) -> Vote:
    """Momentum with room left: buy in 50..70, sell in 30..50, neither beyond."""
    value = at.value("rsi", "rsi_14")
    if value is None:
        return _missing("RSI 14")
    fact, mirrored = f"RSI 14 {value:.1f}", 100 - value
    if mirrored == value:
        return Vote(0, fact)
    if rules.momentum_rsi_from <= value <= rules.momentum_rsi_to:
        return Vote(1, fact)
    return Vote(-1 if rules.momentum_rsi_from <= mirrored <= rules.momentum_rsi_to else 0, fact)


def macd_vote(at: Measured, rules: SignalRules) -> Vote:
    """A fresh crossing: the histogram changed its sign within the last bars."""
    crossing = facts.macd_crossing(at, rules.cross_bars)
    return _missing("MACD") if crossing is None else Vote(crossing.sign, crossing.fact)


def ema_vote(at: Measured) -> Vote:
    """Averages in line: 20 over 50 over 200 is a buy, the reverse a sale."""
    aligned = facts.ema_alignment(at)
    return _missing("EMA 200") if aligned is None else Vote(aligned.sign, aligned.fact)


def bollinger_vote(at: Measured) -> Vote:
    """A close outside the bands: buy above the upper, sell below the lower."""
    place = at.value("bollinger", "bb_pct")
    if place is None:
        return _missing("Bollinger")
    return Vote(1 if place > 100 else -1 if place < 0 else 0, facts.in_bands(place))


def volume_vote(at: Measured, rules: SignalRules) -> Vote:
    """Loud volume votes the way its candle went."""
    score = at.value("volume_z", "volume_z")
    if score is None:
        return _missing("Volume")
    move = float(at.close[-1] - at.open[-1])
    fact = f"{facts.loudness(score)}, candle {100 * move / float(at.open[-1]):+.2f} %"
    if score < rules.loud_volume_z:
        return Vote(0, fact)
    return Vote(1 if move > 0 else -1 if move < 0 else 0, fact)


def _missing(name: str) -> Vote:
    return Vote(0, f"{name} is missing")
