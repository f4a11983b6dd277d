"""Orders at a venue that misbehaves: one or none, and always known which."""

import logging
import traceback
from decimal import Decimal

import pytest
import requests
from pydantic import SecretStr

from records.errors import NotSent, OrderRefused, OutcomeUnknown, Throttled, VenueError
from tests.tools.exchange.loopback import (
    KEY,
    ORDERS,
    SECRET,
    STOPS,
    free_port,
    running,
    venue,
)
from tests.tools.exchange.real_orders import intent, leave, stop, target
from tools.exchange.ccxt_account import CcxtAccount
from tools.exchange.ccxt_orders import CcxtOrders

__all__ = ["running", "venue"]

TIMEOUT = "Timeout waiting for response from backend server. Send status unknown."
SECRETS = (KEY, SECRET, "signature=", "timestamp=")

# What exchange.md measured: the fault, whether the venue books the order, and what we then know.
FAULTS = [
    ("answer dropped after accepting", {"action": "drop_after"}, 1, OutcomeUnknown),
    ("dropped before processing", {"action": "drop_before"}, 0, OutcomeUnknown),
    ("silence until timeout", {"action": "hang_after", "seconds": 3}, 1, OutcomeUnknown),
    (
        "-1007 after accepting",
        {"action": "error", "status": 408, "code": -1007, "msg": TIMEOUT, "processed": True},
        1,
        OutcomeUnknown,
    ),
    ("503 after accepting", {"action": "status", "status": 503, "processed": True}, 1,
     OutcomeUnknown),
    ("503 before accepting", {"action": "status", "status": 503}, 0, OutcomeUnknown),
    ("502", {"action": "status", "status": 502}, 0, OutcomeUnknown),
    ("truncated JSON with HTTP 200", {"action": "garbage"}, 1, OutcomeUnknown),
    (
        "a 4xx that the venue calls unknown",
        {"action": "error", "code": -1006, "msg": "Execution status unknown.", "processed": True},
        1,
        OutcomeUnknown,
    ),
    (
        "a 5xx with a code that would be a refusal",
        {"action": "error", "status": 500, "code": -2019, "msg": "No margin.", "processed": True},
        1,
        OutcomeUnknown,
    ),
    (
        "an id that is taken, by its code",
        {"action": "error", "code": -4116, "msg": "The id is taken.", "processed": True},
        1,
        OutcomeUnknown,
    ),
    (
        "an id that is taken, by its words",
        {"action": "error", "code": -4999, "msg": "Id is Duplicated.", "processed": True},
        1,
        OutcomeUnknown,
    ),
    ("a 4xx without a code", {"action": "status", "status": 403}, 0, OutcomeUnknown),
    (
        "429",
        {"action": "error", "status": 429, "code": -1003, "msg": "Too many requests."},
        0,
        Throttled,
    ),
    (
        "418",
        {"action": "error", "status": 418, "code": -1003, "msg": "banned", "retry_after": 120},
        0,
        Throttled,
    ),
    ("-1021 clock", {"action": "error", "code": -1021, "msg": "outside of the recvWindow."}, 0,
     OrderRefused),
    ("-2019", {"action": "error", "code": -2019, "msg": "Margin is insufficient."}, 0,
     OrderRefused),
    ("a code that ccxt does not know", {"action": "error", "code": -4999, "msg": "No."}, 0,
     OrderRefused),
]  # fmt: skip


@pytest.fixture
def client(venue):
    """The desk's client with keys."""
    found = venue.client()
    yield found
    found.close()


@pytest.fixture
def orders(client):
    """The writing side."""
    return CcxtOrders(client)


@pytest.fixture
def account(client):
    """The reading side."""
    return CcxtAccount(client)


def sent(venue, path=ORDERS):
    return venue.requests("POST", path)


@pytest.mark.parametrize(("fault", "booked", "known"), [row[1:] for row in FAULTS],
                         ids=[row[0] for row in FAULTS])  # fmt: skip
