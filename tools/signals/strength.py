"""
How many indicators agree on a direction: the number the screen acts on.

Source: domain notes, Strategies, Signal strength. It counts and decides nothing: how
strong a signal must be is a setting, and an agent may still see it differently.
"""

from typing import Literal

from records.candles import CandleSeries
from records.market import MarketSnapshot
from records.signal import TradingSignal
from tools.signals.votes import Vote, votes

Direction = Literal["long", "short", "none"]
_WORDS = {1: "long", -1: "short", 0: "no vote"}


def signal_strength(series: CandleSeries) -> TradingSignal:
    """Direction by the sum of five votes, strength by how many of them share it."""
    cast = votes(series)
    balance = sum(vote.sign for vote in cast)
    direction: Direction = "long" if balance > 0 else "short" if balance < 0 else "none"
    return TradingSignal(
        symbol=series.symbol,
        interval=series.interval,
        as_of=series.closes_at,
        direction=direction,
        strength=sum(vote.sign * balance > 0 for vote in cast),
        reasons=tuple(_sentence(vote) for vote in cast),
    )


def signals(snapshot: MarketSnapshot, interval: str) -> tuple[TradingSignal, ...]:
    """The signal of every market that has candles of this interval, in the snapshot's order."""
    return tuple(
        signal_strength(series)
        for market in snapshot.markets.values()
        if (series := market.frames.get(interval)) is not None and len(series)
    )


def _sentence(vote: Vote) -> str:
    return f"{vote.reason}: {_WORDS[vote.sign]}"
