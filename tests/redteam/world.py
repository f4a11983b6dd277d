"""
The market every case runs in: three spot markets at round prices, rising or falling.

A fake of our own protocol, MarketSource: what the contract fixes (prices, lots, minimum) is
here, and candles that make the desk's own signal and readers agree with its "trend up".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np

from crew.desk import Desk, open_desk
from crew.settings import Settings, load_settings
from records.candles import CandleSeries
from records.clock import Clock, FixedClock, epoch_ms
from records.interval import interval_ms
from records.market import MarketSnapshot, OrderBook, SymbolMarket, SymbolRules, Ticker
from records.ports import MarketRequest

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
Mood = Literal["rising", "falling"]


@dataclass(frozen=True)
class _Listing:
    mark: Decimal
    lot: Decimal


LISTED = {
    "BTC/USDT": _Listing(Decimal("60000"), Decimal("0.00001")),
    "ETH/USDT": _Listing(Decimal("3000"), Decimal("0.0001")),
    "SOL/USDT": _Listing(Decimal("150"), Decimal("0.01")),
}
_TICK = Decimal("0.01")


class World:
    """A market that stands still at one moment; keeps records.ports.MarketSource."""

    name = "replay"
    synthetic = False

    def __init__(self, clock: Clock, mood: Mood) -> None:
        self._clock = clock
        self._mood = mood

    def clock(self) -> Clock:
        return self._clock

    def rules(self, symbol: str) -> SymbolRules:
        lot = LISTED[symbol].lot
        return SymbolRules(tick=_TICK, step=lot, min_quantity=lot, min_notional=Decimal(10))

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        now = self._clock.now()
        return MarketSnapshot(
            venue=self.name,
            synthetic=False,
            as_of=now,
            markets={s: self._market(s, request, now) for s in request.symbols if s in LISTED},
        )

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        series = self._candles(symbol, interval, 1500)
        return series.since(epoch_ms(start)).closed_by(epoch_ms(end))

    def _market(self, symbol: str, request: MarketRequest, now: datetime) -> SymbolMarket:
        mark = LISTED[symbol].mark
        bids = tuple((mark - _TICK * (k + 1), Decimal(50)) for k in range(10))
        asks = tuple((mark + _TICK * k, Decimal(50)) for k in range(10))
        return SymbolMarket(
            symbol=symbol,
            ticker=Ticker(last=mark, bid=bids[0][0], ask=asks[0][0], at=now),
            book=OrderBook(bids=bids, asks=asks),
            rules=self.rules(symbol),
            frames={i: self._candles(symbol, i, request.candles) for i in request.intervals},
            funding_rate_pct=None,
            open_interest=None,
        )

    def _candles(self, symbol: str, interval: str, count: int) -> CandleSeries:
        """Closes that end at the mark; waves on a slope."""
        length = interval_ms(interval)
        last = epoch_ms(self._clock.now()) // length * length
        steps = np.arange(-count + 1, 1)
        slope = 0.00012 if self._mood == "rising" else -0.00012
        wave = 0.0008 * (np.sin(steps / 7.0) - np.sin(steps[-1] / 7.0))
        close = float(LISTED[symbol].mark) * np.exp(slope * steps + wave)
        opened = np.concatenate(([close[0]], close[:-1]))
        high, low = np.maximum(opened, close) * 1.0004, np.minimum(opened, close) * 0.9996
        volume = 100 + 10 * np.cos(steps / 3.0)
        block = np.column_stack((opened, high, low, close, volume))
        return CandleSeries.checked(symbol, interval, last + (steps - 1) * length, block)


def settings_for(base_url: str, feed: str | None, **changes: object) -> Settings:
    """The contract's limits on the shipped settings; a provider's client on a loopback server."""
    flags = {
        "venue": "replay",
        "replay": {"files": ["unused.parquet"], "start": "2026-01-15T12:00:00Z"},
        "symbols": list(LISTED),
        "model": "openai/scripted",
        "llm": {"base_url": base_url, "api_key": "sk-redteam-is-no-real-key"},
        "news": {"feeds": [feed] if feed else [], "allow_private_addresses": True},
        "paper": {"cash": 10_000},
        "risk": {
            "max_position_pct": 10,
            "max_leverage": 1,
            "price_band_pct": "0.5",
            "max_price_deviation_pct": "0.5",
            "min_stop_pct": "0.3",
            "max_stop_pct": 10,
        },
    }
    return load_settings(flags | changes, env_file=None)


@contextmanager
def desk_in(home: Path, settings: Settings, mood: Mood, at: datetime = NOW) -> Iterator[Desk]:
    """An open desk in this world."""
    clock = FixedClock(at)
    with open_desk(settings, home, clock) as desk:
        desk.venue_clock = lambda: clock  # type: ignore[method-assign]
        desk.market = lambda _clock: World(clock, mood)  # type: ignore[method-assign]
        yield desk
