"""Candle files as a venue: their own time, nothing repaired, nothing from the future."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from records.clock import FixedClock
from records.errors import BadCandles, SettingsError, VenueError
from records.ports import MarketRequest
from tools.exchange.replay import ReplayMarket

HOUR = 3_600_000
START = 1_735_689_600_000  # 2025-01-01 00:00 UTC
SHARED = Path(__file__).parents[3] / "../shared/data/ohlcv/binance"


def rows(count, start=START, step=HOUR, price=100.0):
    return {
        "timestamp": [start + i * step for i in range(count)],
        "open": [price + i for i in range(count)],
        "high": [price + i + 2.5 for i in range(count)],
        "low": [price + i - 1.25 for i in range(count)],
        "close": [price + i + 1 for i in range(count)],
        "volume": [10.0] * count,
    }


def write(folder, name, columns):
    path = folder / name
    table = pa.table(columns)
    if path.suffix == ".csv":
        csv.write_csv(table, path)
    else:
        parquet.write_table(table, path)
    return path


def at(hour, minute=0, day=1):
    return FixedClock(datetime(2025, 1, day, hour, minute, tzinfo=UTC))


def request(*intervals, symbols=("BTC/USDT",), candles=10):
    return MarketRequest(symbols=symbols, intervals=intervals, candles=candles)


@pytest.mark.parametrize(
    "name", ["BTC_USDT-1h.parquet", "BTC_USDT-1h.csv", "BTC_USDT-1h.202501-202502.csv"]
)
def test_only_what_had_closed_is_shown(tmp_path, name):
    """At 10:30 the ten o'clock candle is forming and the future is unknown."""
    market = ReplayMarket([write(tmp_path, name, rows(48))], at(10, 30))
    seen = market.observe(request("1h", "4h")).markets["BTC/USDT"]
    assert seen.frames["1h"].closes_at == datetime(2025, 1, 1, 10, tzinfo=UTC)
    assert seen.frames["4h"].closes_at == datetime(2025, 1, 1, 8, tzinfo=UTC)
    assert seen.ticker.last == 110
    assert (seen.funding_rate_pct, seen.open_interest) == (None, None)


def test_the_clock_moves_the_market(tmp_path):
    """One object serves a whole replay."""
    clock = at(5)
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", rows(48))], clock)
    first = market.observe(request("1h")).markets["BTC/USDT"].ticker.last
    clock.advance(hours=3)
    assert market.observe(request("1h")).markets["BTC/USDT"].ticker.last == first + 3


def test_book_is_two_basis_points_wide_on_the_grid(tmp_path):
    """The modelled spread is stated, so costs of a replay can be checked."""
    columns = rows(48, price=10_000.0)
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", columns)], at(10))
    seen = market.observe(request("1h")).markets["BTC/USDT"]
    assert abs(seen.ticker.spread_pct - Decimal("0.02")) < Decimal("0.021")
    assert seen.ticker.bid < seen.ticker.last < seen.ticker.ask
    for price, size in seen.book.asks + seen.book.bids:
        assert price % seen.rules.tick == 0
        assert size % seen.rules.step == 0


def test_files_of_one_market_are_joined_and_gaps_stay(tmp_path):
    """Archives come in pieces, with outages between them; the earlier file stands."""
    first = write(tmp_path, "BTC_USDT-1h.a.csv", rows(10))
    second = write(tmp_path, "BTC_USDT-1h.b.csv", rows(20, start=START + 8 * HOUR, price=500.0))
    third = write(tmp_path, "BTC_USDT-1h.c.csv", rows(5, start=START + 30 * HOUR))
    market = ReplayMarket([third, second, first], at(12, day=2))
    seen = market.observe(request("1h", candles=100)).markets["BTC/USDT"].frames["1h"]
    hours = (seen.open_time_ms - START) // HOUR
    assert list(hours) == [*range(28), *range(30, 35)]
    assert (seen.open[9], seen.open[10]) == (109, 502)


