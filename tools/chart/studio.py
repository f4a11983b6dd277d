"""
Has the pictures drawn by another process, while this one is busy importing CrewAI.

The studio hands over finished numbers and gets files back. A picture that fails is a
missing picture with a sentence in `problems`: no cycle ends because of a drawing. File
names are made from symbols so that none, however spelled, leaves the folder, and the
other process is given no secret: its environment is a short list of harmless names.
"""

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import numpy as np

from records.candles import CandleSeries
from records.market import MarketSnapshot
from tools.chart.geometry import geometry
from tools.indicators.smoothing import Array, exponential

BARS = 120
MAX_OUTPUT_BYTES = 100_000
_ROOT = Path(__file__).resolve().parents[2]
_PLAIN = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20} [0-9]{1,4}[mhdw]")
_INHERITED = (
    "HOME",
    "LD_LIBRARY_PATH",
    "MPLCONFIGDIR",
    "PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "SYSTEMROOT",
    "TMPDIR",
)
_log = logging.getLogger(__name__)


class ChartStudio:
    """The pictures of one cycle: started early, collected when an agent is about to look."""

    def __init__(
        self, folder: Path, snapshot: MarketSnapshot, symbols: tuple[str, ...], interval: str
    ) -> None:
        self.problems: dict[str, str] = {}
        self._folder = folder.resolve()
        self._snapshot = snapshot
        self._symbols = tuple(dict.fromkeys(symbols))
        self._interval = interval
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
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
            self._output = tempfile.TemporaryFile()  # noqa: SIM115  closed by finish
            self._process = _spawn(json.dumps({"charts": charts}).encode(), self._output)
        except OSError as error:
            for symbol in self._symbols:
                self._blame(symbol, f"the drawing process could not start ({error.strerror})")

    def finish(self, timeout_s: float) -> dict[str, Path]:
        """Wait for the pictures and say where they are; what is missing is in `problems`."""
        ending = self._ending(timeout_s)
        if self._output is not None:
            self._read(self._output)
            self._output = None
        for symbol in self._symbols:
            if self._series(symbol) is None:
                self._blame(symbol, f"there are no {self._interval} candles")
            elif symbol not in self._drawn:
                self._blame(symbol, ending)
        for symbol, problem in self.problems.items():
            _log.warning("no chart of %r: %s", symbol, problem)
        return dict(self._drawn)

    def _ending(self, timeout_s: float) -> str:
        """How the drawing process came to its end, by itself or not."""
        if self._process is None:
            return "drawing was not started"
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"it was not drawn within {timeout_s:g} s"
        return f"the drawing process ended with code {code}"

    def _read(self, output: IO[bytes]) -> None:
        """Take in what the other process reported, a line for each picture."""
        with output:
            output.seek(0)
            reports = [_report(line) for line in output.read(MAX_OUTPUT_BYTES).splitlines()]
        for symbol, error in reports:
            if symbol in self._symbols and error is None:
                self._drawn[symbol] = self.path(symbol)
            elif symbol in self._symbols:
                self._blame(symbol, f"it could not be drawn ({error})")

    def _blame(self, symbol: str, problem: str) -> None:
        self.problems.setdefault(symbol, f"{problem}. The chart's numbers are not affected.")

    def _series(self, symbol: str) -> CandleSeries | None:
        market = self._snapshot.markets.get(symbol)
        series = market.frames.get(self._interval) if market else None
        return series if series is not None and len(series) else None

    def _chart(self, symbol: str, series: CandleSeries) -> dict[str, Any]:
        """Everything the picture needs, as plain numbers."""
        shape = geometry(series)
        view = series.last(BARS)
        columns = (view.open, view.high, view.low, view.close, view.volume)
        return {
            "symbol": symbol,
            "file": str(self.path(symbol)),
            "title": f"{symbol}  {self._interval}  to {series.closes_at:%Y-%m-%d %H:%M} UTC",
            "synthetic": self._snapshot.synthetic,
            "open_time_ms": view.open_time_ms.tolist(),
            "ohlcv": np.column_stack(columns).tolist(),
            "averages": {
                f"EMA {length}": _numbers(exponential(series.close, length)[-len(view) :])
                for length in (20, 50)
            },
            "levels": {"support": shape.support, "resistance": shape.resistance},
        }


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


def _spawn(document: bytes, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the drawing process; a file as its input, so that writing never blocks."""
    with tempfile.TemporaryFile() as numbers:
        numbers.write(document)
        numbers.seek(0)
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "tools.chart.render"],
            stdin=numbers,
            stdout=output,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            env=_environment(),
        )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    search = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(search), "OPENBLAS_NUM_THREADS": "1"}
