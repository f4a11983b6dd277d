"""Every fault of an order's creation that a real venue showed, through ccxt and HTTP."""

import pytest

from tests.tools.exchange.loopback import ORDERS, STOPS, running, venue  # noqa: F401
from tests.tools.orders.over_http import QUANTITY, OverHttp, sound_over_http

TIMEOUT = "Timeout waiting for response from backend server. Send status unknown."
ROWS = {
    "answer dropped after accepting": ({"action": "drop_after"}, 1),
    "dropped before processing": ({"action": "drop_before"}, 0),
    "silence until timeout": ({"action": "hang_after", "seconds": 3}, 1),
    "-1007": (
        {"action": "error", "status": 408, "code": -1007, "msg": TIMEOUT, "processed": True}, 1,
    ),
    "503 after accepting": ({"action": "status", "status": 503, "processed": True}, 1),
    "502": ({"action": "status", "status": 502}, 0),
    "429": ({"action": "error", "status": 429, "code": -1003, "msg": "Too many requests."}, 0),
    "418": ({"action": "error", "status": 418, "code": -1003, "msg": "banned"}, 0),
    "-1021": ({"action": "error", "code": -1021, "msg": "outside of the recvWindow."}, 0),
    "truncated JSON with HTTP 200": ({"action": "garbage"}, 1),
}  # fmt: skip


@pytest.fixture
def live(ledger, venue):  # noqa: F811
    found = OverHttp(ledger, venue)
    try:
        yield found
    finally:
        found.close()


@pytest.mark.parametrize("row", ROWS)
def test_an_entry_meets_the_fault(live, row):
    """One order or none, as the table says, with its guards; the next cycle finds it settled."""
    fault, booked = ROWS[row]
    live.loopback.fault(path=ORDERS, **fault)

    report = live.cycle().open(quantity=QUANTITY)

    entries = [one for one in live.loopback.orders() if one["client_id"].endswith("-e")]
    assert len(entries) == booked
    assert next(o.status for o in report.orders if o.intent.role == "entry") in (
        ("filled",) if booked else ("absent", "rejected")
    )
    sound_over_http(live)
    assert live.cycle().reconcile().problems == ()
    sound_over_http(live)


@pytest.mark.parametrize("row", ROWS)
def test_a_stop_meets_the_fault(live, row):
    """Whatever became of the first attempt, one stop rests in the end, or nothing is held."""
    fault, _ = ROWS[row]
    live.loopback.fault(path=STOPS, **fault)

    live.cycle().open("sell", quantity=QUANTITY)

    sound_over_http(live)
    assert live.cycle().reconcile().problems == ()
    sound_over_http(live)


def test_a_duplicating_network_is_no_second_entry_of_ours(live):
    """The venue was handed the request twice; what it holds is reported, not doubled by us."""
    live.loopback.fault("duplicate", ORDERS)

    live.cycle().open(quantity=QUANTITY)
    live.cycle().reconcile()

    assert len(live.loopback.requests("POST", ORDERS)) == 1
    assert live.loopback.audit()["same_client_id"] == {}


def test_a_stop_that_triggers_at_the_venue_is_booked_under_the_order_it_became(live):
    """The fill carries another id than the stop; its target is cancelled afterwards."""
    live.cycle().open(quantity=QUANTITY)
    live.loopback.price("BTCUSDT", str(live.last * 97 / 100))

    (trade,) = live.cycle().reconcile().trades

    assert trade.exit_reason == "stop_loss"
    assert live.position() is None
    sound_over_http(live)


def test_flatten_leaves_an_empty_account(live):
    """Entries, positions, stops and targets: nothing is left."""
    live.cycle().open(quantity=QUANTITY)

    live.cycle().execution.flatten(None)

    assert live.account.holdings() == {}
    assert live.account.open_orders() == []
    sound_over_http(live)
