"""Candles and snapshots for the tests of indicators, signals and charts."""

from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records.candles import CandleSeries, interval_ms
from records.market import MarketSnapshot, OrderBook, SymbolMarket, SymbolRules, Ticker

REAL = Path(__file__).parents[3] / "../shared/data/ohlcv/binance"
START_MS = 1_735_689_600_000
HOUR_MS = 3_600_000


def from_closes(
    closes: NDArray[np.float64] | list[float],
    *,
    symbol: str = "BTC/USDT",
    interval: str = "1h",
    wick: float = 0.0,
    volume: NDArray[np.float64] | list[float] | None = None,
) -> CandleSeries:
    """Candles that open at the close before, with wicks of a given share of the price."""
    close = np.asarray(closes, dtype=np.float64)
    opened = np.concatenate([close[:1], close[:-1]])
    top = np.maximum(opened, close) * (1 + wick)
    bottom = np.minimum(opened, close) * (1 - wick)
    amount = np.full(close.size, 10.0) if volume is None else np.asarray(volume, dtype=np.float64)
    times = START_MS + interval_ms(interval) * np.arange(close.size, dtype=np.int64)
    block = np.column_stack([opened, top, bottom, close, amount])
    return CandleSeries.checked(symbol, interval, times, block)


def wandering(
    count: int = 600, *, seed: int = 7, symbol: str = "BTC/USDT", interval: str = "1h"
) -> CandleSeries:
    """A seeded random walk with wicks and uneven volume."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.006, count)))
    opened = np.concatenate([close[:1], close[:-1]])
    top = np.maximum(opened, close) * (1 + rng.exponential(0.002, count))
    bottom = np.minimum(opened, close) * (1 - rng.exponential(0.002, count))
    volume = np.exp(rng.normal(3, 0.6, count))
    times = START_MS + interval_ms(interval) * np.arange(count, dtype=np.int64)
    block = np.column_stack([opened, top, bottom, close, volume])
    return CandleSeries.checked(symbol, interval, times, block)


def real(coin: str, end: int = 3000, count: int = 600, *, interval: str = "1h") -> CandleSeries:
    """Real candles of Binance, from the shared data."""
    import pandas as pd

    file = REAL / f"{coin}_USDT-{interval}.202409-202506.parquet"
    frame = pd.read_parquet(file).iloc[end - count : end]
    block = frame[["open", "high", "low", "close", "volume"]].to_numpy(dtype=np.float64)
    times = frame["timestamp"].to_numpy(dtype=np.int64)
    return CandleSeries.checked(f"{coin}/USDT", interval, times, block)


def snapshot(*series: CandleSeries, synthetic: bool = False) -> MarketSnapshot:
    """A snapshot that holds these series, several intervals of a market under one roof."""
    frames: dict[str, dict[str, CandleSeries]] = {}
    for one in series:
        frames.setdefault(one.symbol, {})[one.interval] = one
    return MarketSnapshot(
        venue="test",
        synthetic=synthetic,
        as_of=series[0].closes_at,
        markets={symbol: _market(symbol, held) for symbol, held in frames.items()},
    )


def _market(symbol: str, frames: dict[str, CandleSeries]) -> SymbolMarket:
    series = next(iter(frames.values()))
    last = Decimal(repr(float(series.close[-1])))
    return SymbolMarket(
        symbol=symbol,
        ticker=Ticker(last=last, bid=last, ask=last, at=series.closes_at),
        book=OrderBook(bids=(), asks=()),
        rules=SymbolRules(
            tick=Decimal("0.01"),
            step=Decimal("0.001"),
            min_quantity=Decimal(0),
            min_notional=Decimal(5),
        ),
        frames=frames,
        funding_rate_pct=None,
        open_interest=None,
    )
