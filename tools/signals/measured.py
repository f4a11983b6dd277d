"""
The candles of one market with their indicators, each computed at most once.

Strategies ask it for figures as of one bar and cannot see behind that bar: what they say of
an earlier bar is what they would have said then.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Self

import numpy as np

from records.candles import CandleSeries
from records.clock import from_epoch_ms
from records.interval import interval_ms
from tools.indicators.registry import Frames, Known, indicator, last
from tools.indicators.smoothing import Array

Arrays = dict[str, Array]


class Measured:
    """One interval of a market as it was when its last visible candle closed."""

    def __init__(
        self,
        frames: Frames,
        interval: str,
        *,
        until_ms: int | None = None,
        known: Known | None = None,
    ) -> None:
        self._frames = frames
        self._series = series = frames[interval]
        self._known: Known = {} if known is None else known
        closed_at = series.open_time_ms + interval_ms(interval)
        shown = int(np.searchsorted(closed_at, until_ms, "right")) if until_ms else len(series)
        self._size = shown
        self._closes_ms = int(closed_at[shown - 1]) if shown else 0

    @classmethod
    def of(cls, series: CandleSeries) -> Self:
        """A market of which one interval is known."""
        return cls({series.interval: series}, series.interval)

    def __len__(self) -> int:
        return self._size

    @property
    def symbol(self) -> str:
        return self._series.symbol

    @property
    def interval(self) -> str:
        return self._series.interval

    @property
    def as_of(self) -> datetime:
        """Close of the last visible candle, UTC."""
        return from_epoch_ms(self._closes_ms)

    @property
    def open(self) -> Array:
        return self._series.open[: self._size]

    @property
    def high(self) -> Array:
        return self._series.high[: self._size]

    @property
    def low(self) -> Array:
        return self._series.low[: self._size]

    @property
    def close(self) -> Array:
        return self._series.close[: self._size]

    def array(self, name: str, key: str) -> Array:
        """One array of a registered indicator, up to the last visible bar."""
        return self.derived(name, indicator(name))[key]

    def value(self, name: str, key: str) -> float | None:
        """The newest value of that array; None where it is missing."""
        return last(self.array(name, key))

    def derived(self, name: str, compute: Callable[[CandleSeries], Arrays]) -> Arrays:
        """Arrays by a function of the candles, computed at most once under this name."""
        key = (self.interval, name)
        if key not in self._known:
            self._known[key] = compute(self._series)
        whole = self._known[key]
        if self._size == len(self._series):
            return whole
        return {each: array[: self._size] for each, array in whole.items()}

    def framed(self, name: str, compute: Callable[[Frames, str], Arrays]) -> Arrays:
        """The same by a function of all the market's intervals."""
        return self.derived(name, lambda _: compute(self._frames, self.interval))

    def larger(self) -> "Measured | None":
        """The next larger interval as it was at the same time; None where there is none."""
        own = interval_ms(self.interval)
        longer = {interval_ms(name): name for name in self._frames if interval_ms(name) > own}
        if not longer:
            return None
        return type(self)(
            self._frames, longer[min(longer)], until_ms=self._closes_ms, known=self._known
        )

    def at(self, bar: int) -> Self:
        """The same market when candle `bar` had just closed."""
        closes_ms = int(self._series.open_time_ms[bar]) + interval_ms(self.interval)
        return type(self)(self._frames, self.interval, until_ms=closes_ms, known=self._known)
