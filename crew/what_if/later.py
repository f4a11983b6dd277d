"""
What the market did after a decision: candles of the venue, or those of later recordings.

A replayed or synthetic venue tells for itself, offline. Of a real one the recordings of the
cycles that followed hold the candles; nobody is asked over the network.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from crew.desk import Desk
from crew.market_tape import RecordedMarket, ReplayedClock, market_document, undamaged
from crew.recording import recordings
from records.candles import CandleSeries, interval_ms
from records.clock import FixedClock, epoch_ms
from records.errors import TradingError
from records.market import MarketSnapshot
from records.ports import MarketRequest, MarketSource

_FAR = datetime(2200, 1, 1, tzinfo=UTC)
_KEPT_IN_MEMORY = 8
_TRIES = 6
"""A market can be missing in a snapshot."""


class CandlesAfter(Protocol):
    """Candles of later than a decision."""

    def after(self, symbol: str, at: datetime, until: datetime) -> CandleSeries:
        """From the first that opened at or after `at`, without a gap, as far as is known."""
        ...


def candles_after(desk: Desk) -> CandlesAfter:
    """What this desk can tell of the time after its cycles, offline."""
    interval = desk.settings.decision_interval
    if desk.settings.venue == "replay":
        return VenueCandles(desk.market(FixedClock(_FAR)), interval)
    if desk.settings.venue == "demo":
        return VenueCandles(desk.market(FixedClock(desk.now())), interval)
    return RecordedCandles(desk.home, interval, span=desk.settings.candles)


class VenueCandles:
    """A venue made of files or of a formula; keeps CandlesAfter."""

    def __init__(self, market: MarketSource, interval: str) -> None:
        self._market = market
        self._interval = interval

    def after(self, symbol: str, at: datetime, until: datetime) -> CandleSeries:
        try:
            series = self._market.candles_between(symbol, self._interval, at, until)
        except TradingError:
            return CandleSeries.none(symbol, self._interval)
        return _unbroken(series, at)


class RecordedCandles:
    """The snapshots of cycles that came later; keeps CandlesAfter."""

    def __init__(self, home: Path, interval: str, *, span: int) -> None:
        """`span` is how many candles a cycle looks back."""
        self._home = home
        self._interval = interval
        self._length = timedelta(milliseconds=interval_ms(interval))
        self._span = span * self._length
        self._cycles = [(_begun(name), name) for name in recordings(home)]
        self._seen = lru_cache(_KEPT_IN_MEMORY)(self._snapshot)

    def after(self, symbol: str, at: datetime, until: datetime) -> CandleSeries:
        found = CandleSeries.none(symbol, self._interval)
        reached = at
        while reached < until:
            frame = self._farthest(symbol, reached)
            if frame is None:
                break
            found = _joined(found, frame.since(epoch_ms(reached)))
            reached = found.closes_at
        return _unbroken(found, at).closed_by(epoch_ms(until))

    def _farthest(self, symbol: str, reached: datetime) -> CandleSeries | None:
        """What the latest cycle that looks back that far saw from there on."""
        near = [name for began, name in self._cycles if reached < began <= reached + self._span]
        for name in reversed(near[-_TRIES:]):
            frame = self._frame(name, symbol)
            goes_on = frame.since(epoch_ms(reached)) if frame is not None else None
            if goes_on is not None and _begins_by(goes_on, reached + self._length):
                return goes_on
        return None

    def _frame(self, name: str, symbol: str) -> CandleSeries | None:
        seen = self._seen(name)
        market = seen.markets.get(symbol) if seen is not None else None
        return market.frames.get(self._interval) if market is not None else None

    def _snapshot(self, name: str) -> MarketSnapshot | None:
        folder = self._home / "recordings" / name
        try:
            observed = market_document(folder)["observed"]
            if not observed:
                return None
            with undamaged("market.json"):
                asked = MarketRequest.model_validate(observed[0]["asked"])
                return RecordedMarket(folder, ReplayedClock(_begun(name))).observe(asked)
        except TradingError:
            return None


def _begun(cycle_id: str) -> datetime:
    """When a cycle began, by its id."""
    return datetime.strptime(cycle_id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _unbroken(series: CandleSeries, at: datetime) -> CandleSeries:
    """Without what comes after a gap; nothing when the gap is at the beginning."""
    length = interval_ms(series.interval)
    times = series.open_time_ms
    if not _begins_by(series, at + timedelta(milliseconds=length)):
        return series.last(0)
    gaps = np.flatnonzero(np.diff(times) != length)
    return series if not gaps.size else series.closed_by(int(times[gaps[0]]) + length)


def _begins_by(series: CandleSeries, at: datetime) -> bool:
    return bool(len(series)) and int(series.open_time_ms[0]) < epoch_ms(at)


def _joined(first: CandleSeries, then: CandleSeries) -> CandleSeries:
    parts: Sequence[CandleSeries] = [part for part in (first, then) if len(part)]
    if len(parts) < 2:
        return parts[0] if parts else first
    blocks = [
        np.column_stack((part.open, part.high, part.low, part.close, part.volume)) for part in parts
    ]
    times = np.concatenate([part.open_time_ms for part in parts])
    return CandleSeries.checked(first.symbol, first.interval, times, np.concatenate(blocks))
