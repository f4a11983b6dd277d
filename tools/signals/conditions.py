"""
How conditions become a signal: what must hold, what only adds strength, what is missing.

A condition whose indicator is missing holds for nobody: the signal is a hold that says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.signal import SignalAction, Strategy, TradingSignal
from tools.signals.measured import Measured


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact with its figure, and whether it is as a strategy wants it; None: not known."""

    holds: bool | None
    fact: str
    clearness: float = 0.0
    """0 where it only just holds, 1 where it holds as clearly as it can."""


@dataclass(frozen=True, slots=True)
class Case:
    """What one action needs: all of these, one of those; the helpful only add strength."""

    needs: tuple[Condition, ...] = ()
    one_of: tuple[Condition, ...] = ()
    helps: tuple[Condition, ...] = ()
    bars: tuple[Condition, ...] = ()
    """Any of them stands in the way, and so does one that is not known."""

    def made(self) -> bool:
        """Whether the action has what it needs."""
        if any(one.holds is not False for one in self.bars):
            return False
        found = not self.one_of or any(one.holds for one in self.one_of)
        return found and all(one.holds for one in self.needs)

    def met(self) -> list[Condition]:
        """What speaks for the action."""
        return [one for one in (*self.needs, *self.one_of, *self.helps) if one.holds]

    def unmet(self) -> Iterator[Condition]:
        """What stands in its way."""
        yield from (one for one in self.needs if not one.holds)
        if not any(one.holds for one in self.one_of):
            yield from self.one_of
        yield from (one for one in self.bars if one.holds is not False)


def missing(name: str) -> Condition:
    """An indicator that has no value here."""
    return Condition(None, f"{name} is missing")


def clearness(value: float, least: float, most: float) -> float:
    """How far a figure has come from what just counts to what counts in full, 0..1."""
    return min(1.0, max(0.0, (value - least) / (most - least)))


def judged(strategy: Strategy, at: Measured, *, buy: Case, sell: Case) -> TradingSignal:
    """The action whose needs are met; hold with the reasons where it is neither, or both."""
    if buy.made() == sell.made():
        return signal(strategy, at, "hold", reasons=_why_not(buy, sell))
    action: SignalAction = "buy" if buy.made() else "sell"
    met = (buy if action == "buy" else sell).met()
    return signal(
        strategy,
        at,
        action,
        strength=min(5, len(met)),
        confidence=0.5 + 0.5 * sum(one.clearness for one in met) / len(met),
        reasons=[one.fact for one in met],
    )


def signal(
    strategy: Strategy,
    at: Measured,
    action: SignalAction,
    *,
    strength: int = 0,
    confidence: float = 0.0,
    reasons: Sequence[str] = (),
) -> TradingSignal:
    """The record of what a strategy says as of the last visible candle."""
    return TradingSignal(
        symbol=at.symbol,
        interval=at.interval,
        as_of=at.as_of,
        strategy=strategy,
        action=action,
        strength=strength,
        confidence=round(confidence, 3),
        reasons=tuple(reasons),
    )


def _why_not(buy: Case, sell: Case) -> list[str]:
    if buy.made():
        return ["buying and selling both have what they need"]
    missing_first = sorted((*buy.unmet(), *sell.unmet()), key=lambda one: one.holds is not None)
    return list(dict.fromkeys(one.fact for one in missing_first))
