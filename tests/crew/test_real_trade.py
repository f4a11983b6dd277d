"""Whole cycles with real orders: five agents, the gate, ccxt, HTTP and the venue of ../shared."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from crew.arming import arm
from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.flatten import flatten
from records.errors import SettingsError
from tests.crew.desks import settings
from tests.tools.exchange.loopback import KEY, SECRET, SHARED, LoopbackVenue, start

AT = datetime(2025, 4, 19, 15, 20, tzinfo=UTC)
"""A moment at which rulebook/bold wants to buy, and its officer agrees."""
_MARKETS = (
    "venue=binanceusdm",
    "symbols=[BTC/USDT, ETH/USDT]",
    "intervals=[5m, 1h, 4h]",
    "candles=250",
    "news.feeds=[]",
    "model=rulebook/bold",
)


def quiet(_text: str) -> None:
    """Progress nobody reads."""


@pytest.fixture(scope="module")
def running() -> Iterator[LoopbackVenue]:
    """The venue at that moment."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent")
    process, found = start(int(AT.timestamp() * 1000))
    try:
        yield found
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def venue(running: LoopbackVenue, monkeypatch: pytest.MonkeyPatch) -> LoopbackVenue:
    """A fresh account there, and its keys."""
    running.reset()
    monkeypatch.setenv("DESK_API_KEY", KEY)
    monkeypatch.setenv("DESK_API_SECRET", SECRET)
    return running


@contextmanager
def desk_at(
    home: Path, venue: LoopbackVenue, *more: str, after: timedelta = timedelta(0)
) -> Iterator[Desk]:
    """A desk on a machine whose clock is right."""
    wanted = settings(*_MARKETS, f"exchange_url={venue.url}", *more)
    with time_machine.travel(AT + after, tick=True), open_desk(wanted, home) as desk:
        yield desk


def test_a_cycle_trades_is_stopped_out_and_books_it(tmp_path: Path, venue: LoopbackVenue) -> None:
    """From five agents to an order at the venue, its stop there, and the loss in the ledger."""
    with desk_at(tmp_path, venue, "mode=testnet") as desk:
        traded = run_cycle(desk, quiet)

    assert (traded.outcome, traded.exit_code) == ("traded", 0), traded.message
    assert [(o.intent.role, o.status) for o in traded.orders] == [
        ("entry", "filled"), ("stop", "open"), ("take_profit", "open"),
    ]  # fmt: skip
    audit = venue.audit()
    assert (audit["same_client_id"], audit["same_intent_same_moment"]) == ({}, {})
    assert list(audit["protected_now"].values()) == [True]

    entry, stop, _ = (order.intent for order in traded.orders)
    assert stop.trigger_price is not None
    venue.price(entry.symbol.replace("/", ""), stop.trigger_price * 99 / 100)
    venue.advance(bars=1)
    with desk_at(tmp_path, venue, "mode=testnet", after=timedelta(minutes=5)) as desk:
        after = run_cycle(desk, quiet)
        left = desk.ledger.account.open_positions()

    (trade,) = after.trades
    assert (trade.symbol, trade.exit_reason) == (entry.symbol, "stop_loss")
    assert trade.pnl < 0 < trade.fees
    assert all(position.opened_at > trade.closed_at for position in left)
    assert all(venue.audit()["protected_now"].values())
    assert venue.audit()["orphan_orders"] == []


def test_an_entry_whose_answer_is_lost_is_one_order(tmp_path: Path, venue: LoopbackVenue) -> None:
    """The crew knows nothing of it; the summary says traded, and it is."""
    venue.fault("drop_after", "/fapi/v1/order")
    with desk_at(tmp_path, venue, "mode=testnet") as desk:
        record = run_cycle(desk, quiet)

    assert record.outcome == "traded", record.message
    audit = venue.audit()
    assert (audit["same_client_id"], audit["same_intent_same_moment"]) == ({}, {})
    assert list(audit["protected_now"].values()) == [True]
    assert len([one for one in venue.orders() if not one["algo"]]) == 1


def test_live_trades_only_while_it_is_armed(tmp_path: Path, venue: LoopbackVenue) -> None:
    """Never armed: not even a cycle. Armed: within its bound. Disarmed: looks after, opens none."""
    with desk_at(tmp_path, venue, "mode=live") as desk:
        with pytest.raises(SettingsError, match="never armed"):
            run_cycle(desk, quiet)
        arm(desk, max_notional=1, max_daily_loss=50, days=1, typed=lambda _q: _PHRASE)  # type: ignore[arg-type]
        small = run_cycle(desk, quiet)

    assert small.outcome in ("hold", "vetoed")
    assert "NotArmed" in {refusal.code for refusal in small.refusals}
    assert venue.orders() == []

    venue.advance(bars=1)
    with desk_at(tmp_path, venue, "mode=live", after=timedelta(minutes=5)) as desk:
        desk.ledger.safety.disarm(desk.venue_clock().now())
        disarmed = run_cycle(desk, quiet)

    assert (disarmed.outcome, disarmed.hold_reason) == ("hold", "not_armed")
    assert venue.orders() == []


_PHRASE = "arm live binanceusdm"


def test_flatten_leaves_a_real_account_empty(tmp_path: Path, venue: LoopbackVenue) -> None:
    """Position, stop and target: all gone, and the venue says so."""
    with desk_at(tmp_path, venue, "mode=testnet") as desk:
        run_cycle(desk, quiet)
        record = flatten(desk, None, quiet)

    assert (record.outcome, record.exit_code) == ("traded", 0), record.message
    audit = venue.audit()
    assert (audit["protected_now"], audit["orphan_orders"]) == ({}, [])
    assert re.match(r"Flat: 1 order closed", record.message)
