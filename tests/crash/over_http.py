"""
The crash proof once more, through ccxt and HTTP, against the venue in ../shared/fake_exchange.

Fewer runs, since time is real here: a dropped request costs its window. The judge is the
venue's own audit, and its list of orders held against the ledger.

    python -m tests.crash.over_http [--runs 240] [--jobs 2] [--json]
    python -m tests.crash.over_http --one 17      one run again, with its findings in full

It refuses to run without ../shared.
"""

import argparse
import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from pydantic import SecretStr

from records.base import PositionSide
from records.clock import Clock, SystemClock, from_epoch_ms
from records.order import FundingPayment, OrderIntent
from records.ports import VenueFill, VenueOrder
from tests.crash.campaign import scratch
from tests.crash.controls import PATHS
from tests.crash.judge import Finding
from tests.crash.life import Place
from tests.crash.path import Build
from tests.crash.plan import PLOTS, Plan, Plot, away
from tests.crash.run import Bench, Outcome, Run, Second
from tests.crash.script import BTC, STEP, Fault, Script
from tests.crash.summary import summed_up
from tests.tools.exchange.loopback import KEY, ORDERS, SECRET, SHARED, STOPS, LoopbackVenue, start
from tools.exchange.ccxt_account import CcxtAccount
from tools.exchange.ccxt_orders import CcxtOrders
from tools.exchange.ccxt_private import PrivateClient
from tools.ledger.ledger import Ledger

TIMEOUT_S, LATE_S, FATE_KNOWN_AFTER_S = 0.5, 0.8, 1.2
"""Short, since they are waited for: a late request arrives well within its window."""

POINTS = 28
"""About what a first life has; a kill that comes too late is a run without one."""

TICKS = (0, 1, 4, 12)
FAULTS: Mapping[Fault, Mapping[str, Any] | None] = {
    "none": None,
    "answer lost": {"action": "drop_after"},
    "request lost": {"action": "drop_before"},
    "unavailable": {"action": "status", "status": 503, "processed": True},
    "truncated": {"action": "garbage"},
    "late": {"action": "delay", "seconds": LATE_S},
}


