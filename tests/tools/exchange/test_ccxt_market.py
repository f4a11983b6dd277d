"""A real ccxt client against a loopback venue that misbehaves on command."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from records.errors import SettingsError, VenueError
from records.ports import MarketRequest
from tools.exchange.ccxt_market import CcxtMarket

SHARED = (Path(__file__).parents[3] / "../shared").resolve()
FILES = SHARED / "data/ohlcv/binanceusdm"
NOW_MS = 1_744_000_200_000
FOUR_HOURS = 4 * 3_600_000
REQUEST = MarketRequest(symbols=("BTC/USDT", "ETH/USDT"), intervals=("5m", "1h"), candles=50)

needs_venue = pytest.mark.skipif(not FILES.exists(), reason="the shared venue is not here")


class Venue:
    """The loopback venue and its controls."""

    def __init__(self, url):
        self.url = url

    def control(self, method, what, /, **body):
        data = json.dumps(body).encode() if body else b""
        ask = urllib.request.Request(
            f"{self.url}/_control/{what}", data=data or None, method=method,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(ask, timeout=5) as answer:
            return json.load(answer)

    def market(self, timeout_s=5.0):
        return CcxtMarket("binanceusdm", exchange_url=self.url, timeout_s=timeout_s)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def running():
    port = free_port()
    command = [sys.executable, "-m", "fake_exchange.server", "--start", str(NOW_MS)]
    command += ["--market-clock", "--port", str(port)]
    command += [f"{s}USDT={FILES}/{s}_USDT-5m.202412-202506.parquet" for s in ("BTC", "ETH")]
    server = subprocess.Popen(command, cwd=SHARED, stdout=subprocess.DEVNULL)
    venue = Venue(f"http://127.0.0.1:{port}")
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{venue.url}/fapi/v1/ping", timeout=1).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        yield venue
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def venue(running):
    running.control("DELETE", "faults")
    running.control("POST", "settings", stale_bars=0)
    yield running
    running.control("DELETE", "faults")
    running.control("POST", "settings", stale_bars=0)


@needs_venue
def test_a_snapshot_of_a_real_client(venue):
    """Names, exact prices, rules, funding and closed candles, all through ordinary ccxt."""
    seen = venue.market().observe(REQUEST)
    btc = seen.markets["BTC/USDT"]
    assert list(seen.markets) == ["BTC/USDT", "ETH/USDT"]
    assert (seen.venue, seen.synthetic) == ("binanceusdm", False)
    assert btc.funding_rate_pct == Decimal("0.01")
    assert btc.open_interest == 75_000
    assert btc.ticker.bid < btc.ticker.ask
    assert btc.rules.min_notional == 5
    assert (btc.rules.perpetual, btc.rules.max_leverage) == (True, 20)
    assert btc.rules.maintenance_pct == Decimal("2.5")
    assert {name: len(frame) for name, frame in btc.frames.items()} == {"5m": 50, "1h": 50}
    assert all(frame.closes_at <= seen.as_of for frame in btc.frames.values())


@needs_venue
def test_the_venues_clock_is_the_clock(venue):
    """The market lives in April 2025; the machine does not."""
    market = venue.market()
    off = abs(market.clock().now().timestamp() * 1000 - NOW_MS)
    assert off < 60_000
    assert market.observe(REQUEST).as_of.year == 2025


@needs_venue
def test_one_failing_market_is_left_out_and_named(venue):
    """Its neighbour keeps its cycle."""
    request = MarketRequest(symbols=("BTC/USDT", "SOL/USDT"), intervals=("5m",), candles=5)
    seen = venue.market().observe(request)
    assert list(seen.markets) == ["BTC/USDT"]
    assert "lists no market SOL/USDT" in seen.skipped[0].reason


@needs_venue
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "garbage"},
        {"action": "error", "code": -1121, "msg": "Invalid symbol.", "status": 400},
    ],
    ids=lambda fault: fault["action"],
)
def test_a_broken_answer_costs_one_market_not_the_cycle(venue, fault):
    """Whatever comes instead of a book, the other market is read."""
    venue.control("POST", "faults", method="GET", path="/fapi/v1/depth", count=1, **fault)
    seen = venue.market(timeout_s=1).observe(REQUEST)
    assert len(seen.markets) == 1
    assert len(seen.skipped) == 1
    assert "left out" in seen.skipped[0].reason


@needs_venue
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "status": 502, "body": "<html>bad gateway</html>"},
        {"action": "delay", "seconds": 1.5},
        {"action": "drop_before"},
        {"action": "error", "code": -1003, "msg": "slow", "status": 429, "retry_after": 1},
    ],
    ids=lambda fault: fault["action"],
)
def test_a_read_that_stumbles_is_asked_again(venue, fault):
    """The network or the venue is in trouble for a moment: no market is lost to it."""
    venue.control("POST", "faults", method="GET", path="/fapi/v1/depth", count=1, **fault)
    assert len(venue.market(timeout_s=1).observe(REQUEST).markets) == 2


@needs_venue
def test_a_venue_that_wants_to_be_left_alone_is(venue):
    """A ban of two minutes: every further request would make it longer."""
    before = len(venue.control("GET", "requests"))
    ban = {"action": "error", "status": 418, "code": -1003, "msg": "banned", "retry_after": 120}
    venue.control("POST", "faults", method="GET", path="/fapi/v1/exchangeInfo", count=9, **ban)
    with pytest.raises(VenueError, match="banned"):
        venue.market().clock()
    assert len(venue.control("GET", "requests")) - before == 1


@needs_venue
def test_when_no_market_can_be_read_the_cycle_fails(venue):
    """Every book request is hung up on."""
    venue.control("POST", "faults", method="GET", path="/fapi/v1/depth", count=99,
                  action="drop_before")  # fmt: skip
    with pytest.raises(VenueError, match="No market of binanceusdm can be read"):
        venue.market().observe(REQUEST)


@needs_venue
@pytest.mark.parametrize("path", ["/fapi/v1/premiumIndex", "/fapi/v1/openInterest"])
@pytest.mark.parametrize("action", ["garbage", "drop_before"])
def test_funding_and_open_interest_may_be_missing(venue, path, action):
    """They inform; they do not decide whether a market can be read."""
    venue.control("POST", "faults", method="GET", path=path, count=99, action=action)
    btc = venue.market().observe(REQUEST).markets["BTC/USDT"]
    missing = btc.funding_rate_pct if "premium" in path else btc.open_interest
    assert missing is None
    assert any(finding.startswith("no ") for finding in btc.findings)


@needs_venue
def test_a_venue_that_cannot_be_loaded_is_an_error_for_people(venue):
    """What is wrong, what was not done, what to do."""
    venue.control("POST", "faults", method="GET", path="/fapi/v1/exchangeInfo", count=9,
                  action="status", status=503, body="down")  # fmt: skip
    with pytest.raises(VenueError, match=r"Nothing was traded\. Check the network"):
        venue.market().observe(REQUEST)


def test_a_venue_that_is_not_there_is_the_same_error():
    """No network at all."""
    market = CcxtMarket("binanceusdm", exchange_url=f"http://127.0.0.1:{free_port()}", timeout_s=1)
    with pytest.raises(VenueError, match="cannot be read"):
        market.clock()


@needs_venue
def test_stale_candles_are_not_traded_on(venue):
    """Fresh prices beside old candles are the more dangerous kind of failure."""
    venue.control("POST", "settings", stale_bars=12)
    seen = venue.market().observe(REQUEST)
    assert not seen.markets
    assert seen.is_quiet(REQUEST.symbols)
    assert all("its candles are stale; 5m: stale, the last" in one.reason for one in seen.skipped)


@needs_venue
def test_pages_are_put_together(venue):
    """A walk after a weekend asks for more than one answer holds."""
    market = venue.market()
    end = market.clock().now()
    found = market.candles_between("BTC/USDT", "5m", end - timedelta(days=9), end)
    assert len(found) == 9 * 288 - 1 or len(found) == 9 * 288
    assert found.closes_at <= end


@needs_venue
def test_an_interval_the_venue_lacks_is_made_of_smaller_candles(venue):
    """Ten minutes are two times five."""
    market = venue.market()
    end = market.clock().now()
    found = market.candles_between("BTC/USDT", "10m", end - timedelta(hours=5), end)
    assert (found.open_time_ms % 600_000 == 0).all()
    assert len(found) >= 28


@needs_venue
def test_it_only_ever_reads_in_public(venue):
    """No key, no signature, no other method than GET."""
    venue.market().observe(REQUEST)
    asked = venue.control("GET", "requests")
    assert {one["method"] for one in asked} == {"GET"}
    assert not any("signature" in one["params"] or "sapi" in one["path"] for one in asked)


@needs_venue
@pytest.mark.filterwarnings("error")
def test_it_works_inside_a_running_event_loop(venue):
    """A tool may be called from asynchronous code."""
    import asyncio

    async def inside():
        return venue.market().rules("BTC/USDT")

    assert asyncio.run(inside()).min_notional == 5


@pytest.mark.parametrize(
    ("venue_id", "hint"), [("binnance", "binance"), ("__init__", "Such as"), ("../x", "Such as")]
)
def test_an_unknown_venue_is_refused_with_a_suggestion(venue_id, hint):
    """Before any network, without importing ccxt."""
    with pytest.raises(SettingsError, match=hint):
        CcxtMarket(venue_id, exchange_url=None, timeout_s=5)


@pytest.mark.parametrize("url", ["127.0.0.1:8899", "file:///etc/passwd", "http://"])
def test_a_base_url_must_be_an_http_address(url):
    """A typo must not send requests to the real venue."""
    with pytest.raises(SettingsError, match="exchange_url"):
        CcxtMarket("binanceusdm", exchange_url=url, timeout_s=5)


@pytest.mark.parametrize("venue_id", ["binance", "gate", "okx", "kraken"])
def test_every_address_of_a_venue_is_replaced(venue_id):
    """Nested tables and host placeholders too: nothing may leave the machine."""
    import ccxt.async_support as venues

    from tools.exchange.ccxt_client import point_at

    exchange = getattr(venues, venue_id)()
    point_at(exchange, "http://127.0.0.1:1/")

    def flat(urls):
        if isinstance(urls, dict):
            return [leaf for part in urls.values() for leaf in flat(part)]
        return [urls]

    assert all(url.startswith("http://127.0.0.1:1") for url in flat(exchange.urls["api"]))
