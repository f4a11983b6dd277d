"""Candles of one market and interval, as arrays; the only record that carries numpy."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self

import numpy as np
from numpy.typing import NDArray

from records.candle_faults import candle_faults
from records.clock import from_epoch_ms
from records.errors import BadCandles
from records.interval import interval_ms as interval_ms

STALE_AFTER_INTERVALS = 2
"""A venue that is late by one candle is slow; by two, it has stopped."""


@dataclass(frozen=True, slots=True)
class CandleSeries:
    """
    Closed candles of one market, oldest first; arrays are read-only.

    `open_time_ms` is int64 (UTC), the rest float64, all of one length. Gaps are left
    as they are; disorder, duplicates and impossible values are refused.
    """

    symbol: str
    interval: str
    open_time_ms: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    @classmethod
    def checked(
        cls,
        symbol: str,
        interval: str,
        open_time_ms: NDArray[np.int64],
        ohlcv: NDArray[np.float64],
        *,
        source: str = "",
    ) -> Self:
        """
        Build from an (n, 5) block of open, high, low, close, volume.

        Raises BadCandles with every kind of fault, its count and its first row. The last
        guard of every source: what passes here can be computed with.
        """
        where = source or f"{symbol} {interval}"
        times = np.ascontiguousarray(open_time_ms, dtype=np.int64)
        block = np.asarray(ohlcv, dtype=np.float64)
        if block.shape != (times.size, 5):
            raise BadCandles(where, f"expected {times.size} rows of 5 numbers, got {block.shape}")
        if (faults := candle_faults(times, block, interval)) is not None:
            raise BadCandles(where, faults)
        columns = [np.ascontiguousarray(block[:, i]) for i in range(5)]
        for array in (times, *columns):
            array.flags.writeable = False
        return cls(symbol, interval, times, *columns)

    @classmethod
    def none(cls, symbol: str, interval: str) -> Self:
        """Not a single candle."""
        return cls.checked(symbol, interval, np.empty(0, dtype=np.int64), np.empty((0, 5)))

    def __len__(self) -> int:
        return int(self.open_time_ms.size)

    @property
    def closes_at(self) -> datetime:
        """When the last candle closed, UTC."""
        return from_epoch_ms(int(self.open_time_ms[-1]) + interval_ms(self.interval))

    def is_stale(self, now_ms: int) -> bool:
        """Whether the newest candle closed more than two intervals ago, or there is none."""
        if not len(self):
            return True
        most_ms = (STALE_AFTER_INTERVALS + 1) * interval_ms(self.interval)
        return now_ms - int(self.open_time_ms[-1]) > most_ms

    def closed_by(self, at_ms: int) -> "CandleSeries":
        """Only the candles that were closed at this time."""
        return self._cut(self.open_time_ms + interval_ms(self.interval) <= at_ms)

    def since(self, at_ms: int) -> "CandleSeries":
        """Only the candles that opened at or after this time."""
        return self._cut(self.open_time_ms >= at_ms)

    def last(self, count: int) -> "CandleSeries":
        """The newest `count` candles."""
        keep = np.zeros(len(self), dtype=bool)
        keep[max(0, len(self) - count) :] = True
        return self._cut(keep)

    def digest(self) -> str:
        """A fingerprint of every number in the series."""
        fingerprint = sha256(f"{self.symbol} {self.interval} {len(self)}".encode())
        for array in (self.open_time_ms, self.open, self.high, self.low, self.close, self.volume):
            fingerprint.update(array.tobytes())
        return fingerprint.hexdigest()

    def _cut(self, keep: NDArray[np.bool_]) -> "CandleSeries":
        if bool(keep.all()):
            return self
        times = self.open_time_ms[keep]
        columns = [c[keep] for c in (self.open, self.high, self.low, self.close, self.volume)]
        for array in (times, *columns):
            array.flags.writeable = False
        return CandleSeries(self.symbol, self.interval, times, *columns)
