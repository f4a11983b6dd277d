"""
Keeps everything one cycle was given, so that it can be run again offline.

A folder per cycle: the ledger as it was before, every answer of the market, the news,
the models' HTTP traffic, and the settings and YAML in force. Everything passes through the
redactor, so that no key is among them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from crew.desk import Desk
from crew.home import set_aside
from crew.settings import SECRETS
from records.candles import CandleSeries
from records.clock import Clock
from records.context import Reading
from records.errors import LedgerError, SettingsError, VenueError
from records.market import MarketSnapshot, SymbolRules
from records.ports import MarketRequest, MarketSource
from tools.news.item import NewsReading

_SECRET_SETTINGS: dict[str, Any] = {"llm": {"api_key"}, **dict.fromkeys(SECRETS, True)}


class Recorder:
    """Writes one cycle's recording, piece by piece."""

    def __init__(self, desk: Desk, cycle_id: str) -> None:
        self.folder = desk.home / "recordings" / cycle_id
        self._desk = desk
        self._tape: Tape | None = None

    def begin(self) -> None:
        """Keep the ledger, the settings and the YAML as they are before the cycle."""
        settings = self._desk.settings
        with _recordable():
            set_aside(self.folder)
            self.folder.mkdir(parents=True)
            self._keep("agents.yaml", settings.path(settings.agents_file).read_bytes())
            self._keep("tasks.yaml", settings.path(settings.tasks_file).read_bytes())
        self._desk.ledger.backup(self.folder / "before.db")
        self._write("settings.json", settings.model_dump(mode="json", exclude=_SECRET_SETTINGS))

    def listen(self, market: MarketSource) -> MarketSource:
        """The same market, with every answer kept."""
        self._tape = Tape(market)
        return self._tape

    @contextmanager
    def models(self) -> Iterator[None]:
        """Keep the models' HTTP traffic."""
        from crew.cassettes import recording

        with recording(self.folder / "models.yaml", self._desk.redactor):
            yield

    def news(self, reading: NewsReading) -> NewsReading:
        """Keep what was read."""
        self._write("news.json", reading.model_dump(mode="json"))
        return reading

    def mood(self, reading: Reading) -> None:
        """Keep the Fear & Greed index as it was read."""
        self._write("mood.json", reading.model_dump(mode="json"))

    def finish(self) -> None:
        """Write the market's answers."""
        if self._tape is not None:
            self._write("market.json", self._tape.document())

    def _write(self, name: str, document: Any) -> None:
        with _recordable():
            self._keep(name, orjson.dumps(document))

    def _keep(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(self._desk.redactor.data(content))


class Tape:
    """A market that keeps what it answers; itself a MarketSource."""

    def __init__(self, market: MarketSource) -> None:
        self.name = market.name
        self.synthetic = market.synthetic
        self._market = market
        self._observed: dict[str, MarketSnapshot] = {}
        self._candles: dict[str, CandleSeries] = {}
        self._rules: dict[str, SymbolRules] = {}

    def clock(self) -> Clock:
        return self._market.clock()

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        snapshot = self._market.observe(request)
        self._observed[request.model_dump_json()] = snapshot
        return snapshot

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        series = self._market.candles_between(symbol, interval, start, end)
        self._candles[_asked(symbol, interval, start, end)] = series
        return series

    def rules(self, symbol: str) -> SymbolRules:
        self._rules[symbol] = self._market.rules(symbol)
        return self._rules[symbol]

    def document(self) -> dict[str, Any]:
        """Every answer, as JSON."""
        return {
            "name": self.name,
            "synthetic": self.synthetic,
            "observed": {asked: _snapshot_document(s) for asked, s in self._observed.items()},
            "candles": {asked: _series_document(s) for asked, s in self._candles.items()},
            "rules": {s: rules.model_dump(mode="json") for s, rules in self._rules.items()},
        }


class RecordedMarket:
    """A market that gives the recorded answers, and refuses any other question."""

    def __init__(self, file: Path, clock: Clock) -> None:
        document = orjson.loads(file.read_bytes())
        self.name: str = document["name"]
        self.synthetic: bool = document["synthetic"]
        self._document = document
        self._clock = clock

    def clock(self) -> Clock:
        return self._clock

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        return _snapshot(self._answer("observed", request.model_dump_json()))

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        return _series(self._answer("candles", _asked(symbol, interval, start, end)))

    def rules(self, symbol: str) -> SymbolRules:
        return SymbolRules.model_validate(self._answer("rules", symbol))

    def _answer(self, kind: str, asked: str) -> Any:
        if asked not in self._document[kind]:
            raise VenueError(f"The recording holds no {kind} for {asked}. Nothing was replayed.")
        return self._document[kind][asked]


def quotes_recorded(folder: Path) -> bool:
    """Whether the cycle asked for fresh prices before it sent an order."""
    return len(orjson.loads((folder / "market.json").read_bytes())["observed"]) > 1


def recorded_news(folder: Path) -> NewsReading | None:
    """The news the cycle read; None when it read none."""
    file = folder / "news.json"
    return NewsReading.model_validate_json(file.read_bytes()) if file.is_file() else None


def recorded_mood(folder: Path) -> Reading | None:
    """The Fear & Greed index the cycle read; None when it asked for none."""
    file = folder / "mood.json"
    return Reading.model_validate_json(file.read_bytes()) if file.is_file() else None


def recording_of(desk: Desk, cycle_id: str) -> Path:
    """The folder of a recorded cycle; raises SettingsError when it was not recorded."""
    folder = desk.home / "recordings" / cycle_id
    if not cycle_id or Path(cycle_id).name != cycle_id or not (folder / "market.json").is_file():
        raise SettingsError(
            f"Cycle {cycle_id!r} was not recorded; nothing was replayed. "
            "`record: true` in desk.yaml records every cycle from then on."
        )
    return folder


@contextmanager
def _recordable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"The cycle cannot be recorded ({error.strerror}). What cannot be recorded is not "
            "traded. Free disk space, mend permissions, or set record: false."
        ) from None


def _asked(symbol: str, interval: str, start: datetime, end: datetime) -> str:
    return f"{symbol} {interval} {start.isoformat()} {end.isoformat()}"


def _snapshot_document(snapshot: MarketSnapshot) -> dict[str, Any]:
    document = snapshot.model_dump(mode="json", exclude={"markets"})
    document["markets"] = {
        symbol: {
            **market.model_dump(mode="json", exclude={"frames"}),
            "frames": {i: _series_document(series) for i, series in market.frames.items()},
        }
        for symbol, market in snapshot.markets.items()
    }
    return document


def _snapshot(document: dict[str, Any]) -> MarketSnapshot:
    markets = {
        symbol: {**market, "frames": {i: _series(s) for i, s in market["frames"].items()}}
        for symbol, market in document["markets"].items()
    }
    return MarketSnapshot.model_validate({**document, "markets": markets})


def _series_document(series: CandleSeries) -> dict[str, Any]:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    return {
        "symbol": series.symbol,
        "interval": series.interval,
        "open_time_ms": series.open_time_ms.tolist(),
        "ohlcv": np.column_stack(columns).tolist() if len(series) else [],
    }


def _series(document: dict[str, Any]) -> CandleSeries:
    times = np.array(document["open_time_ms"], dtype=np.int64)
    ohlcv = np.array(document["ohlcv"], dtype=np.float64).reshape(times.size, 5)
    return CandleSeries.checked(document["symbol"], document["interval"], times, ohlcv)