def test_every_fault_of_an_entry_is_told_apart(venue, orders, account, fault, booked, known):
    """Sent once, never again; afterwards the venue's own list says which it was."""
    venue.fault(path=ORDERS, **fault)
    with pytest.raises(known) as raised:
        orders.create(intent("a-1-e"))
    found = account.order(intent("a-1-e"))
    audit = venue.audit()

    assert type(raised.value) is known
    assert len(sent(venue)) == 1
    assert (found is not None) == bool(booked) == bool(audit["accepted"])
    assert (audit["same_client_id"], audit["same_intent_same_moment"]) == ({}, {})


@pytest.mark.parametrize(("fault", "booked", "known"), [row[1:] for row in FAULTS],
                         ids=[row[0] for row in FAULTS])  # fmt: skip
def test_every_fault_of_a_stop_is_told_apart(venue, orders, account, fault, booked, known):
    """A stop that is thought absent and stands would be placed twice, and the other way round."""
    orders.create(intent("a-1-e"))
    venue.fault(path=STOPS, **fault)
    with pytest.raises(known):
        orders.create(stop())
    found = account.order(stop())
    audit = venue.audit()

    assert len(sent(venue, STOPS)) == 1
    assert (found is not None) == bool(booked)
    assert audit["protected_now"] == {"BTCUSDT": bool(booked)}
    assert [one.client_order_id for one in account.open_orders()] == ["a-1-s"] * booked
    assert (audit["same_client_id"], audit["same_intent_same_moment"]) == ({}, {})


def test_a_refused_connection_is_not_sent(venue):
    """The one failure after which the same order may be tried again."""
    elsewhere = venue.client(exchange_url=f"http://127.0.0.1:{free_port()}", listed=_listed(venue))
    with pytest.raises(NotSent, match="did not leave this machine"):
        CcxtOrders(elsewhere).create(intent("a-1-e"))


def test_an_earlier_refused_connection_does_not_colour_a_later_timeout(venue, orders):
    """Python remembers the failure that is being handled; the order's own fate counts."""
    venue.fault("drop_after", path=ORDERS)
    try:
        requests.get(f"http://127.0.0.1:{free_port()}", timeout=1)
    except requests.ConnectionError:
        with pytest.raises(OutcomeUnknown):
            orders.create(intent("a-1-e"))
    assert venue.audit()["accepted"] == 1


def _listed(venue):
    client = venue.client()
    client.market("BTC/USDT")
    return client.exchange.markets, client.exchange.currencies


def test_a_client_id_that_stands_already_is_not_taken_for_a_refusal(venue, orders, account):
    """-4116: an order lives under that id, so it must be looked at."""
    resting = intent("a-1-x", role="exit", kind="limit", limit_price=Decimal("70000"))
    orders.create(resting)
    with pytest.raises(OutcomeUnknown, match="duplicated"):
        orders.create(resting)
    assert account.order(resting).status == "open"
    assert venue.audit()["accepted"] == 1


@pytest.mark.parametrize(
    ("rule", "given", "words"),
    [
        ("below the least value", {"quantity": Decimal("0.001")}, "-4164"),
        ("beyond the margin", {"quantity": Decimal("100")}, "-2019"),
        ("below one step", {"quantity": Decimal("0.0001")}, "Nothing was sent"),
        ("above the largest lot", {"quantity": Decimal("5000000")}, "refused by the venue"),
        ("a market it does not list", {"symbol": "DOGE/USDT"}, "lists no market"),
    ],
)
def test_what_the_venue_does_not_accept_is_refused(venue, orders, rule, given, words):
    """In its own words, and nothing is booked."""
    with pytest.raises(OrderRefused, match=words) as raised:
        orders.create(intent("a-1-e", **given))
    assert type(raised.value) is OrderRefused, rule
    assert venue.audit()["accepted"] == 0