def test_gaps_are_findings(tmp_path):
    """An indicator over an outage is not what it seems; agents should know."""
    columns = {name: values[:5] + values[8:] for name, values in rows(20).items()}
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", columns)], at(20))
    findings = market.observe(request("1h", candles=15)).markets["BTC/USDT"].findings
    assert findings == (
        "1h: 3 candles missing in 1 gap, at most 3 in a row, after 2025-01-01 04:00",
    )


def test_a_market_without_fresh_candles_is_left_out(tmp_path):
    """Two intervals without a candle: the market was down, or its file ended."""
    files = [
        write(tmp_path, "BTC_USDT-1h.csv", rows(48)),
        write(tmp_path, "ETH_USDT-1h.csv", rows(20)),
    ]
    symbols = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
    seen = ReplayMarket(files, at(23)).observe(request("1h", symbols=symbols))
    assert list(seen.markets) == ["BTC/USDT"]
    assert [one.symbol for one in seen.skipped] == ["ETH/USDT", "SOL/USDT"]
    assert [one.cause for one in seen.skipped] == ["absent", "absent"]
    assert "3:00:00 ago, and the files end there" in seen.skipped[0].reason


def test_an_outage_of_all_markets_is_told_and_no_error(tmp_path):
    """The venue answers, its market has stopped: the desk waits, nothing broke."""
    columns = {name: values[:10] + values[30:] for name, values in rows(48).items()}
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", columns)], at(20))
    seen = market.observe(request("1h", symbols=("BTC/USDT", "SOL/USDT")))
    assert not seen.markets
    assert seen.is_quiet(["BTC/USDT", "SOL/USDT"])
    assert [one.cause for one in seen.skipped] == ["stale", "absent"]
    assert seen.skipped[0].reason == (
        "No fresh candles of BTC/USDT; 1h: stale, the last candle closed 10:00:00 ago."
    )


def test_after_an_outage_the_slow_frame_is_stale_beside_the_fast_one(tmp_path):
    """One hour has closed since; the four-hour candle in which it lies has not."""
    columns = {name: values[:4] + values[17:] for name, values in rows(48).items()}
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", columns)], at(18))
    seen = market.observe(request("1h", "4h", candles=1)).markets["BTC/USDT"]
    assert seen.findings == ("4h: stale, the last candle closed 14:00:00 ago",)


