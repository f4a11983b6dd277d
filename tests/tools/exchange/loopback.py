"""
A USD-M venue on this machine, started from ../shared, and the controls over it.

It replays real candles behind the ordinary endpoints and misbehaves on command; nothing of
the desk is replaced. Tests that import `venue` skip when ../shared is absent.
"""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydantic import SecretStr

from tools.exchange.ccxt_market import CcxtMarket
from tools.exchange.ccxt_private import PrivateClient

SHARED = (Path(__file__).parents[3] / "../shared").resolve()
CANDLES = "data/ohlcv/binanceusdm/{}_USDT-5m.202412-202506.parquet"
RULES = "exchange-fixtures/binanceusdm/recorded/GET.fapi.v1.exchangeInfo.json"
START_MS = 1_745_000_400_000
KEY, SECRET = "loopback-key-31f0", "loopback-secret-8c2a"
COINS = ("BTC", "ETH")
ORDERS, STOPS = "/fapi/v1/order", "/fapi/v1/algoOrder"


class LoopbackVenue:
    """One running venue."""

    def __init__(self, url):
        self.url = url

    def control(self, method, what, /, **body):
        """A call under /_control/."""
        ask = urllib.request.Request(
            f"{self.url}/_control/{what}",
            json.dumps(body).encode() if body or method == "POST" else None,
            {"content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(ask, timeout=20) as answer:
            return json.load(answer)

    def reset(self):
        """A fresh account at the first moment, everything as it should be."""
        self.control("POST", "reset")

    def fault(self, action, path="", method="POST", **how):
        """Misbehave on the next requests that match."""
        self.control("POST", "faults", action=action, path=path, method=method, **how)

    def audit(self):
        """What was sent twice, and what is without a stop."""
        return self.control("GET", "audit")

    def orders(self):
        """Every order that was ever accepted."""
        return self.control("GET", "orders")

    def requests(self, method=None, path=None):
        """Every request, or those of one method and path."""
        return [
            one
            for one in self.control("GET", "requests")
            if method in (None, one["method"]) and path in (None, one["path"])
        ]

    def advance(self, **how):
        """Let time run: `bars`, `ticks` or `to` a time in ms."""
        return self.control("POST", "advance", **how)

    def price(self, symbol, price, *, jump=True):
        """Move a price now."""
        return self.control("POST", "price", symbol=symbol, price=str(price), jump=jump)

    def last(self, symbol):
        """The last price, as text."""
        return self.control("GET", "state")["last"][symbol]

    def settings(self, **how):
        """Change how it behaves, such as skew_ms."""
        return self.control("POST", "settings", **how)

    def client(self, **how):
        """The desk's own client with keys, on the venue's clock."""
        market = CcxtMarket("binanceusdm", exchange_url=self.url, timeout_s=10)
        given = {
            "key": SecretStr(KEY),
            "secret": SecretStr(SECRET),
            "exchange_url": self.url,
            "clock": market.clock(),
            "listed": market.listed,
            "timeout_s": 2.0,
            "pause": lambda _seconds: None,
        }
        return PrivateClient("binanceusdm", **{**given, **how})


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(start_ms=START_MS, clock="--market-clock"):
    """The process and its venue, once it answers; `--rebase`: its candles begin now."""
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "fake_exchange.server"),
            *(f"{coin}USDT={CANDLES.format(coin)}" for coin in COINS),
            *("--start", str(start_ms), clock, "--port", str(port)),
            *("--key", KEY, "--secret", SECRET, "--exchange-info", RULES),
        ],
        cwd=SHARED,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found, deadline = LoopbackVenue(f"http://127.0.0.1:{port}"), time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            found.control("GET", "state")
            return process, found
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError("the loopback venue did not start")


@pytest.fixture(scope="module")
def running():
    """One process for a file of tests."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent")
    process, found = start()
    try:
        yield found
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def venue(running):
    """The same process with a fresh account."""
    running.reset()
    return running
