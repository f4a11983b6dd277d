"""
The market of a past cycle, also for a cycle that looks at less of it, or at a part twice.

What the recorded cycle asked for is answered as it was. A smaller question is answered from
what it saw; one that goes beyond is refused, because nobody knows what the answer was.
"""

from datetime import datetime
from pathlib import Path

from crew.market_tape import RecordedMarket, ReplayedClock, market_document, undamaged
from records.candles import CandleSeries
from records.clock import Clock, epoch_ms
from records.errors import VenueError
from records.market import MarketSnapshot, SymbolMarket, SymbolRules
from records.ports import MarketRequest


class PastMarket:
    """Keeps records.ports.MarketSource."""

    def __init__(self, folder: Path, clock: ReplayedClock) -> None:
        self._recorded = RecordedMarket(folder, clock)
        self.name = self._recorded.name
        self.synthetic = self._recorded.synthetic
        observed = market_document(folder)["observed"]
        with undamaged("market.json"):
            self._asked = MarketRequest.model_validate(observed[0]["asked"]) if observed else None
        self._seen: MarketSnapshot | None = None

    def clock(self) -> Clock:
        return self._recorded.clock()

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        try:
            snapshot = self._recorded.observe(request)
        except VenueError:
            snapshot = _cut(self._whole(), request)
        self._seen = self._seen or snapshot
        return snapshot

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        try:
            return self._recorded.candles_between(symbol, interval, start, end)
        except VenueError:
            frame = self._market(symbol).frames.get(interval)
            if frame is None:
                raise _unseen(f"{interval} candles of {symbol}") from None
            return frame.since(epoch_ms(start)).closed_by(epoch_ms(end))

    def rules(self, symbol: str) -> SymbolRules:
        try:
            return self._recorded.rules(symbol)
        except VenueError:
            return self._market(symbol).rules

    def _market(self, symbol: str) -> SymbolMarket:
        markets = self._whole().markets
        if symbol not in markets:
            raise _unseen(symbol)
        return markets[symbol]

    def _whole(self) -> MarketSnapshot:
        """What the recorded cycle saw at first."""
        if self._seen is None:
            if self._asked is None:
                raise _unseen("any market")
            self._seen = self._recorded.observe(self._asked)
        return self._seen


def _cut(seen: MarketSnapshot, request: MarketRequest) -> MarketSnapshot:
    """The part of a snapshot that a smaller question asks for."""
    skipped = {one.symbol for one in seen.skipped}
    for symbol in request.symbols:
        if symbol not in seen.markets and symbol not in skipped:
            raise _unseen(symbol)
    wanted = {*request.symbols, *request.optional}
    return seen.model_copy(
        update={
            "markets": {s: _less(m, request) for s, m in seen.markets.items() if s in wanted},
            "skipped": tuple(one for one in seen.skipped if one.symbol in request.symbols),
        }
    )


def _less(market: SymbolMarket, request: MarketRequest) -> SymbolMarket:
    intervals = request.intervals if market.symbol in request.symbols else request.intervals[:1]
    for interval in intervals:
        if interval not in market.frames:
            raise _unseen(f"{interval} candles of {market.symbol}")
    frames = {interval: market.frames[interval].last(request.candles) for interval in intervals}
    return market.model_copy(update={"frames": frames})


def _unseen(what: str) -> VenueError:
    return VenueError(f"The recorded cycle did not look at {what}, so this has no answer.")
