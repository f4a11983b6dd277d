"""
What the market answered in one cycle: kept as it came, and given again in the same order.

market.json holds every answer for reading; the numbers of its candles, nine tenths of what
a cycle sees, stand packed beside it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from crew.packed_candles import pack, unpack
from records.candles import CandleSeries
from records.clock import Clock
from records.errors import SettingsError, VenueError
from records.market import MarketSnapshot, SymbolRules
from records.ports import MarketRequest, MarketSource

_FORMAT = 2
_MARKET, _CANDLES = "market.json", "candles.bin"
_FIELDS: Mapping[str, type] = {
    "name": str,
    "synthetic": bool,
    "observed": list,
    "candles": list,
    "rules": dict,
    "packed": list,
}
_ONE_MARKET = 1
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)


@contextmanager
def undamaged(name: str) -> Iterator[None]:
    """Raise SettingsError where this file of a recording is not there or not what was written."""
    try:
        yield
    except _DAMAGE:
        raise SettingsError(
            f"{name} of the recording is damaged or not there. Nothing was run."
        ) from None


class ReplayedClock:
    """Stands where the recording last told the time; it never goes back."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance_to(self, at: datetime) -> None:
        self._at = max(self._at, at)


class Tape:
    """A market that keeps what it answers; itself a MarketSource."""

    def __init__(self, market: MarketSource) -> None:
        self.name = market.name
        self.synthetic = market.synthetic
        self._market = market
        self._observed: list[tuple[MarketRequest, MarketSnapshot]] = []
        self._candles: list[tuple[str, str, datetime, datetime, CandleSeries]] = []
        self._rules: dict[str, SymbolRules] = {}

    def clock(self) -> Clock:
        return self._market.clock()

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        snapshot = self._market.observe(request)
        self._observed.append((request, snapshot))
        return snapshot

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        series = self._market.candles_between(symbol, interval, start, end)
        self._candles.append((symbol, interval, start, end, series))
        return series

    def rules(self, symbol: str) -> SymbolRules:
        self._rules[symbol] = self._market.rules(symbol)
        return self._rules[symbol]

    def keep(self, write: Callable[[str, bytes], None]) -> None:
        """Hand over both files, by name and content."""
        block = _Block()
        document = {
            "format": _FORMAT,
            "name": self.name,
            "synthetic": self.synthetic,
            "observed": [
                {"asked": asked.model_dump(mode="json"), **_snapshot_document(seen, block)}
                for asked, seen in self._observed
            ],
            "candles": [
                {"start": start, "end": end, **block.add(series)}
                for _symbol, _interval, start, end, series in self._candles
            ],
            "rules": {s: rules.model_dump(mode="json") for s, rules in self._rules.items()},
        }
        content, document["packed"] = block.packed()
        write(_CANDLES, content)
        write(_MARKET, orjson.dumps(document))


class RecordedMarket:
    """A market that gives the recorded answers, in their order, and refuses any other question."""

    def __init__(self, folder: Path, clock: ReplayedClock) -> None:
        document = market_document(folder)
        self._clock = clock
        self._first: MarketSnapshot | None = None
        with undamaged(_CANDLES):
            self._read = _Packed(folder, document["packed"])
        with undamaged(_MARKET):
            self.name: str = document["name"]
            self.synthetic: bool = document["synthetic"]
            self._rules: dict[str, Any] = dict(document["rules"])
            self._observed = _queues(document["observed"], lambda one: _key(one["asked"]))
            self._candles = _queues(document["candles"], _series_key)

    def clock(self) -> Clock:
        return self._clock

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        """As recorded; a market whose price was not asked for anew has the price it had."""
        if found := self._observed.get(_key(request.model_dump(mode="json"))):
            with undamaged(_MARKET):
                snapshot = _snapshot(found.popleft(), self._read)
            self._first = self._first or snapshot
            self._clock.advance_to(snapshot.as_of)
            return snapshot
        if self._first is not None and len(request.symbols) == _ONE_MARKET:
            kept = {s: m for s, m in self._first.markets.items() if s in request.symbols}
            if kept:
                return self._first.model_copy(update={"markets": kept, "skipped": ()})
        raise _not_held(f"prices of {', '.join(request.symbols)}")

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        found = self._candles.get(f"{symbol} {interval}")
        if not found:
            raise _not_held(f"{interval} candles of {symbol} from {start.isoformat()}")
        answer = found.popleft()
        with undamaged(_MARKET):
            self._clock.advance_to(datetime.fromisoformat(answer["end"]))
            return self._read.series(answer)

    def rules(self, symbol: str) -> SymbolRules:
        if symbol not in self._rules:
            raise _not_held(f"rules of {symbol}")
        with undamaged(_MARKET):
            return SymbolRules.model_validate(self._rules[symbol])


