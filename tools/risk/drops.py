"""
How far a market fell, from its candles and the price of this moment.

Source: domain reference, Circuit breaker. A drop is measured from the close before a window
to the lowest low within it. What cannot be measured is None and never a guess: a gap where
the window begins would add an older fall to it, a stale frame would repeat one. After a
manual reset a window begins at the first close after it, so that no earlier fall counts.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from records.breaker import Fall
from records.candles import CandleSeries
from records.clock import epoch_ms
from records.interval import interval_ms
from records.market import MarketSnapshot, Ticker
from tools.risk.frames import MINUTE_MS, exact, fresh_frames, unbroken

Step = tuple[Decimal, Decimal]
"""A price, and a later one."""


def drop(
    snapshot: MarketSnapshot, symbol: str, minutes: int, since: datetime | None = None
) -> Fall | None:
    """The fall within the last `minutes`, or since a reset, by the finest candles that can tell."""
    span_ms = minutes * MINUTE_MS
    for series, ticker in _seen(snapshot, symbol):
        if interval_ms(series.interval) <= span_ms:
            base = _base(series, epoch_ms(snapshot.as_of) - span_ms, since)
            if base is not None and (lows := _lows(series, base, ticker)):
                return _fall(snapshot, symbol, (exact(series.close[base]), min(lows)))
    return None


def slide(snapshot: MarketSnapshot, symbol: str, minutes: int) -> Fall | None:
    """The deepest fall from any close to a later low, within `minutes` or one candle."""
    for series, ticker in _seen(snapshot, symbol):
        span_ms = max(minutes * MINUTE_MS, interval_ms(series.interval))
        base = _base(series, epoch_ms(snapshot.as_of) - span_ms, None)
        if base is not None and unbroken(series.last(len(series) - base)):
            peaks = accumulate(map(exact, series.close[base:]), max)
            steps = list(zip(peaks, _lows(series, base, ticker), strict=False))
            if steps:
                return _fall(snapshot, symbol, max(steps, key=_depth))
    return None


def lowest_since(snapshot: MarketSnapshot, symbol: str, at: datetime) -> Decimal | None:
    """The lowest price of candles that closed after a time, and of now; None: none was seen."""
    for series, ticker in _seen(snapshot, symbol):
        return min(_prices_after(series, epoch_ms(at), ticker), default=None)
    return None


def newest_price(snapshot: MarketSnapshot, symbol: str) -> Decimal | None:
    """The ticker's price, or the last close where that is newer; None: none was seen."""
    for series, ticker in _seen(snapshot, symbol):
        after = _prices_after(series, int(_closes_ms(series)[-1]), ticker)
        return after[0] if after else exact(series.close[-1])
    return None


def _seen(snapshot: MarketSnapshot, symbol: str) -> Iterator[tuple[CandleSeries, Ticker]]:
    """The usable frames of a market with its ticker; none when the market is missing."""
    if (market := snapshot.markets.get(symbol)) is not None:
        for series in fresh_frames(market, epoch_ms(snapshot.as_of)):
            yield series, market.ticker


def _base(series: CandleSeries, start_ms: int, since: datetime | None) -> int | None:
    """The candle at whose close the window begins; None where it is missing."""
    closes_ms = _closes_ms(series)
    base = int(np.searchsorted(closes_ms, start_ms, side="right")) - 1
    if since is not None:
        start_ms = max(start_ms, epoch_ms(since))
        base = max(base, int(np.searchsorted(closes_ms, epoch_ms(since), side="left")))
    if not 0 <= base < len(series):
        return None
    adjacent = abs(int(closes_ms[base]) - start_ms) < interval_ms(series.interval)
    return base if adjacent else None


def _lows(series: CandleSeries, base: int, ticker: Ticker) -> list[Decimal]:
    """The lows after a candle, and the price of now."""
    return _prices_after(series, int(_closes_ms(series)[base]), ticker)


def _prices_after(series: CandleSeries, at_ms: int, ticker: Ticker) -> list[Decimal]:
    """The lows of candles that closed after a time, and the price of now unless it is older."""
    lows = [exact(low) for low in series.low[_closes_ms(series) > at_ms]]
    if epoch_ms(ticker.at) >= at_ms:
        lows.append(ticker.last)
    return lows


def _closes_ms(series: CandleSeries) -> NDArray[np.int64]:
    return series.open_time_ms + interval_ms(series.interval)


def _depth(step: Step) -> Decimal:
    return (step[0] - step[1]) / step[0]


def _fall(snapshot: MarketSnapshot, symbol: str, step: Step) -> Fall:
    return Fall(symbol=symbol, before=step[0], lowest=step[1], as_of=snapshot.as_of)
