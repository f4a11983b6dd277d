"""Each trap of real market data, from the file that holds it: its finding, and no crash."""

import csv
import gzip
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.home import CHECKOUT
from crew.settings import Settings
from records.clock import FixedClock, epoch_ms, from_epoch_ms
from records.errors import SettingsError
from records.market import SymbolMarket
from records.ports import MarketRequest
from tests.real.replay import replay_settings
from tools.exchange import candle_files
from tools.exchange.agreement import disagreement
from tools.exchange.candle_files import CandleFile
from tools.exchange.findings import frame_findings
from tools.exchange.paper_walk import funding_times
from tools.exchange.replay import ReplayMarket

FILES = CHECKOUT.parent / "shared/data/ohlcv"
LONG, FIVES = "201708-202210", "202012-202107"
OUTAGE_ENDS = "2018-02-09T11:00Z"

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="../shared is absent")


def file(name: str, venue: str = "binance") -> Path:
    return FILES / venue / f"{name}.parquet"


def seen(
    at: str, *files: Path, intervals: tuple[str, ...] = ("1h",), candles: int = 600
) -> SymbolMarket:
    """The one market of these files at a time."""
    market = ReplayMarket(files, FixedClock(datetime.fromisoformat(at)))
    symbol = candle_files.described(files[0]).symbol
    asked = MarketRequest(symbols=(symbol,), intervals=intervals, candles=candles)
    return market.observe(asked).markets[symbol]


def whole(path: Path, symbol: str, interval: str) -> Counter[str]:
    """What a whole file shows, by kind."""
    series = candle_files.read(CandleFile(path, symbol, interval))
    end = epoch_ms(series.closes_at)
    return Counter({one.kind: one.count for one in frame_findings(series, len(series), end)})


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_outages_are_counted_as_the_manifest_counts_them(coin: str) -> None:
    """27 gaps and 127 missing hours in five years, and nothing that cannot be used."""
    series = candle_files.read(CandleFile(file(f"{coin}_USDT-1h.{LONG}"), f"{coin}/USDT", "1h"))
    (gaps,) = (
        one for one in frame_findings(series, 0, epoch_ms(series.closes_at)) if one.kind == "gap"
    )

    assert gaps.sentence == (
        "127 candles missing in 27 gaps, at most 33 in a row, after 2018-02-08 00:00"
    )


def test_after_the_longest_outage_the_frame_tells_of_it() -> None:
    """At 11:00 one hour had closed since: usable, with the hole named."""
    market = seen(OUTAGE_ENDS, file(f"BTC_USDT-1h.{LONG}"), intervals=("1h", "4h"))

    assert any("at most 33 in a row, after 2018-02-08 00:00" in one for one in market.findings)
    assert any(
        one.startswith("4h: stale, the last candle closed 1 day,") for one in market.findings
    )


def test_whole_cycles_hold_through_the_longest_outage(tmp_path: Path) -> None:
    """33 hours without a candle: no entry, no model asked, code 0, and the reason in words."""
    shipped = replay_settings("2018-02-08T00:00:00Z").model_dump()
    shipped["replay"] |= {"step": "6h"}
    symbols = {"symbols": ("BTC/USDT", "ETH/USDT", "BNB/USDT")}
    with open_desk(Settings.model_validate(shipped | symbols), tmp_path) as desk:
        records = [run_cycle(desk, lambda _text: None) for _ in range(7)]
    silent = [r for r in records if r.hold_reason == "stale_data"]

    assert [r.exit_code for r in records] == [0] * 7
    assert [r.started_at.isoformat()[:13] for r in (silent[0], silent[-1])] == [
        "2018-02-08T06",
        "2018-02-09T06",
    ]
    assert len(silent) == 5
    assert all((r.outcome, r.model.calls, r.orders) == ("hold", 0, ()) for r in silent)
    assert all({one.cause for one in r.skipped} == {"stale"} for r in silent)
    assert "1h: stale, the last candle closed 5:00:00 ago." in silent[0].message
    assert not records[-1].skipped


@pytest.mark.parametrize(("coin", "most_pct"), [("BTC", 0.48), ("ETH", 1.3)])
def test_revised_history_is_found_between_two_frames(coin: str, most_pct: float) -> None:
    """Hours that were loaded at another time than their five minutes, all around outages."""
    fives = candle_files.read(candle_files.described(file(f"{coin}_USDT-5m.{FIVES}")))
    hours = candle_files.read(candle_files.described(file(f"{coin}_USDT-1h.{LONG}")))
    found = disagreement(fives, hours)

    assert found is not None
    assert (len(found.at), float(f"{found.most_pct:.2g}")) == (3, most_pct)


