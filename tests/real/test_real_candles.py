"""Cycles on real candles: a loopback venue over HTTP, and candle files with their own clock."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.home import CHECKOUT
from tests.crew.desks import settings
from tests.real.replay import STARTS, summary

SHARED = CHECKOUT.parent / "shared"
CANDLES = "data/ohlcv/binanceusdm/{}_USDT-5m.202412-202506.parquet"
RULES = "exchange-fixtures/binanceusdm/recorded/GET.fapi.v1.exchangeInfo.json"
AFTER_HISTORY_MS = 1_745_000_400_000
"""600 four-hour candles of history lie before it."""

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")


class Venue:
    """The loopback venue, started with market time."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, call: str, document: dict[str, Any] | None = None) -> Any:
        """A call under /_control/; a POST when it carries a document."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(
            f"{self.url}/_control/{call}", data, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    """Real 5m candles of BTC and ETH behind the ordinary endpoints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "fake_exchange.server"),
            *(f"{coin}USDT={CANDLES.format(coin)}" for coin in ("BTC", "ETH")),
            *("--start", str(AFTER_HISTORY_MS), "--market-clock", "--port", str(port)),
            *("--key", "key", "--secret", "secret", "--exchange-info", RULES),
        ],
        cwd=SHARED,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = Venue(f"http://127.0.0.1:{port}")
    try:
        _wait_for(found, process)
        yield found
    finally:
        process.kill()
        process.wait()


def _wait_for(venue: Venue, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline and process.poll() is None:
        try:
            venue.control("state")
            return
        except OSError:
            sleep(0.1)
    raise AssertionError("the loopback venue did not start")


def test_ten_cycles_on_a_real_market_over_http(venue: Venue, tmp_path: Path) -> None:
    """Public market data only, no failure, every decision in the ledger."""
    chosen = settings(
        "venue=binanceusdm",
        f"exchange_url={venue.url}",
        "intervals=[5m, 1h, 4h]",
        "symbols=[BTC/USDT, ETH/USDT]",
        "news.feeds=[]",
    )
    with open_desk(chosen, tmp_path) as desk:
        records = []
        for _ in range(10):
            records.append(run_cycle(desk, print))
            venue.control("advance", {"bars": 6})
        kept = desk.ledger.cycles.cycles(100)

    asked = {(r["method"], r["path"]) for r in venue.control("requests")}
    assert [r.exit_code for r in records] == [0] * 10
    assert {r.outcome for r in records} <= {"hold", "vetoed", "traded"}
    assert [r.cycle_id for r in reversed(kept)] == [r.cycle_id for r in records]
    assert all(not r.skipped and not r.synthetic for r in records)
    assert asked <= {
        ("GET", f"/fapi/v1/{name}")
        for name in (
            *("time", "exchangeInfo", "klines", "depth", "ticker/24hr", "ticker/bookTicker"),
            *("premiumIndex", "openInterest", "fundingRate"),
        )
    }


def test_cycles_over_candle_files_trade_veto_and_are_stopped(tmp_path: Path) -> None:
    """A sample of the 200 cycles that `python -m tests.real.replay` runs."""
    found = summary(tmp_path, STARTS[1], 24)

    assert found["off_shortlist"] == 0
    assert found["outcomes"].get("traded", 0) >= 1
    assert found["verdicts"].get("veto", 0) >= 1
    assert found["trades"].get("stop_loss", 0) >= 1