def test_a_stop_that_would_trigger_at_once_is_refused(venue, orders):
    """-2021: the position must then be closed, not left without a stop."""
    orders.create(intent("a-1-e"))
    with pytest.raises(OrderRefused, match="-2021"):
        orders.create(stop(price="90000"))
    assert venue.audit()["protected_now"] == {"BTCUSDT": False}


def test_a_wrong_secret_is_refused(venue):
    """The signature is checked before anything is booked."""
    with pytest.raises(OrderRefused, match="-1022"):
        CcxtOrders(venue.client(secret=SecretStr("wrong"))).create(intent("a-1-e"))


def test_a_market_entry_cannot_trade_beyond_its_limit(venue, orders):
    """The approved band binds at the venue: a limit that is filled at once or not at all."""
    missed = orders.create(intent("a-1-e", limit_price=Decimal("80000")))
    filled = orders.create(intent("a-2-e", limit_price=Decimal("85000.05")))
    asked = [one["params"] for one in sent(venue)]
    assert (missed.status, missed.filled_quantity) == ("expired", 0)
    assert (filled.status, filled.filled_quantity) == ("filled", Decimal("0.05"))
    assert [one["timeInForce"] for one in asked] == ["IOC", "IOC"]
    assert asked[1]["price"] == "85000"


@pytest.mark.parametrize(("side", "price"), [("buy", "85000.4"), ("sell", "85000.5")])
def test_a_limit_is_rounded_away_from_harm(venue, orders, side, price):
    """A buyer never pays more, a seller never takes less."""
    orders.create(intent("a-1-e", side=side, kind="limit", limit_price=Decimal("85000.45")))
    assert sent(venue)[0]["params"]["price"] == price


@pytest.mark.parametrize(("side", "price"), [("sell", "80000.2"), ("buy", "90000.1")])
def test_a_stop_is_rounded_towards_the_price(venue, orders, side, price):
    """Off its tick it only ever becomes tighter."""
    off = Decimal("80000.11") if side == "sell" else Decimal("90000.19")
    orders.create(stop().model_copy(update={"side": side, "trigger_price": off}))
    assert sent(venue, STOPS)[0]["params"]["triggerPrice"] == price


@pytest.mark.parametrize("quantity", ["0.003", "0.0039999999999999999", "0.0030000000000000001"])
def test_quantities_are_rounded_down_and_pass_no_float(venue, orders, quantity):
    """Too many digits cost a part of a step, never the step above."""
    orders.create(intent("a-1-e", quantity=Decimal(quantity)))
    assert sent(venue)[0]["params"]["quantity"] == "0.003"


def test_a_market_exit_takes_any_price_and_only_reduces(venue, orders):
    """Whoever must leave must not be held by a band."""
    orders.create(intent("a-1-e"))
    left = orders.create(leave(limit_price=Decimal("90000")))
    assert (left.status, left.reduce_only) == ("filled", True)
    assert sent(venue)[1]["params"]["type"] == "MARKET"
    with pytest.raises(OrderRefused, match="-2022"):
        orders.create(leave("a-1-x2"))


