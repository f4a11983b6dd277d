"""
strength: how many of five indicators agree, the number the screen acts on.

Source: domain notes, Strategies, Signal strength. A trade needs three; fewer are a hold
that still says how many there were.
"""

from records.signal import SignalAction, SignalRules, TradingSignal
from tools.signals.conditions import signal
from tools.signals.measured import Measured
from tools.signals.votes import Vote, votes

_WORDS = {1: "buy", -1: "sell", 0: "no vote"}


def judge(at: Measured, rules: SignalRules) -> TradingSignal:
    """
    Action by the sum of five votes, strength by how many share its sign.

    The confidence is that sum over five: 4 for and 1 against are 0.6.
    """
    cast = votes(at, rules)
    balance = sum(vote.sign for vote in cast)
    strength = sum(vote.sign * balance > 0 for vote in cast)
    action: SignalAction = "hold"
    if strength >= rules.votes_to_trade:
        action = "buy" if balance > 0 else "sell"
    return signal(
        "strength",
        at,
        action,
        strength=strength,
        confidence=abs(balance) / len(cast) if action != "hold" else 0.0,
        reasons=[_sentence(vote) for vote in sorted(cast, key=lambda vote: -vote.sign * balance)],
    )


def _sentence(vote: Vote) -> str:
    return f"{vote.reason}: {_WORDS[vote.sign]}"
