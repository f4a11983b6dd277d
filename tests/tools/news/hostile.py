"""
What hostile feeds and services cost a desk: `python -m tests.tools.news.hostile [CASE...]`.

Each of them is served on loopback and read by a process of its own, at the desk's own limits: the
seconds it took and how far its memory rose while it read are printed as JSON. It ends with 1
when one took longer than 10 s or more than 64 MB, or gave any news. Two cases are no attack on
the form and must give some: a healthy feed, and twenty that are as heavy as is allowed.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from tests.tools.news.rss import rss
from tests.tools.web.web_server import Answer, WebHandler, bomb, drip, drip_body, serving

if TYPE_CHECKING:
    from tools.news.sources import NewsSource

ROOT = Path(__file__).parents[3]
MOST_S, MOST_MB = 10.0, 64.0
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
BEFORE = "Thu, 15 Jan 2026 11:40:00 GMT"
HEALTHY, HEAVY = "healthy", "20 feeds as heavy as allowed"
_HEAD, _TAIL = b'<rss version="2.0"><channel>', b"</channel></rss>"
_ITEM = f"<item><title>Bitcoin gains</title><pubDate>{BEFORE}</pubDate></item>".encode()
_LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
)


def _giving(body: bytes, **headers: str) -> Answer:
    return lambda request: request.give(body, **headers)


def _heaviest() -> bytes:
    """As many items as pass every check, filled to the last byte with markup to be cleaned."""
    item = _ITEM.replace(b"</item>", b"<description>%s</description></item>" % (b"&lt;p " * 95))
    return _HEAD + item * min(2_499, 999_000 // len(item)) + _TAIL


def _hundred_megabytes(request: WebHandler) -> None:
    """Items that would be news, 100 MB of them, announced."""
    request.send_response(200)
    request.send_header("Content-Length", "100000000")
    request.end_headers()
    _pour(request)


def _unannounced(request: WebHandler) -> None:
    request.send_response(200)
    request.end_headers()
    _pour(request)


def _pour(request: WebHandler) -> None:
    block = _ITEM * 1_000
    while request.server.sent < 100_000_000 and not request.server.stopping.is_set():
        request.wfile.write(block)
        request.server.sent += len(block)


CASES: dict[str, Callable[[], dict[str, Answer]]] = {
    HEALTHY: lambda: {"/f": _giving(rss(("Bitcoin gains", BEFORE, "Up.")))},
    "100 MB, announced": lambda: {"/f": _hundred_megabytes},
    "100 MB, unannounced": lambda: {"/f": _unannounced},
    "gzip bomb, 300 MB in 300 kB": lambda: {"/f": _giving(bomb(), Content_Encoding="gzip")},
    "entity bomb": lambda: {
        "/f": _giving(b'<!DOCTYPE x [<!ENTITY l0 "lol">' + _LAUGHS + b"]><rss>&l9;</rss>")
    },
    "quadratic entity": lambda: {
        "/f": _giving(
            b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]><rss>'
            + b"&a;" * 50_000 + b"</rss>"
        )
    },
    "100,000 items": lambda: {"/f": _giving(_HEAD + b"<item></item>" * 100_000 + _TAIL)},
    "200,000 brackets deep": lambda: {
        "/f": _giving(_HEAD + b"<a>" * 200_000 + b"</a>" * 200_000 + _TAIL)
    },
    "slow from the first byte": lambda: {"/f": drip},
    "slow body": lambda: {"/f": drip_body},
    HEAVY: lambda: {f"/f{number}": _giving(_heaviest()) for number in range(20)},
    "20 slow feeds": lambda: {f"/f{number}": drip_body for number in range(20)},
    "20 feeds of 100 MB": lambda: {f"/f{number}": _unannounced for number in range(20)},
    "service, 660,000 empty objects": lambda: {
        "/newsapi": _giving(b'{"articles": [' + b"{}," * 660_000 + b"{}]}")
    },
    "service, 130,000 empty objects": lambda: {
        "/cryptopanic": _giving(b'{"results": [' + b"{}," * 130_000 + b"{}]}")
    },
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one case came to."""

    case: str
    seconds: float
    peak_mb: float
    items: int
    reasons: tuple[str, ...]

    @property
    def fault(self) -> str | None:
        if self.seconds > MOST_S:
            return f"{self.case}: took {self.seconds:.1f} s"
        if self.peak_mb > MOST_MB:
            return f"{self.case}: took {self.peak_mb:.1f} MB"
        if bool(self.items) != (self.case in (HEALTHY, HEAVY)):
            return f"{self.case}: gave {self.items} items"
        return None


def cost(case: str) -> Cost:
    """Read these feeds in a process of its own."""
    answers = CASES[case]()
    with serving(answers) as server:
        ran = subprocess.run(
            [sys.executable, "-m", __spec__.name, "--read"],
            input=json.dumps([f"{server.base}{path}" for path in answers]),
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            timeout=60,
        )
    found = json.loads(ran.stdout)
    return Cost(case=case, **{**found, "reasons": tuple(found["reasons"])})


def _read() -> None:
    """In that process: what reading costs beyond a healthy feed's own code and a first use."""
    from records.clock import FixedClock
    from tools.news.feeds import read_feeds
    from tools.news.parse import entries
    from tools.news.sources import FeedLimits
    from tools.web.answer import as_answer
    from tools.web.fetch import fetch

    urls, clock = json.load(sys.stdin), FixedClock(NOW)
    assert fetch and as_answer and entries(rss(("Warm", BEFORE, "")))
    sources = _sources(urls)
    before = _peak_mb()
    begin = time.perf_counter()
    limits = FeedLimits(allow_private=True)
    reading = read_feeds(sources, clock, symbols=("BTC/USDT",), limits=limits)
    took = time.perf_counter() - begin
    found = {
        "seconds": round(took, 2),
        "peak_mb": round(_peak_mb() - before, 1),
        "items": len(reading.items),
        "reasons": sorted({down.reason for down in reading.down}),
    }
    print(json.dumps(found))


def _sources(urls: Sequence[str]) -> "list[NewsSource]":
    """Feeds, and the services by the last part of their address."""
    from tools.news.cryptopanic import CryptoPanic
    from tools.news.newsapi import NewsApi
    from tools.news.sources import feed_sources

    made = {"newsapi": NewsApi, "cryptopanic": CryptoPanic}
    named = [(url, made.get(url.rpartition("/")[2])) for url in urls]
    feeds = feed_sources([url for url, service in named if service is None])
    asked = [service(SecretStr("k"), (), url=url) for url, service in named if service is not None]
    return [*feeds, *asked]


def _peak_mb() -> float:
    """
    The highest memory of this process so far.

    Linux's getrusage begins a child at its parent's peak, which would hide what the child took.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (peak_kb,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(peak_kb) * 1_024 / 1_000_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000  # bytes on macOS


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every case's cost; 1 when one is beyond its bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.read:
        _read()
        return 0
    if unknown := set(asked.cases) - set(CASES):
        parser.error(f"no such case: {sorted(unknown)}")
    costs = [cost(case) for case in asked.cases or CASES]
    print(json.dumps([asdict(one) for one in costs], indent=2))
    faults = [fault for one in costs if (fault := one.fault) is not None]
    print("\n".join(faults) or f"{len(costs)} cases, all within the bounds", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
