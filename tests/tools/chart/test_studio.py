"""Pictures come from another process, and whatever happens there the cycle goes on."""

import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from records.market import MarketSnapshot
from tests.tools.chart.drawn import walk
from tests.tools.indicators.samples import from_closes, snapshot, wandering
from tools.chart.geometry import geometry
from tools.chart.studio import ChartStudio, _mark, file_name, frame, larger_of
from tools.chart.trend_lines import TrendLine
from tools.indicators.smoothing import exponential

PNG = b"\x89PNG\r\n\x1a\n"
PATIENCE_S = 30


@pytest.fixture
def market() -> MarketSnapshot:
    return snapshot(
        wandering(300),
        from_closes([2.0, 2.0, 2.0], symbol="ETH/USDT"),
        synthetic=True,
    )


def _size(path: Path) -> tuple[int, int]:
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height


def test_every_market_gets_its_picture_from_any_directory(
    market: MarketSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one with three flat candles; 1024 by 768; no half files; cron starts anywhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tools.py").write_text("raise SystemExit('a stranger was imported')")
    studio = ChartStudio(tmp_path / "charts", market, tuple(market.markets), "1h")
    studio.start()
    drawn = studio.finish(PATIENCE_S)
    assert studio.problems == {}
    assert drawn == {symbol: studio.path(symbol) for symbol in market.markets}
    assert {_size(path) for path in drawn.values()} == {(1024, 768)}
    assert all(path.read_bytes().startswith(PNG) for path in drawn.values())
    assert sorted(path.name for path in (tmp_path / "charts").iterdir()) == [
        "BTC-USDT-1h.png",
        "ETH-USDT-1h.png",
    ]
    assert studio.finish(PATIENCE_S) == drawn


def test_a_picture_that_is_late_is_missing_with_a_sentence(
    market: MarketSnapshot, tmp_path: Path
) -> None:
    """The cycle does not wait for a drawing; the process it started is ended."""
    studio = ChartStudio(tmp_path, market, ("BTC/USDT",), "1h")
    studio.start()
    assert studio.finish(0.01) == {}
    assert studio.problems["BTC/USDT"].startswith("the other process was not done within 0.01 s.")
    assert list(tmp_path.glob("*.png")) == []


def test_a_folder_that_cannot_be_made_is_a_sentence_not_a_crash(
    market: MarketSnapshot, tmp_path: Path
) -> None:
    """A full or read-only disk costs the pictures, never the protection of a position."""
    (tmp_path / "charts").write_text("a file where the folder should be")
    studio = ChartStudio(tmp_path / "charts", market, ("BTC/USDT",), "1h")
    studio.start()
    assert studio.finish(PATIENCE_S) == {}
    assert "could not start" in studio.problems["BTC/USDT"]


def test_an_interpreter_that_is_gone_is_a_sentence_not_a_crash(
    market: MarketSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade under a running desk can take the interpreter away."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    studio = ChartStudio(tmp_path, market, ("BTC/USDT",), "1h")
    studio.start()
    assert studio.finish(PATIENCE_S) == {}
    assert "could not start" in studio.problems["BTC/USDT"]


def test_one_picture_that_fails_does_not_stop_the_others(
    market: MarketSnapshot, tmp_path: Path
) -> None:
    """A folder stands where the first file should go; the second is drawn all the same."""
    studio = ChartStudio(tmp_path, market, tuple(market.markets), "1h")
    studio.path("BTC/USDT").mkdir(parents=True)
    studio.start()
    assert list(studio.finish(PATIENCE_S)) == ["ETH/USDT"]
    assert "could not be drawn" in studio.problems["BTC/USDT"]


def test_a_market_without_candles_is_named(market: MarketSnapshot, tmp_path: Path) -> None:
    """Missing data is a value: nothing is started for it and the reason is kept."""
    studio = ChartStudio(tmp_path, market, ("BTC/USDT",), "4h")
    studio.start()
    assert studio.finish(PATIENCE_S) == {}
    assert studio.problems["BTC/USDT"].startswith("there are no 4h candles.")


def test_what_was_never_started_is_missing(market: MarketSnapshot, tmp_path: Path) -> None:
    """An old file of that name is not passed off as this cycle's picture."""
    studio = ChartStudio(tmp_path, market, ("BTC/USDT",), "1h")
    studio.path("BTC/USDT").write_bytes(PNG)
    assert studio.finish(PATIENCE_S) == {}
    assert "not started" in studio.problems["BTC/USDT"]


@pytest.mark.parametrize(
    ("interval", "larger"), [("3m", "1h"), ("1h", "4h"), ("4h", None), ("30m", "1h")]
)
def test_the_larger_frame_is_the_next_one(interval: str, larger: str | None) -> None:
    """By length, not by place in the list."""
    assert larger_of(interval, ("4h", "3m", "1h")) == larger


def test_what_is_drawn_are_finished_numbers_of_closed_candles() -> None:
    """The last hundred bars, each list as long as they, and a line that comes into view."""
    series = walk(400, seed=3)
    given = frame(series, 60)
    shape = geometry(series)
    assert given["ohlcv"][-1][3] == given["levels"][-1]["price"] == series.close[-1]
    assert {len(values) for values in (given["ohlcv"], *given["averages"].values())} == {60}
    assert [mark["name"] for mark in given["levels"]] == ["support", "resistance", "close"]
    assert given["averages"]["EMA 200"][-1] == pytest.approx(exponential(series.close, 200)[-1])
    lines = [line for line in (shape.low_line, shape.high_line) if line is not None]
    for mark, line in zip(given["lines"], lines, strict=True):
        slope = (line.price - line.start) / line.bars
        assert mark["price"] == line.price
        assert mark["start"] == pytest.approx(line.price - slope * (59 - mark["bar"]))


def test_a_line_that_began_before_the_picture_starts_at_its_edge() -> None:
    """Drawn from where it enters, at the price it has there."""
    line = TrendLine(bars=90, start=100.0, price=190.0, touches=3, distance_atr=0.0)
    assert _mark(line, 61) == {"bar": 0, "start": 130.0, "price": 190.0, "touches": 3}


def test_two_readers_may_wait_for_the_same_pictures(market: MarketSnapshot, tmp_path: Path) -> None:
    """Tasks run side by side, and the end of the cycle waits as well."""
    studio = ChartStudio(tmp_path, market, tuple(market.markets), "1h")
    studio.start()
    with ThreadPoolExecutor(4) as readers:
        found = list(readers.map(studio.finish, [PATIENCE_S] * 4))
    assert all(set(drawn) == set(market.markets) for drawn in found)


HOSTILE = (
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    "",
    "A/B/../../C",
    "BTC/USDT\0.png",
    "BTC/USDT\n",
    "btc/usdt",
    "CON",
    "Ünïcode/🙂",
    "\ud800/X",
    "X" * 5000,
)


@pytest.mark.parametrize("symbol", HOSTILE)
def test_no_symbol_leaves_the_folder(symbol: str, market: MarketSnapshot, tmp_path: Path) -> None:
    """A file name is made, never taken over, whatever a venue calls its markets."""
    path = ChartStudio(tmp_path, market, (), "1h").path(symbol)
    assert path.parent == tmp_path.resolve()
    assert path.name not in ("", ".", "..")
    assert len(path.name) < 60 and path.name.isascii()


def test_different_markets_never_share_a_file() -> None:
    """Else one market would be judged by another's picture."""
    names = [file_name(symbol, "1h") for symbol in ("BTC/USDT", "BTC-USDT", *HOSTILE)]
    assert len(set(names)) == len(names)
    assert file_name("BTC/USDT", "1h") == "BTC-USDT-1h.png"
    assert file_name("BTC/USDT", "../1h") != file_name("BTC/USDT", "1h")