class HttpAccount:
    """The desk's own account and writer, with a point before and after each call that counts."""

    fate_known_after_s = FATE_KNOWN_AFTER_S
    entries_rest = False

    def __init__(self, client: PrivateClient) -> None:
        self._reader = CcxtAccount(client)
        self._writer = CcxtOrders(client, fate_known_after_s=FATE_KNOWN_AFTER_S)
        self.hit: Callable[[str], None] = lambda _point: None

    def catch_up(self) -> None:
        self._reader.catch_up()

    def cash(self) -> Decimal:
        return self._reader.cash()

    def holdings(self) -> Mapping[str, Decimal]:
        return self._reader.holdings()

    def open_orders(self) -> Sequence[VenueOrder]:
        return self._reader.open_orders()

    def order(self, intent: OrderIntent) -> VenueOrder | None:
        with self._around(f"query {intent.role}"):
            return self._reader.order(intent)

    def fills(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[VenueFill]:
        return self._reader.fills(since, symbols)

    def forced(self, fill: VenueFill) -> bool:
        return self._reader.forced(fill)

    def funding(self, since: datetime | None, symbols: Sequence[str]) -> Sequence[FundingPayment]:
        return self._reader.funding(since, symbols)

    def prepare(self, intent: OrderIntent) -> None:
        with self._around("prepare"):
            self._writer.prepare(intent)

    def create(self, intent: OrderIntent) -> VenueOrder:
        with self._around(f"create {intent.role}"):
            return self._writer.create(intent)

    def cancel(self, intent: OrderIntent) -> VenueOrder | None:
        with self._around(f"cancel {intent.role}"):
            return self._writer.cancel(intent)

    @contextmanager
    def _around(self, what: str) -> Iterator[None]:
        self.hit(f"{what} next")
        try:
            yield
        finally:
            self.hit(f"{what} done")


class HttpControl:
    """The venue's controls; a pause is a real one, and death is candles that pass."""

    def __init__(self, venue: LoopbackVenue, fault: Mapping[str, Any] | None) -> None:
        self._venue = venue
        self._fault = fault

    def advance(self, seconds: float) -> None:
        """So many ticks of its candles, a quarter of five minutes each."""
        if seconds:
            self._venue.advance(ticks=int(seconds))

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def arm(self) -> None:
        if self._fault is not None:
            self._venue.control("POST", "faults", **self._fault)

    def disarm(self) -> None:
        self._venue.control("DELETE", "faults")

    def move(self, price: Decimal) -> None:
        self._venue.price("BTCUSDT", price)

    def last(self) -> Decimal:
        return Decimal(self._venue.last("BTCUSDT"))


class HttpBench(Bench):
    """One loopback venue, one folder, run after run."""

    def __init__(self, folder: Path, venue: LoopbackVenue, name: str, build: Build) -> None:
        place = Place(Ledger(folder / f"{name}.db"), build, self._connected)
        super().__init__(folder / "template.db", place, "")
        self._venue = venue
        self._fault: Mapping[str, Any] | None = None
        client = _client(venue, None)
        client.market(BTC)
        self._listed = (client.exchange.markets, client.exchange.currencies)
        client.close()

    @contextmanager
    def _connected(self) -> Iterator[tuple[HttpAccount, Clock, HttpControl]]:
        client = _client(self._venue, self._listed)
        clock = _clock(client)
        client.follow(clock)
        try:
            yield HttpAccount(client), clock, HttpControl(self._venue, self._fault)
        finally:
            client.close()

    def _plan(self, run: Run) -> Plan:
        self._venue.reset()
        rng = Random(f"http {run.seed}")
        self._fault = _fault(run.fault, rng)
        return _trade(run.seed, Decimal(self._venue.last("BTCUSDT")), rng)

    def _reset(self, plan: Plan) -> None:
        """Done with the plan, which needs the price."""

    def _unprotected(self) -> tuple[Finding, ...]:
        audit = self._venue.audit()
        return tuple(
            Finding(kind="unprotected", what=f"{symbol} is held without a stop that covers it")
            for symbol, protected in audit["protected_now"].items()
            if not protected
        )

    def _judge(self, ledger: Ledger, plan: Plan) -> tuple[Finding, ...]:
        audit = self._venue.audit()
        sent_twice = {**audit["same_client_id"], **audit["same_intent_same_moment"]}
        with self._connected() as (account, _, _):
            theirs, held = account.fills(None, [BTC]), account.holdings().get(BTC, Decimal(0))
        return (
            *(Finding(kind="duplicate", what=f"{what} twice") for what in sent_twice),
            *(Finding(kind="orphan", what=f"order {one}") for one in audit["orphan_orders"]),
            *self._unprotected(),
            *_differences(ledger, theirs, held),
            *_unresolved(ledger, self._venue.orders()),
            *(Finding(kind="integrity", what=fault) for fault in ledger.integrity()),
        )


def _differences(ledger: Ledger, theirs: Sequence[VenueFill], held: Decimal) -> Iterator[Finding]:
    ours = {(one.fill_id, one.quantity, one.fee) for one in ledger.execution.fills_since(None)}
    for fill in sorted(ours ^ {(one.fill_id, one.quantity, one.fee) for one in theirs}):
        yield Finding(kind="ledger differs", what=f"only one side has fill {fill}")
    signed = sum(
        (one.quantity if one.side == "long" else -one.quantity)
        for one in ledger.account.open_positions()
    )
    if signed != held:
        yield Finding(kind="ledger differs", what=f"the ledger holds {signed}, the venue {held}")


def _unresolved(ledger: Ledger, orders: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What rests on one side alone; a guard that waits for its resting entry rests nowhere."""
    resting = {one["client_id"] for one in orders if one["status"] in ("NEW", "PARTIALLY_FILLED")}
    entry_rests = any(name.endswith("-e") for name in resting)
    working = {one.intent.client_order_id: one for one in ledger.execution.working_orders()}
    for name in resting - set(working):
        yield Finding(kind="orphan", what=f"{name} rests at the venue, not in the ledger")
    for name in set(working) - resting:
        if not (working[name].status == "pending" and entry_rests):
            status = working[name].status
            yield Finding(kind="unresolved", what=f"{name} is {status}, and not at the venue")


def _client(venue: LoopbackVenue, listed: tuple[Any, Any] | None) -> PrivateClient:
    return PrivateClient(
        "binanceusdm",
        key=SecretStr(KEY),
        secret=SecretStr(SECRET),
        exchange_url=venue.url,
        timeout_s=TIMEOUT_S if listed else 20.0,
        listed=listed,
    )


def _clock(client: PrivateClient) -> Clock:
    """The venue's clock, as a cycle measures it."""
    there = from_epoch_ms(client.exchange.fetch_time())
    return SystemClock(there - SystemClock().now())


def _fault(fault: Fault, rng: Random) -> Mapping[str, Any] | None:
    """Which request fails: the entry's, or one for a stop or target; sometimes a cancel."""
    how = FAULTS[fault]
    method = rng.choice(("POST", "POST", "POST", "DELETE"))
    path, after = rng.choice(((ORDERS, 0), (STOPS, 0), (STOPS, 1)))
    return None if how is None else {**how, "method": method, "path": path, "after": after}


def _trade(seed: int, price: Decimal, rng: Random) -> Plan:
    side: PositionSide = rng.choice(("long", "short"))
    sign = 1 if side == "long" else -1
    plot: Plot = rng.choice(PLOTS)
    limit_pct = sign * rng.choice((Decimal("0.2"), Decimal("-0.2")))
    return Plan(
        seed=seed,
        plot=plot,
        side=side,
        price=price,
        quantity=STEP * rng.randrange(5, 40),
        limit_price=away(price, limit_pct) if plot == "limit" else None,
        stop=away(price, -sign * Decimal(rng.randrange(3, 20)) / 10),
        take_profit=rng.choice((None, away(price, sign * Decimal("2.5")))),
        profit_price=away(price, sign * Decimal("1.9")),
        script=Script(price=price),
        gaps_s=(rng.choice(TICKS), rng.choice(TICKS), rng.choice(TICKS)),
    )


def run_of(number: int) -> Run:
    """Run so and so: faults and second kills take turns, the points are drawn."""
    rng = Random(f"http run {number}")
    faults = tuple(FAULTS)
    second: Second = ("none", "early", "late")[number // len(faults) % 3]
    again = {"none": 0, "early": rng.randint(1, 6), "late": rng.randint(7, 20)}[second]
    return Run(
        seed=number,
        fault=faults[number % len(faults)],
        kill_at=rng.randint(1, POINTS),
        second=second,
        kill_again_at=again,
    )


def _work(numbers: Sequence[int], folder: Path, name: str, build: Build) -> None:
    """These runs, their outcomes in a file."""
    process, venue = start()
    try:
        bench = HttpBench(folder, venue, name, build)
        bench.run(Run(seed=0, fault="none"))
        gc.collect()
        gc.freeze()
        with (folder / f"{name}.jsonl").open("wb") as lines:
            for number in numbers:
                lines.write(bench.run(run_of(number)).model_dump_json().encode() + b"\n")
    finally:
        process.kill()
        process.wait()


def _worker(numbers: Sequence[int], folder: Path, name: str, build: Build) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        _work(numbers, folder, name, build)
        status = 0
    except BaseException:  # noqa: BLE001 - this process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> int:
    """Run them and print what they showed."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.over_http")
    parser.add_argument("--runs", type=int, default=240)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--one", type=int)
    parser.add_argument("--path", choices=sorted(PATHS), default="desk")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not SHARED.is_dir():
        raise SystemExit("../shared is absent, so there is no venue; nothing was run.")
    numbers = range(given.runs) if given.one is None else [given.one]
    began = perf_counter()
    with scratch() as folder:
        workers = [
            _worker(numbers[n :: given.jobs], folder, str(n), PATHS[given.path])
            for n in range(given.jobs)
        ]
        failed = [os.waitpid(worker, 0)[1] for worker in workers]
        lines = [
            line
            for n in range(given.jobs)
            for line in (folder / f"{n}.jsonl").read_bytes().splitlines()
        ]
    if any(failed):
        raise SystemExit("A worker failed; nothing is proven.")
    outcomes = [Outcome.model_validate_json(line) for line in lines]
    summary = summed_up(outcomes, (), perf_counter() - began)
    print(summary.model_dump_json(indent=None if given.json else 2))
    return 0 if summary.sound else 1


if __name__ == "__main__":
    sys.exit(main())
