"""
Has the pictures drawn by another process, while this one is busy importing CrewAI.

The studio hands over finished numbers and gets files back. A picture that fails is a
missing picture with a sentence in `problems`: no cycle ends because of a drawing. File
names are made from symbols so that none, however spelled, leaves the folder, and the
other process is given no secret: its environment is a short list of harmless names.
"""

import json
import logging
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from records.candles import CandleSeries
from records.interval import interval_ms
from records.market import MarketSnapshot
from tools.chart.geometry import BARS, ChartGeometry, geometry
from tools.chart.trend_lines import TrendLine
from tools.indicators.ema import LENGTHS
from tools.indicators.smoothing import Array, exponential
from tools.indicators.wavetrend import wave_trend
from tools.worker import Worker

LARGER_BARS = 60
_PLAIN = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20} [0-9]{1,4}[mhdw]")
_log = logging.getLogger(__name__)


class ChartStudio:
    """The pictures of one cycle: started early, collected when an agent is about to look."""

    def __init__(
        self,
        folder: Path,
        snapshot: MarketSnapshot,
        symbols: tuple[str, ...],
        interval: str,
        larger: str | None = None,
    ) -> None:
        """A picture shows `interval`, and `larger` beside it where the market has both."""
        self.problems: dict[str, str] = {}
        self._folder = folder.resolve()
        self._snapshot = snapshot
        self._symbols = tuple(dict.fromkeys(symbols))
        self._interval = interval
        self._larger = larger
        self._lock = Lock()
        self._worker: Worker | None = None
        self._drawn: dict[str, Path] = {}

    def path(self, symbol: str) -> Path:
        """Where this market's picture is, once it is drawn."""
        return self._folder / file_name(symbol, self._interval)

    def start(self) -> None:
        """Begin drawing in a process of its own and return at once."""
        charts = [self._chart(s, series) for s in self._symbols if (series := self._series(s))]
        if not charts:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._worker = Worker("tools.chart.render", json.dumps({"charts": charts}).encode())
        except OSError as error:
            for symbol in self._symbols:
                self._blame(symbol, f"the drawing process could not start ({error.strerror})")

    def finish(self, timeout_s: float) -> dict[str, Path]:
        """
        Wait for the pictures and say where they are; what is missing is in `problems`.

        Whoever asks first decides how long to wait: what is late then is missing for good.
        """
        with self._lock:
            return self._finished(timeout_s)

    def _finished(self, timeout_s: float) -> dict[str, Path]:
        ending = "drawing was not started"
        if self._worker is not None:
            reports, ending = self._worker.finish(timeout_s)
            self._worker = None
            self._read(reports)
        for symbol in self._symbols:
            if self._series(symbol) is None:
                self._blame(symbol, f"there are no {self._interval} candles")
            elif symbol not in self._drawn:
                self._blame(symbol, ending)
        return dict(self._drawn)

    def _read(self, reports: list[bytes]) -> None:
        """Take in what the other process reported, a line for each picture."""
        for symbol, error in map(_report, reports):
            if symbol in self._symbols and error is None:
                self._drawn[symbol] = self.path(symbol)
            elif symbol in self._symbols:
                self._blame(symbol, f"it could not be drawn ({error})")

    def _blame(self, symbol: str, problem: str) -> None:
        if symbol not in self.problems:
            self.problems[symbol] = f"{problem}. The chart's numbers are not affected."
            _log.warning("no chart of %r: %s", symbol, self.problems[symbol])

    def _series(self, symbol: str, interval: str | None = None) -> CandleSeries | None:
        market = self._snapshot.markets.get(symbol)
        series = market.frames.get(interval or self._interval) if market else None
        return series if series is not None and len(series) else None

    def _chart(self, symbol: str, series: CandleSeries) -> dict[str, Any]:
        """Everything the picture needs, as plain numbers."""
        larger = self._series(symbol, self._larger) if self._larger else None
        frames = [frame(series, BARS), *([frame(larger, LARGER_BARS)] if larger else [])]
        intervals = " and ".join(one["interval"] for one in frames)
        return {
            "symbol": symbol,
            "file": str(self.path(symbol)),
            "title": f"{symbol}  {intervals}  at {self._snapshot.as_of:%Y-%m-%d %H:%M} UTC",
            "synthetic": self._snapshot.synthetic,
            "frames": frames,
        }


def larger_of(interval: str, intervals: Iterable[str]) -> str | None:
    """The next larger of these intervals; None when there is none."""
    return min(
        (one for one in intervals if interval_ms(one) > interval_ms(interval)),
        key=interval_ms,
        default=None,
    )


def frame(series: CandleSeries, bars: int) -> dict[str, Any]:
    """One interval for the drawing process: candles, averages, levels, lines and waves."""
    shape, view, wave = geometry(series), series.last(bars), wave_trend(series)
    columns = (view.open, view.high, view.low, view.close, view.volume)
    averages = {f"EMA {length}": exponential(series.close, length) for length in LENGTHS}
    return {
        "interval": series.interval,
        "heading": f"{series.interval}  to {series.closes_at:%m-%d %H:%M}",
        "open_time_ms": view.open_time_ms.tolist(),
        "ohlcv": np.column_stack(columns).tolist(),
        "averages": {name: _numbers(values[-len(view) :]) for name, values in averages.items()},
        "levels": _levels(shape, float(view.close[-1])),
        "lines": [_mark(line, len(view)) for line in (shape.low_line, shape.high_line) if line],
        "wave": {
            "wt1": _numbers(wave.wt1[-len(view) :]),
            "wt2": _numbers(wave.wt2[-len(view) :]),
        },
    }


def _levels(shape: ChartGeometry, close: float) -> list[dict[str, Any]]:
    marks = (
        ("support", shape.support, shape.support_touches),
        ("resistance", shape.resistance, shape.resistance_touches),
        ("close", close, 0),
    )
    return [{"name": n, "price": p, "touches": t} for n, p, t in marks if p is not None]


def _mark(line: TrendLine, bars: int) -> dict[str, Any]:
    """The line from where it comes into view."""
    begins = max(0, bars - 1 - line.bars)
    slope = (line.price - line.start) / line.bars
    start = line.price - slope * (bars - 1 - begins)
    return {"bar": begins, "start": start, "price": line.price, "touches": line.touches}


def file_name(symbol: str, interval: str) -> str:
    """A file name of its own for any market, safe on any file system: BTC-USDT-1h.png."""
    if _PLAIN.fullmatch(f"{symbol} {interval}"):
        return f"{symbol.replace('/', '-')}-{interval}.png"
    mark = sha256(f"{symbol} {interval}".encode(errors="replace")).hexdigest()[:16]
    return f"market-{mark}.png"


def _report(line: bytes) -> tuple[str, str | None]:
    """One line of the other process; a line that was cut off reports nothing."""
    try:
        report = json.loads(line)
        return str(report["symbol"]), report["error"]
    except (ValueError, KeyError, TypeError):
        return "", None


def _numbers(values: Array) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