def test_one_bad_file_costs_its_market_not_the_cycle(tmp_path):
    """The other market is sound, and the reason names file, fault and row."""
    files = [
        write(tmp_path, "BTC_USDT-1h.csv", rows(20)),
        write(tmp_path, "ETH_USDT-1h.csv", spoil("low", 2, -1.0)),
    ]
    asked = request("1h", symbols=("BTC/USDT", "ETH/USDT"))
    seen = ReplayMarket(files, at(10)).observe(asked)
    assert list(seen.markets) == ["BTC/USDT"]
    assert seen.skipped[0].cause == "failed"
    assert seen.skipped[0].reason == (
        "Candles of ETH_USDT-1h.csv cannot be used: a price that is not above 0 in 1 row, "
        "first row 3 (2025-01-01 02:00)."
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_of_mark_prices_needs_no_volume(tmp_path, suffix):
    """It can be read; what rests on volume cannot, and the finding says so."""
    columns = {name: values for name, values in rows(20).items() if name != "volume"}
    market = ReplayMarket([write(tmp_path, f"BTC_USDT-1h.{suffix}", columns)], at(20))
    seen = market.observe(request("1h")).markets["BTC/USDT"]
    assert seen.findings == ("1h: no volume, so no figure of it counts",)


def test_no_market_at_all_is_an_error(tmp_path):
    """A time outside the files is a mistake, not a quiet market."""
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", rows(10))], at(0, day=20))
    with pytest.raises(VenueError, match="Choose a time or files"):
        market.observe(request("1h"))


def test_smaller_intervals_are_refused(tmp_path):
    """Three-minute candles cannot be made of hours."""
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", rows(10))], at(9))
    with pytest.raises(SettingsError, match="hold 1h candles; 3m cannot"):
        market.observe(request("3m", "1h"))


def test_missing_and_misnamed_files_are_named(tmp_path):
    """The person must see which entry of the list is wrong."""
    with pytest.raises(SettingsError, match=r"BTC_USDT-1h\.csv.*does not exist"):
        ReplayMarket([tmp_path / "BTC_USDT-1h.csv"], at(9))
    with pytest.raises(SettingsError, match=r"candles\.csv"):
        ReplayMarket([tmp_path / "candles.csv"], at(9))
    with pytest.raises(SettingsError, match="no candle files"):
        ReplayMarket([], at(9))


def spoil(column, row, value):
    columns = rows(10)
    columns[column][row] = value
    return columns


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("description", "columns", "says"),
    [
        ("not a number", spoil("close", 3, float("nan")), "row 4"),
        ("infinite", spoil("high", 3, float("inf")), "row 4"),
        ("missing", spoil("close", 3, None), "row 4"),
        ("negative price", spoil("low", 2, -1.0), "row 3"),
        ("high below the body", spoil("high", 2, 99.5), "row 3"),
        ("disorder", spoil("timestamp", 5, START), "row 6"),
        ("duplicate", spoil("timestamp", 5, START + 4 * HOUR), "row 6"),
        (
            "not the named interval",
            rows(10, step=HOUR // 2),
            "opens before the 1h candle before it has closed in 9 rows, first row 2",
        ),
        ("seconds instead of ms", rows(10, start=START // 1000), "not in UTC ms"),
        ("no close", {k: v for k, v in rows(3).items() if k != "close"}, "no column close"),
        ("words", rows(3) | {"close": ["1", "two", "3"]}, "close"),
    ],
)
def test_bad_files_are_refused_with_file_and_row(tmp_path, suffix, description, columns, says):
    """Nothing is repaired: a hole in a price file is the owner's to mend."""
    name = f"BTC_USDT-1h.{suffix}"
    market = ReplayMarket([write(tmp_path, name, columns)], at(9))
    with pytest.raises(BadCandles, match=says) as caught:
        market.observe(request("1h"))
    assert name in str(caught.value), description


def test_an_unreadable_file_is_named(tmp_path):
    """A cut-off download."""
    path = tmp_path / "BTC_USDT-1h.parquet"
    path.write_bytes(b"PAR1 no, not really")
    with pytest.raises(BadCandles, match=r"BTC_USDT-1h\.parquet"):
        ReplayMarket([path], at(9)).observe(request("1h"))


def test_candles_between_serves_the_walk(tmp_path):
    """Opened at or after the start, closed by the end and by the clock."""
    market = ReplayMarket([write(tmp_path, "BTC_USDT-1h.csv", rows(48))], at(10, 30))
    start, end = datetime(2025, 1, 1, 3, 30, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
    found = market.candles_between("BTC/USDT", "1h", start, end)
    assert list((found.open_time_ms - START) // HOUR) == [4, 5, 6, 7, 8, 9]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared candle files are not here")
def test_real_files_replay_quickly():
    """Two hundred steps over six real files; reading happens once."""
    names = ("BTC", "ETH", "BNB", "XRP", "DOGE")
    files = [next(SHARED.glob(f"{name}_USDT-1h.201*-202210.parquet")) for name in names]
    clock = FixedClock(datetime(2021, 5, 19, tzinfo=UTC))
    market = ReplayMarket(files, clock)
    symbols = tuple(f"{name}_USDT".replace("_", "/") for name in names)
    for _ in range(200):
        seen = market.observe(request("1h", "4h", symbols=symbols, candles=600))
        assert len(seen.markets) == 5
        assert np.all(seen.markets["BTC/USDT"].frames["4h"].open_time_ms % (4 * HOUR) == 0)
        clock.advance(hours=1)