def market_document(folder: Path) -> dict[str, Any]:
    """
    What market.json holds; raises SettingsError when it is damaged or of an older release.

    Whatever is read here has its fields; what is in them is for its reader.
    """
    try:
        with undamaged(_MARKET):
            content = (folder / _MARKET).read_bytes()
        document = orjson.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise SettingsError(
            f"The recording {folder.name!r} was not written by this release and cannot be read. "
            "Nothing was run. Record a cycle again."
        )
    with undamaged(_MARKET):
        for field, kind in _FIELDS.items():
            if not isinstance(document[field], kind):
                raise TypeError(field)
    return document


def quotes_recorded(folder: Path) -> bool:
    """Whether the cycle asked for fresh prices before it sent an order."""
    return len(market_document(folder)["observed"]) > 1


class _Block:
    """Gathers the numbers of many series."""

    def __init__(self) -> None:
        self._series: list[CandleSeries] = []

    def add(self, series: CandleSeries) -> dict[str, Any]:
        """What stands in the document in the series' place."""
        self._series.append(series)
        number = len(self._series) - 1
        return {"symbol": series.symbol, "interval": series.interval, "series": number}

    def packed(self) -> tuple[bytes, list[dict[str, Any]]]:
        columns = [
            column
            for s in self._series
            for column in (s.open_time_ms, s.open, s.high, s.low, s.close, s.volume)
        ]
        content, digits = pack(columns)
        told = [
            {"candles": len(series), "digits": digits[6 * number : 6 * number + 6]}
            for number, series in enumerate(self._series)
        ]
        return content, told


class _Packed:
    """The series of candles.bin, by their number."""

    def __init__(self, folder: Path, told: list[dict[str, Any]]) -> None:
        lengths = [one["candles"] for one in told for _column in range(6)]
        digits = [number for one in told for number in one["digits"]]
        self._columns = unpack((folder / _CANDLES).read_bytes(), lengths, digits)

    def series(self, named: Mapping[str, Any]) -> CandleSeries:
        first = 6 * int(named["series"])
        times, *ohlcv = self._columns[first : first + 6]
        return CandleSeries.checked(
            named["symbol"], named["interval"], times.astype(np.int64), np.column_stack(ohlcv)
        )


def _queues(
    answers: list[dict[str, Any]], key: Callable[[dict[str, Any]], str]
) -> dict[str, deque[dict[str, Any]]]:
    found: dict[str, deque[dict[str, Any]]] = {}
    for answer in answers:
        found.setdefault(key(answer), deque()).append(answer)
    return found


def _series_key(one: Mapping[str, Any]) -> str:
    return f"{one['symbol']} {one['interval']}"


def _key(asked: Mapping[str, Any]) -> str:
    return orjson.dumps(asked, option=orjson.OPT_SORT_KEYS).decode()


def _not_held(what: str) -> VenueError:
    return VenueError(f"The recording holds no {what}. Nothing was replayed.")


def _snapshot_document(snapshot: MarketSnapshot, block: _Block) -> dict[str, Any]:
    document = snapshot.model_dump(mode="json", exclude={"markets"})
    document["markets"] = {
        symbol: {
            **market.model_dump(mode="json", exclude={"frames"}),
            "frames": {i: block.add(series) for i, series in market.frames.items()},
        }
        for symbol, market in snapshot.markets.items()
    }
    return document


def _snapshot(document: Mapping[str, Any], read: _Packed) -> MarketSnapshot:
    markets = {
        symbol: {**market, "frames": {i: read.series(s) for i, s in market["frames"].items()}}
        for symbol, market in document["markets"].items()
    }
    whole = {name: value for name, value in document.items() if name != "asked"}
    return MarketSnapshot.model_validate({**whole, "markets": markets})
