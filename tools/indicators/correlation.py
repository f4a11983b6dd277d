"""
Which positions move together: correlation of returns over the snapshot's own candles.

Pearson's correlation of log returns of the last closed candles both markets have. Too few
of them, old ones, or a market that did not move, give no figure, and what is unknown counts
as moving together.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np

from records.candles import CandleSeries
from records.clock import from_epoch_ms
from records.interval import interval_ms
from records.market import MarketSnapshot, SymbolMarket

CANDLES, FEWEST, LATEST = 200, 30, 2
"""Returns at most and at least, and how many candles the last shared one may lie back."""
_HOUR_MS = 3_600_000

Correlations = Mapping[str, float | None]
"""By market: its correlation with the one in question; None or absent: unknown."""


def correlations(symbol: str, others: Iterable[str], snapshot: MarketSnapshot) -> Correlations:
    """The correlation of each other market with this one."""
    return {other: _correlation(symbol, other, snapshot) for other in others if other != symbol}


def shared_until(first: str, second: str, snapshot: MarketSnapshot) -> datetime:
    """When the newest candle closed that both markets have; their correlation must be known."""
    one, other = snapshot.markets[first], snapshot.markets[second]
    interval = _common_interval(one, other)
    assert interval is not None, "a correlation has an interval"
    first_ms, second_ms = (
        held.frames[interval].open_time_ms[-LATEST - 1 :].tolist() for held in (one, other)
    )
    return from_epoch_ms(max(set(first_ms) & set(second_ms)) + interval_ms(interval))


def _correlation(first: str, second: str, snapshot: MarketSnapshot) -> float | None:
    markets = snapshot.markets.get(first), snapshot.markets.get(second)
    if markets[0] is None or markets[1] is None:
        return None
    interval = _common_interval(markets[0], markets[1])
    if interval is None:
        return None
    return _of_returns(markets[0].frames[interval], markets[1].frames[interval])


def _common_interval(first: SymbolMarket, second: SymbolMarket) -> str | None:
    """The interval both have that is nearest to an hour: fine ones are mostly noise."""
    return nearest_hour(set(first.frames) & set(second.frames))


def nearest_hour(intervals: Iterable[str]) -> str | None:
    """The interval whose length is nearest to an hour; None when there is none."""
    return min(intervals, key=lambda one: (abs(interval_ms(one) - _HOUR_MS), one), default=None)


def _of_returns(first: CandleSeries, second: CandleSeries) -> float | None:
    times, left, right = np.intersect1d(
        first.open_time_ms, second.open_time_ms, assume_unique=True, return_indices=True
    )
    left, right = left[-CANDLES - 1 :], right[-CANDLES - 1 :]
    if times.size <= FEWEST or _outdated(times[-1], first, second):
        return None
    moves = np.diff(np.log(np.stack((first.close[left], second.close[right]))))
    spread = moves.std(axis=1)
    if not (spread > 0).all():
        return None
    value = float(np.corrcoef(moves)[0, 1])
    return value if np.isfinite(value) else None


def _outdated(shared_ms: int, first: CandleSeries, second: CandleSeries) -> bool:
    """Whether one market stopped while the other went on: how they moved says nothing of now."""
    newest_ms = max(int(series.open_time_ms[-1]) for series in (first, second))
    return newest_ms - int(shared_ms) > LATEST * interval_ms(first.interval)
