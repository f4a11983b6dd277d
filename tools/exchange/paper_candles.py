"""
The candles that passed between two looks at a paper account: the finest that tell the whole story.

One-minute candles are taken where the venue has them without a hole; else the desk's own
decision interval, whose candles span the hole. Nothing is made up for a candle that neither
has: it executes nothing, and is walked when it comes, for a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from records.candles import CandleSeries, interval_ms
from records.clock import epoch_ms, from_epoch_ms
from records.errors import SettingsError, VenueError
from records.ports import MarketSource
from tools.exchange import matching

_LATEST_CANDLE = timedelta(days=1)  # a candle that comes later than this is no longer walked
_LONGEST_IN_MINUTES = timedelta(days=7)  # longer absences would take hundreds of requests


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one market did after `start`, known up to `until`."""

    symbol: str
    series: CandleSeries
    start: datetime
    until: datetime

    def price_at(self, at: datetime) -> Decimal | None:
        """The open of the candle that begins then, else the close before, else the open after."""
        if not len(self.series):
            return None
        i = int(np.searchsorted(self.series.open_time_ms, epoch_ms(at)))
        if i < len(self.series) and int(self.series.open_time_ms[i]) == epoch_ms(at):
            return matching.exact(self.series.open[i])
        while i and int(self.series.open_time_ms[i - 1]) + self._length_ms > epoch_ms(at):
            i -= 1
        return matching.exact(self.series.close[i - 1] if i else self.series.open[0])

    @property
    def _length_ms(self) -> int:
        return interval_ms(self.series.interval)


def passed(
    market: MarketSource, symbol: str, start: datetime, now: datetime, *, walk: str, fallback: str
) -> Stretch:
    """The candles after `start`, in `walk` candles when they are whole, else in `fallback` ones."""
    series = _fine(market, symbol, walk, start, now)
    if series is None or not _suffices(series, start, now, fallback):
        coarse = market.candles_between(symbol, fallback, _floor(start, fallback), now)
        series = coarse if series is None or _knows_more(coarse, series) else series
    reached = series.closes_at if len(series) else start
    return Stretch(symbol, series, start, max(start, reached, now - _LATEST_CANDLE))


def _fine(
    market: MarketSource, symbol: str, interval: str, start: datetime, now: datetime
) -> CandleSeries | None:
    """The fine candles; None when the venue has none of this size, or too many are needed."""
    if now - start > _LONGEST_IN_MINUTES:
        return None
    try:
        return market.candles_between(symbol, interval, start, now)
    except (VenueError, SettingsError):
        return None


def _suffices(series: CandleSeries, start: datetime, now: datetime, fallback: str) -> bool:
    """Whether no candle is missing so far, and no coarser one can have closed later."""
    length = interval_ms(series.interval)
    first_due = -(-epoch_ms(start) // length) * length
    if first_due + length > epoch_ms(now):
        return True
    whole = len(series) and int(series.open_time_ms[0]) == first_due and not _broken(series)
    return bool(whole) and series.closes_at >= _floor(now, fallback)


def _knows_more(coarse: CandleSeries, fine: CandleSeries) -> bool:
    """Whether the coarser candles reach further, or span a hole in the finer ones."""
    if not (len(coarse) and len(fine)):
        return bool(len(coarse))
    later = coarse.closes_at > fine.closes_at
    return later or _broken(fine) or coarse.open_time_ms[0] < fine.open_time_ms[0]


def _broken(series: CandleSeries) -> bool:
    return bool((np.diff(series.open_time_ms) != interval_ms(series.interval)).any())


def _floor(at: datetime, interval: str) -> datetime:
    """When the candle that holds this time opened: orders older than it were not all walked."""
    length = interval_ms(interval)
    return from_epoch_ms(epoch_ms(at) // length * length)
