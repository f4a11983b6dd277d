"""
The numbers of a whole snapshot, computed at most once per cycle.

Several agents read them, some at the same time; all of them get the same ones. A
market or interval the snapshot does not hold has no set: it is left out, not guessed.
"""

import logging
import sys
from collections.abc import Iterable, Iterator
from threading import Lock

from pydantic import ValidationError

from records.candles import CandleSeries
from records.market import MarketSnapshot
from records.reports import IndicatorSet
from tools.indicators.compute import document_of, indicator_set
from tools.worker import Worker

_TIMEOUT_S = 20.0
_log = logging.getLogger(__name__)


def indicator_sets(
    snapshot: MarketSnapshot, symbols: Iterable[str], intervals: Iterable[str]
) -> tuple[IndicatorSet, ...]:
    """Every indicator of these markets and intervals, in the order asked."""
    return tuple(indicator_set(series) for series in _series(snapshot, symbols, tuple(intervals)))


class IndicatorNumbers:
    """The sets of one cycle's shortlist, all intervals; computed when first asked for."""

    def __init__(self, snapshot: MarketSnapshot, symbols: tuple[str, ...]) -> None:
        self._snapshot = snapshot
        self._symbols = symbols
        self._sets: tuple[IndicatorSet, ...] | None = None
        self._worker: Worker | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Begin in a process of its own, unless pandas-ta is imported here already."""
        if "pandas_ta" in sys.modules:
            return
        wanted = _series(self._snapshot, self._symbols, intervals_of(self._snapshot))
        try:
            self._worker = Worker("tools.indicators.compute", document_of(wanted))
        except OSError as error:
            _log.warning("indicators are computed here: %s", error.strerror)

    def sets(self) -> tuple[IndicatorSet, ...]:
        """The same tuple for every caller of this cycle."""
        with self._lock:
            if self._sets is None:
                self._sets = self._from_worker() or indicator_sets(
                    self._snapshot, self._symbols, intervals_of(self._snapshot)
                )
            return self._sets

    def close(self) -> None:
        """Wait for the other process, if nobody has asked for its numbers."""
        with self._lock:
            if self._worker is not None:
                self._from_worker()

    def _from_worker(self) -> tuple[IndicatorSet, ...] | None:
        """What the other process found; None when it has to be computed here."""
        if self._worker is None:
            return None
        lines, ending = self._worker.finish(_TIMEOUT_S)
        self._worker = None
        wanted = len(tuple(_series(self._snapshot, self._symbols, intervals_of(self._snapshot))))
        try:
            sets = tuple(IndicatorSet.model_validate_json(line) for line in lines)
        except ValidationError:
            sets = ()
        if len(sets) == wanted:
            return sets
        _log.warning("indicators are computed here: %s", ending)
        return None


def _series(
    snapshot: MarketSnapshot, symbols: Iterable[str], intervals: tuple[str, ...]
) -> Iterator[CandleSeries]:
    for symbol in symbols:
        market = snapshot.markets.get(symbol)
        for interval in intervals if market is not None else ():
            series = market.frames.get(interval) if market is not None else None
            if series is not None and len(series):
                yield series


def intervals_of(snapshot: MarketSnapshot) -> tuple[str, ...]:
    """Every interval some market has, in the order they first appear."""
    return tuple(dict.fromkeys(i for market in snapshot.markets.values() for i in market.frames))


def six_digits(value: float | None) -> float | None:
    """As models read it: six significant digits, and missing stays missing."""
    return None if value is None else float(f"{value:.6g}")
