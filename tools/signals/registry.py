"""
The strategies. To add one: a file here with `judge`, its name in records.signal.Strategy.

`judge(at, rules)` is pure: the candles of one market as of one bar, and the thresholds, to
one TradingSignal. Numpy only: the screen runs before anything heavy may be imported.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from records.candles import CandleSeries
from records.market import MarketSnapshot
from records.signal import STRATEGIES, SignalRules, Strategy, TradingSignal
from tools.indicators.registry import Computed, Known
from tools.signals.confirmation import trend, with_confirmation
from tools.signals.hybrid import agreement
from tools.signals.measured import Measured

Judge = Callable[[Measured, SignalRules], TradingSignal]


READERS: tuple[Strategy, ...] = tuple(name for name in STRATEGIES if name != "hybrid")
"""The strategies that read candles; hybrid reads them."""


def strategy(name: Strategy) -> Judge:
    """The pure function of one strategy of READERS."""
    return cast(Judge, import_module(f"tools.signals.{name}").judge)


def all_signals(
    frames: Mapping[str, CandleSeries],
    interval: str,
    rules: SignalRules,
    known: Known | None = None,
) -> tuple[TradingSignal, ...]:
    """What every strategy says of one market, confirmed by its next larger frame."""
    return signals_at(Measured(frames, interval, known=known), rules)


def signals_at(at: Measured, rules: SignalRules) -> tuple[TradingSignal, ...]:
    """The same as of any bar."""
    larger = at.larger()
    over_it = "none" if larger is None else trend(larger)
    said = {name: strategy(name)(at, rules) for name in READERS}
    weighed = [said[name] for name, weight in rules.hybrid_weights.items() if weight > 0]
    found = (*said.values(), agreement(at, weighed, rules))
    return tuple(with_confirmation(one, over_it) for one in found)


def market_signals(
    snapshot: MarketSnapshot,
    interval: str,
    rules: SignalRules,
    computed: Computed | None = None,
) -> tuple[TradingSignal, ...]:
    """
    All signals of every market that has candles of this interval, in the snapshot's order.

    What is computed for them is left in `computed`, for those who read it later.
    """
    computed = {} if computed is None else computed
    return tuple(
        one
        for market in snapshot.markets.values()
        if (series := market.frames.get(interval)) is not None and len(series)
        for one in all_signals(
            market.frames, interval, rules, computed.setdefault(market.symbol, {})
        )
    )