def test_a_cycle_hears_of_revised_history() -> None:
    """The outage of 2020-12-21: 5m and 1h tell of different lows."""
    paths = file(f"BTC_USDT-5m.{FIVES}"), file(f"BTC_USDT-1h.{LONG}")
    market = seen("2020-12-22T00:00Z", *paths, intervals=("5m", "1h"))

    assert "1h: 1 candle not as the 5m ones say, by up to 0.48 %, the first 2020-12-21 13:00" in (
        market.findings
    )


@pytest.mark.parametrize("minute", [0, 1, 59])
def test_the_forming_candle_is_never_shown(minute: int) -> None:
    """The file holds it whole, with a high of the future; the snapshot ends before it."""
    at = f"2021-05-19T13:{minute:02}Z"
    frame = seen(at, file(f"BTC_USDT-1h.{LONG}")).frames["1h"]

    assert frame.closes_at == datetime.fromisoformat("2021-05-19T13:00Z")


def test_candles_without_trade_are_counted() -> None:
    """28 of five minutes, all in outages that the venue filled up."""
    kinds = whole(file(f"BTC_USDT-5m.{FIVES}"), "BTC/USDT", "5m")

    assert (kinds["no_trade"], kinds["gap"]) == (28, 177)


def test_mark_prices_have_no_volume() -> None:
    """A word for it, not 600 candles without trade."""
    market = seen("2025-03-01T00:00Z", file("BTC_USDT-1h.202412-202506", "binanceusdm-mark"))

    assert "1h: no volume, so no figure of it counts" in market.findings


@pytest.mark.parametrize(
    ("name", "at", "candles", "says"),
    [
        ("BTC_USDT-1h.201708-202210", "2020-03-13T03:00Z", 600, "02:00: range 39.5 %, 52 times"),
        ("DOGE_USDT-1h.201907-202210", "2021-01-29T07:00Z", 600, "06:00: range 84.5 %, 34 times"),
        ("BNB_USDT-1h.201711-202210", "2017-11-06T13:00Z", 10, "03:00: range 260 %, 60 times"),
    ],
)
def test_spikes_are_told_and_never_refused(name: str, at: str, candles: int, says: str) -> None:
    """A crash, a pump and a listing's first candle: all of them were traded."""
    market = seen(at, file(name), candles=candles)

    assert any("spike" in one and says in one for one in market.findings)


def test_a_stale_slow_frame_beside_a_fresh_one_says_so() -> None:
    """The 4h file ends two years before the 1h files do."""
    slow = file(f"BTC_USDT-4h.{LONG}")
    fast = file(f"BTC_USDT-1h.{LONG}"), file("BTC_USDT-1h.202401-202409")
    market = seen("2024-03-01T00:00Z", *fast, slow, intervals=("1h", "4h"))

    assert "4h: stale, the last candle closed 506 days, 16:00:00 ago" in market.findings
    assert not any(one.startswith("1h: stale") for one in market.findings)


def test_volume_in_dollars_is_told(tmp_path: Path) -> None:
    """FTX counted in quote units; its own name is no name for a candle file either."""
    path = file("BTC_USD_PERP-1m.202112-202202", "ftx")
    with pytest.raises(SettingsError, match="is not a name for a candle file"):
        candle_files.described(path)
    renamed = tmp_path / "BTC_USD-1m.parquet"
    copyfile(path, renamed)
    market = seen("2022-01-10T00:00Z", renamed, intervals=("1m",))

    assert any("dollars a day by its volume, which cannot be" in one for one in market.findings)


def test_funding_that_comes_some_ms_late_is_met_once() -> None:
    """177 of the 1188 real stamps are late; the desk counts between times and matches none."""
    path = CHECKOUT.parent / "shared/data/funding/binanceusdm/BTC_USDT.202312-202412.csv.gz"
    with gzip.open(path, "rt") as lines:
        stamps = [int(row["timestamp"]) for row in csv.DictReader(lines)]
    times = [from_epoch_ms(stamp) for stamp in stamps]

    assert sum(stamp % (8 * 3_600_000) > 0 for stamp in stamps) == 177
    assert {len(list(funding_times(a, b))) for a, b in pairwise(times)} == {1}


def test_no_file_is_refused_or_misses_its_grid() -> None:
    """Every file of ../shared is usable: what is odd about real markets is told, not refused."""
    for path in sorted(FILES.glob("*/*.parquet")):
        base, _, rest = path.name.partition("-")
        interval = rest.split(".")[0]
        kinds = whole(path, base.replace("_", "/", 1)[:20], interval)
        assert kinds["off_grid"] == 0, path.name
        assert np.isfinite(list(kinds.values())).all()