def test_every_order_carries_our_id_and_a_short_window(venue, orders):
    """ccxt makes an id up when none is given, and waits for ten seconds."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    orders.create(target())
    plain, waiting = sent(venue)[0]["params"], [one["params"] for one in sent(venue, STOPS)]
    assert (plain["newClientOrderId"], plain["recvWindow"]) == ("a-1-e", "5000")
    assert [one["clientAlgoId"] for one in waiting] == ["a-1-s", "a-1-t"]
    assert {one["recvWindow"] for one in waiting} == {"5000"}


def test_the_fate_of_an_order_is_known_after_its_window_and_the_lag(orders):
    """A request cannot arrive later than recvWindow allows."""
    assert orders.fate_known_after_s == 15.0


def test_margin_and_leverage_are_set_once(venue, orders):
    """What stands already is not asked for again."""
    orders.prepare(intent("a-1-e", leverage=7))
    orders.prepare(intent("a-1-e", leverage=7))
    changed = [(one["path"], one["status"]) for one in venue.requests("POST")]
    assert changed == [("/fapi/v1/marginType", 200), ("/fapi/v1/leverage", 200)]
    orders.prepare(intent("a-1-e", leverage=8))
    assert len(venue.requests("POST")) == 3


def test_margin_already_set_is_no_failure(venue, orders):
    """-4046, when the first answer was lost: repeating is harmless."""
    venue.fault("drop_after", path="/fapi/v1/marginType")
    orders.prepare(intent("a-1-e"))
    assert [one["status"] for one in venue.requests("POST", "/fapi/v1/marginType")] == [None, 400]


def test_a_margin_mode_that_cannot_be_changed_refuses_the_entry(venue, orders, client):
    """-4048: with a position in cross margin, isolated is not to be had."""
    CcxtOrders(client, margin="cross").prepare(intent("a-1-e"))
    orders.create(intent("a-1-e"))
    with pytest.raises(OrderRefused, match="-4048"):
        orders.prepare(intent("a-2-e"))
    CcxtOrders(client, margin="cross").prepare(intent("a-2-e", leverage=5))


def test_an_unprepared_market_is_not_known(venue, orders):
    """The venue does not answer: no entry, but not a refusal either."""
    venue.fault("drop_before", path="/fapi/v1/symbolConfig", method="GET", count=9)
    with pytest.raises(VenueError, match="margin and leverage"):
        orders.prepare(intent("a-1-e"))


def test_cancelling_tells_what_became_of_each(venue, orders):
    """Open, ended before, executed, never there: also when it is repeated."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    orders.create(target())
    venue.price("BTCUSDT", "79000")
    gone = orders.cancel(stop())
    assert (gone.status, gone.filled_quantity) == ("filled", Decimal("0.05"))
    assert [orders.cancel(target()).status for _ in range(2)] == ["cancelled", "cancelled"]
    assert orders.cancel(intent("a-1-e")).status == "filled"
    assert orders.cancel(intent("a-9-e")) is None


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "garbage"])
def test_a_doubtful_cancel_is_asked_about(venue, orders, action):
    """The list decides, and a lost request is sent again."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    venue.fault(action, path=STOPS, method="DELETE")
    assert orders.cancel(stop()).status == "cancelled"


def test_a_cancel_that_cannot_be_told_is_an_error(venue, orders):
    """Three attempts, then a person is told."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    venue.fault("drop_before", path=STOPS, method="DELETE", count=9)
    with pytest.raises(VenueError, match="it is not known"):
        orders.cancel(stop())
    assert len(venue.requests("DELETE", STOPS)) == 3


def test_no_secret_leaves_in_an_error_or_a_log(venue, orders, client, caplog):
    """Not in messages, not in tracebacks, not in what libraries log at DEBUG."""
    caplog.set_level(logging.DEBUG)
    shown = [repr(client)]
    for fault in [row[1] for row in FAULTS]:
        venue.fault(path=ORDERS, **fault)
        with pytest.raises((OrderRefused, OutcomeUnknown)) as raised:
            orders.create(intent("a-1-e"))
        shown += traceback.format_exception(raised.value)
        assert raised.value.__context__ is None
    venue.fault("drop_before", method="GET", count=3)
    with pytest.raises(VenueError) as unread:
        CcxtAccount(client).cash()
    shown += [*traceback.format_exception(unread.value), caplog.text]
    assert [word for word in SECRETS if any(word in text for text in shown)] == []


def test_a_venue_that_repeats_secrets_is_not_quoted(venue, orders):
    """Its words are kept, the key in them is not."""
    venue.fault("error", path=ORDERS, code=-2015, msg=f"Invalid {KEY} signature=abc\nfor {SECRET}")
    with pytest.raises(OrderRefused) as raised:
        orders.create(intent("a-1-e"))
    assert "-2015 Invalid *** *** for ***" in str(raised.value)
