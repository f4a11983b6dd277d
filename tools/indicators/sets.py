"""
The numbers of a whole snapshot, computed at most once per cycle.

Several agents read them, some at the same time; all of them get the same ones. A
market or interval the snapshot does not hold has no set: it is left out, not guessed.
"""

from collections.abc import Iterable
from threading import Lock

from records.market import MarketSnapshot
from records.reports import IndicatorSet
from tools.indicators.registry import latest


def indicator_sets(
    snapshot: MarketSnapshot, symbols: Iterable[str], intervals: Iterable[str]
) -> tuple[IndicatorSet, ...]:
    """Every indicator of these markets and intervals, in the order asked."""
    wanted = tuple(intervals)
    return tuple(
        IndicatorSet(
            symbol=symbol, interval=interval, as_of=series.closes_at, values=latest(series)
        )
        for symbol in symbols
        if (market := snapshot.markets.get(symbol)) is not None
        for interval in wanted
        if (series := market.frames.get(interval)) is not None and len(series)
    )


class IndicatorNumbers:
    """The sets of one cycle's shortlist, all intervals; computed when first asked for."""

    def __init__(self, snapshot: MarketSnapshot, symbols: tuple[str, ...]) -> None:
        self._snapshot = snapshot
        self._symbols = symbols
        self._sets: tuple[IndicatorSet, ...] | None = None
        self._lock = Lock()

    def sets(self) -> tuple[IndicatorSet, ...]:
        """The same tuple for every caller of this cycle."""
        with self._lock:
            if self._sets is None:
                self._sets = indicator_sets(
                    self._snapshot, self._symbols, intervals_of(self._snapshot)
                )
            return self._sets


def intervals_of(snapshot: MarketSnapshot) -> tuple[str, ...]:
    """Every interval some market has, in the order they first appear."""
    return tuple(dict.fromkeys(i for market in snapshot.markets.values() for i in market.frames))


def six_digits(value: float | None) -> float | None:
    """As models read it: six significant digits, and missing stays missing."""
    return None if value is None else float(f"{value:.6g}")
