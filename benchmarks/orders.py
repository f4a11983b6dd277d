"""
What the desk adds to an order: `uv run python -m benchmarks.orders [--orders N]` prints JSON.

Real orders through ccxt and HTTP against the loopback venue of ../shared. For each entry:
the time from the approval in the ledger to the venue's acknowledgement in the ledger, and to
the end with stop and target resting and the fill booked; what was spent waiting for the
venue's answers (between the last byte sent and the answer read) is measured on the wire and
taken away. Each order is a market entry that is flattened afterwards, outside the measure.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import requests

from records.order import Order
from tests.tools.exchange import loopback
from tests.tools.orders.over_http import QUANTITY, OverHttp
from tools.ledger.ledger import Ledger
from tools.orders.sender import Sender

TARGET_MS = 100


class Wire:
    """How long requests took, by the clock of whoever waits for them."""

    def __init__(self) -> None:
        self.waited_s = 0.0
        self.count = 0
        self._send = requests.Session.send

    def __enter__(self) -> "Wire":
        wire, send = self, self._send

        def timed(session: Any, request: Any, **how: Any) -> Any:
            began = perf_counter()
            try:
                return send(session, request, **how)
            finally:
                wire.waited_s += perf_counter() - began
                wire.count += 1

        requests.Session.send = timed  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        requests.Session.send = self._send  # type: ignore[method-assign]


def main() -> None:
    """Measure and print; leaves with 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50)
    count = parser.parse_args().orders
    process, venue = loopback.start()
    try:
        with tempfile.TemporaryDirectory() as home, Ledger(Path(home) / "ledger.db") as ledger:
            document = measured(OverHttp(ledger, venue), count)
    finally:
        process.kill()
        process.wait()
    print(json.dumps(document, indent=2))
    sys.exit(0 if document["acknowledged_over_venue_ms"]["median"] <= TARGET_MS else 1)


def measured(live: OverHttp, count: int) -> dict[str, Any]:
    """So many orders, one after another; the first warms up and does not count."""
    live.loopback.settings(weight_limit=1_000_000_000)
    acknowledged: list[float] = []
    whole: list[float] = []
    waits: list[float] = []
    requests_made: list[int] = []
    for number in range(count + 1):
        cycle = live.cycle()
        approval_id = cycle.approve(quantity=QUANTITY)
        marks: list[tuple[float, float]] = []
        with Wire() as wire, _marked(wire, marks):
            began = perf_counter()
            report = cycle.place(approval_id)
            ended = perf_counter()
        assert report.orders, report.refused
        if number:
            at, waited = marks[0]
            acknowledged.append((at - began - waited) * 1000)
            whole.append((ended - began - wire.waited_s) * 1000)
            waits.append(wire.waited_s * 1000)
            requests_made.append(wire.count)
        live.cycle().execution.flatten(None)
    return {
        "orders": count,
        "acknowledged_over_venue_ms": _summary(acknowledged),
        "guarded_over_venue_ms": _summary(whole),
        "venue_ms": _summary(waits),
        "requests_per_order": statistics.median(requests_made),
        "target_ms": TARGET_MS,
    }


class _marked:
    """Notes when each order came back booked from the sender, and what the wire took by then."""

    def __init__(self, wire: Wire, marks: list[tuple[float, float]]) -> None:
        self._wire, self._marks, self._send = wire, marks, Sender.send

    def __enter__(self) -> None:
        wire, marks, send = self._wire, self._marks, self._send

        def noted(sender: Sender, order: Order) -> Order:
            sent = send(sender, order)
            marks.append((perf_counter(), wire.waited_s))
            return sent

        Sender.send = noted  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Sender.send = self._send  # type: ignore[method-assign]


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(len(ordered) * 0.95) - 1], 2),
        "max": round(ordered[-1], 2),
    }


if __name__ == "__main__":
    main()
