"""
Whether what is said of a candle changes when later candles arrive.

For indicators, signals, and whatever else follows from candles: what is found with the
candles up to a moment must be, to the bit, what the whole history says of that moment. A
market's other intervals are cut at the same moment, each to the candles it had closed.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from records.candles import CandleSeries, interval_ms

Frames = Mapping[str, CandleSeries]
Compute = Callable[[Frames, str], Mapping[str, NDArray[np.float64]]]
"""All of a market's series and the interval in question, to arrays as long as that one."""


def some_bars(count: int, *, of: int, seed: int) -> list[int]:
    """So many different bars of a series, at random but always the same."""
    return sorted(np.random.default_rng(seed).choice(of, count, replace=False).tolist())


def until(frames: Frames, interval: str, bar: int) -> dict[str, CandleSeries]:
    """What the market showed when this candle had just closed."""
    closed_ms = int(frames[interval].open_time_ms[bar]) + interval_ms(interval)
    return {name: series.closed_by(closed_ms) for name, series in frames.items()}


def changed_later(
    compute: Compute, frames: Frames, interval: str, bars: Iterable[int]
) -> dict[str, int]:
    """By name the first of these bars whose value then is not its value now; empty: none."""
    now = compute(frames, interval)
    found: dict[str, int] = {}
    for bar in bars:
        then = compute(until(frames, interval, bar), interval)
        assert list(then) == list(now)
        for name, array in then.items():
            assert array.size == bar + 1
            if not np.array_equal(array[-1], now[name][bar], equal_nan=True):
                found.setdefault(name, bar)
    return found


def verdicts_changed_later(
    then: Callable[[Frames, str], Any],
    now: Callable[[Frames, str, int], Any],
    frames: Frames,
    interval: str,
    bars: Iterable[int],
) -> list[int]:
    """
    The bars of which more is said now than then; empty: none.

    `then` judges the last candle of the frames it is given, `now` a bar of the whole ones.
    """
    return [
        bar
        for bar in bars
        if then(until(frames, interval, bar), interval) != now(frames, interval, bar)
    ]
