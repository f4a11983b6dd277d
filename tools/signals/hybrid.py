"""
hybrid: strategies that were made for different markets, and still agree.

Source: domain notes, Strategies, Hybrid. It reads the other strategies' signals and no
candles, so what each of them takes as evidence stands in its own file alone.
"""

from collections.abc import Sequence

from records.signal import SignalAction, SignalRules, TradingSignal
from tools.signals.conditions import signal
from tools.signals.measured import Measured


def agreement(at: Measured, asked: Sequence[TradingSignal], rules: SignalRules) -> TradingSignal:
    """
    The action that at least `hybrid_agree` strong strategies share and that outweighs the other.

    Confidence and strength are the weighted means of those that agree, strength rounded
    half up.
    """
    strong = [one for one in asked if one.strength >= rules.hybrid_min_strength]
    buyers = [one for one in strong if one.action == "buy"]
    sellers = [one for one in strong if one.action == "sell"]
    balance = _weight(buyers, rules) - _weight(sellers, rules)
    agreeing = buyers if balance > 0 else sellers
    if balance == 0 or len(agreeing) < rules.hybrid_agree:
        return signal("hybrid", at, "hold", reasons=[_count(buyers, sellers, rules)])
    action: SignalAction = "buy" if balance > 0 else "sell"
    return signal(
        "hybrid",
        at,
        action,
        strength=int(_mean(agreeing, [one.strength for one in agreeing], rules) + 0.5),
        confidence=_mean(agreeing, [one.confidence for one in agreeing], rules),
        reasons=[_said(one) for one in agreeing],
    )


def _weight(signals: Sequence[TradingSignal], rules: SignalRules) -> float:
    return sum(rules.hybrid_weights[one.strategy] for one in signals)


def _mean(signals: Sequence[TradingSignal], values: Sequence[float], rules: SignalRules) -> float:
    weights = [rules.hybrid_weights[one.strategy] for one in signals]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def _said(one: TradingSignal) -> str:
    return f"{one.strategy} {one.strength}: {one.reasons[0]}"


def _count(
    buyers: Sequence[TradingSignal], sellers: Sequence[TradingSignal], rules: SignalRules
) -> str:
    return f"{len(buyers)} buy, {len(sellers)} sell; {rules.hybrid_agree} must agree and outweigh"
