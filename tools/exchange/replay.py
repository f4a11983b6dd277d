"""
A venue made of candle files, at the time its clock says.

Files hold candles and nothing else, so the rest is modelled and says so here: the last
price is the close of the last closed candle; the book stands 2 bps apart around it, ten
levels a side one basis point from each other, together a tenth of what an average minute
of the last day traded; tick and step follow from the digits in the file; funding and open
interest are unknown, and every market is taken for a perpetual. Nothing after the clock's
time is ever shown.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from pathlib import Path

import numpy as np

from records.candles import CandleSeries, interval_ms
from records.clock import Clock, epoch_ms, from_epoch_ms
from records.errors import BadCandles, SettingsError, StaleCandles, VenueError
from records.market import (
    Level,
    MarketSnapshot,
    OrderBook,
    Skipped,
    SymbolMarket,
    SymbolRules,
    Ticker,
)
from records.ports import MarketRequest
from tools.exchange import candle_files
from tools.exchange.aggregate import aggregate, divides
from tools.exchange.candle_files import CandleFile
from tools.exchange.findings import market_findings, stale_finding

_HALF_SPREAD = Decimal("0.0001")
_BOOK_LEVELS = 10
_DEPTH_OF_MINUTE = Decimal("0.1")
_MIN_NOTIONAL = Decimal(10)
_MAX_LEVERAGE = 20
_MAINTENANCE_PCT = Decimal("0.5")
_DAY_MS = 86_400_000


class ReplayMarket:
    """Recorded candles as a venue; keeps records.ports.MarketSource."""

    name = "replay"
    synthetic = False

    def __init__(self, files: Sequence[Path], clock: Clock) -> None:
        if not files:
            raise SettingsError(
                "The replay venue has no candle files. Nothing was replayed. "
                "List files such as BTC_USDT-1h.parquet in the settings."
            )
        self._clock = clock
        self._tapes: dict[str, dict[str, _Tape]] = {}
        for file in sorted(map(candle_files.described, files), key=lambda one: one.path.name):
            by_interval = self._tapes.setdefault(file.symbol, {})
            by_interval.setdefault(file.interval, _Tape([])).files.append(file)

    def clock(self) -> Clock:
        return self._clock

    def rules(self, symbol: str) -> SymbolRules:
        """Steps that suit the digits and the price level of the files."""
        return self._finest(symbol).rules

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        """
        All markets asked for, as of the clock's time.

        Raises VenueError when the files show none; in an outage, with candles before it and
        after, the snapshot is empty and says so.
        """
        now = self._clock.now()
        markets, skipped, too_small = {}, [], list[SettingsError]()
        unusable: list[BadCandles] = []
        for symbol in request.symbols:
            try:
                markets[symbol] = self._market(symbol, request, now)
            except SettingsError as problem:
                too_small.append(problem)
                skipped.append(Skipped(symbol=symbol, reason=str(problem)[:300]))
            except BadCandles as problem:
                unusable.append(problem)
                skipped.append(Skipped(symbol=symbol, reason=str(problem)[:300]))
            except StaleCandles as problem:
                skipped.append(Skipped(symbol=symbol, reason=str(problem)[:300], cause="stale"))
            except _Absent as problem:
                skipped.append(Skipped(symbol=symbol, reason=str(problem)[:300], cause="absent"))
        seen = MarketSnapshot(
            venue=self.name, synthetic=False, as_of=now, markets=markets, skipped=tuple(skipped)
        )
        if skipped and not markets and not seen.is_quiet(request.symbols):
            if len(too_small) == len(skipped):
                raise too_small[0]
            if unusable:
                raise unusable[0]
            raise VenueError(
                f"No market can be replayed at {now:%Y-%m-%d %H:%M} UTC: {skipped[0].reason} "
                "Nothing was traded. Choose a time or files that overlap."
            )
        if (beside := request.for_price()) is not None:
            for symbol in beside.symbols:
                with suppress(SettingsError, VenueError):
                    markets[symbol] = self._market(symbol, beside, now)
        return seen.model_copy(update={"markets": markets})

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        """Closed candles that opened at or after `start` and closed by `end`."""
        until_ms = min(epoch_ms(end), epoch_ms(self._clock.now()))
        tape = self._tape_for(symbol, interval)
        whole = aggregate(tape.window(epoch_ms(start), until_ms), interval)
        return whole.since(epoch_ms(start)).closed_by(until_ms)

    def _market(self, symbol: str, request: MarketRequest, now: datetime) -> SymbolMarket:
        now_ms = epoch_ms(now)
        finest = self._finest(symbol)
        recent = finest.window(now_ms - _DAY_MS - 2 * finest.length_ms, now_ms)
        if recent.is_stale(now_ms):
            raise self._stopped(symbol, finest.newest(1, now_ms), now_ms)
        frames = {
            interval: self._frame(symbol, interval, request.candles, now_ms)
            for interval in request.intervals
        }
        try:
            findings = market_findings(tuple(frames.values()), request.candles, now_ms)
        except StaleCandles as problem:
            raise StaleCandles(f"No fresh candles of {symbol}; {problem}.") from problem
        book = _modelled_book(recent, finest.rules)
        if not (book.bids and book.asks):
            raise _Absent(f"{symbol}: its prices have too few digits to model a book from.")
        return SymbolMarket(
            symbol=symbol,
            ticker=Ticker(
                last=_exact(recent.close[-1]),
                bid=book.bids[0][0],
                ask=book.asks[0][0],
                at=from_epoch_ms(int(recent.open_time_ms[-1]) + finest.length_ms),
            ),
            book=book,
            rules=finest.rules,
            frames=frames,
            funding_rate_pct=None,
            open_interest=None,
            findings=tuple(map(str, findings)),
        )

    def _stopped(self, symbol: str, last: CandleSeries, now_ms: int) -> VenueError:
        """An outage when the file goes on later; else this is not a time of the file at all."""
        tape = self._finest(symbol).series
        if not len(last):
            return _Absent(f"The files of {symbol} hold no candle that had closed by then.")
        words = f"No fresh candles of {symbol}; {stale_finding(last, now_ms)}"
        if int(tape.open_time_ms[-1]) > now_ms:
            return StaleCandles(f"{words}.")
        return _Absent(f"{words}, and the files end there.")

    def _frame(self, symbol: str, interval: str, count: int, until_ms: int) -> CandleSeries:
        """The newest closed candles, put together from smaller ones if need be."""
        tape = self._tape_for(symbol, interval)
        rows = (count + 1) * (interval_ms(interval) // tape.length_ms)
        return aggregate(tape.newest(rows, until_ms), interval).closed_by(until_ms).last(count)

    def _tape_for(self, symbol: str, interval: str) -> "_Tape":
        tapes = self._known(symbol)
        if interval in tapes:
            return tapes[interval]
        fitting = [one for one in tapes if divides(one, interval)]
        if not fitting:
            raise SettingsError(
                f"The replay files of {symbol} hold {', '.join(tapes)} candles; {interval} cannot "
                "be made of them. Ask for larger intervals, or add a file with smaller candles."
            )
        return tapes[max(fitting, key=interval_ms)]

    def _finest(self, symbol: str) -> "_Tape":
        tapes = self._known(symbol)
        return tapes[min(tapes, key=interval_ms)]

    def _known(self, symbol: str) -> dict[str, "_Tape"]:
        if symbol not in self._tapes:
            raise _Absent(
                f"No replay file holds {symbol}; there are files of {', '.join(self._tapes)}."
            )
        return self._tapes[symbol]


class _Absent(VenueError):
    """This market cannot be shown at this time."""


@dataclass
class _Tape:
    """All files of one market and interval, read once."""

    files: list[CandleFile]

    @property
    def length_ms(self) -> int:
        return interval_ms(self.files[0].interval)

    @cached_property
    def series(self) -> CandleSeries:
        """The files one after the other; where two overlap, the one that begins first stands."""
        parts = sorted(
            map(candle_files.read, self.files), key=lambda one: one.open_time_ms[:1].sum()
        )
        times, blocks, reached = [], [], 0
        for part in parts:
            keep = part.open_time_ms >= reached
            times.append(part.open_time_ms[keep])
            columns = (part.open, part.high, part.low, part.close, part.volume)
            blocks.append(np.column_stack(columns)[keep])
            if times[-1].size:
                reached = int(times[-1][-1]) + self.length_ms
        first = self.files[0]
        return CandleSeries.checked(
            first.symbol,
            first.interval,
            np.concatenate(times),
            np.concatenate(blocks),
            source=" + ".join(file.path.name for file in self.files),
        )

    @cached_property
    def rules(self) -> SymbolRules:
        ends = np.concatenate((self.series.close[:1000], self.series.close[-1000:]))
        decimals = next((d for d in range(8) if (np.round(ends, d) == ends).all()), 8)
        magnitude = int(np.floor(np.log10(self.series.close.max()))) if len(self.series) else 0
        step = Decimal(1).scaleb(min(0, -magnitude - 1))
        return SymbolRules(
            tick=Decimal(1).scaleb(-decimals),
            step=step,
            min_quantity=step,
            min_notional=_MIN_NOTIONAL,
            perpetual=True,
            max_leverage=_MAX_LEVERAGE,
            maintenance_pct=_MAINTENANCE_PCT,
        )

    def window(self, from_ms: int, until_ms: int) -> CandleSeries:
        """Candles that opened at or after one time and closed by another."""
        return self._cut(int(np.searchsorted(self.series.open_time_ms, from_ms)), until_ms)

    def newest(self, count: int, until_ms: int) -> CandleSeries:
        """As many candles that had closed by a time."""
        return self._cut(max(0, self._closed(until_ms) - count), until_ms)

    def _closed(self, until_ms: int) -> int:
        opened_by = until_ms - self.length_ms
        return int(np.searchsorted(self.series.open_time_ms, opened_by, side="right"))

    def _cut(self, first: int, until_ms: int) -> CandleSeries:
        """Views of the arrays, not copies."""
        whole, cut = self.series, slice(first, max(first, self._closed(until_ms)))
        return CandleSeries(
            whole.symbol,
            whole.interval,
            whole.open_time_ms[cut],
            whole.open[cut],
            whole.high[cut],
            whole.low[cut],
            whole.close[cut],
            whole.volume[cut],
        )


def _exact(price: float) -> Decimal:
    return Decimal(repr(float(price)))


def _modelled_book(recent: CandleSeries, rules: SymbolRules) -> OrderBook:
    """Ten levels a side around the last close, as the module docstring says."""
    last = _exact(recent.close[-1])
    minutes = len(recent) * interval_ms(recent.interval) // 60_000
    per_minute = _exact(float(recent.volume.sum())) / max(1, minutes)
    size = per_minute * _DEPTH_OF_MINUTE / _BOOK_LEVELS
    size = max(rules.step, (size / rules.step).to_integral_value(ROUND_FLOOR) * rules.step)
    asks: list[Level] = []
    bids: list[Level] = []
    for k in range(_BOOK_LEVELS):
        away = last * _HALF_SPREAD * (1 + k)
        ask = ((last + away) / rules.tick).to_integral_value(ROUND_CEILING) * rules.tick
        bid = ((last - away) / rules.tick).to_integral_value(ROUND_FLOOR) * rules.tick
        asks.append((ask, size))
        if bid > 0:
            bids.append((bid, size))
    return OrderBook(bids=tuple(dict(bids).items()), asks=tuple(dict(asks).items()))
