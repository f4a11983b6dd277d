"""A real account: what the venue holds, read strictly, and never read as empty by mistake."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from records.clock import FixedClock, SystemClock, from_epoch_ms
from records.errors import VenueError
from tests.tools.exchange.loopback import ORDERS, START_MS, STOPS, free_port, running, venue
from tests.tools.exchange.real_orders import intent, leave, stop, target
from tools.exchange.ccxt_account import CcxtAccount
from tools.exchange.ccxt_orders import CcxtOrders
from tools.exchange.ccxt_private import key_rights
from tools.exchange.venue_profiles import PROVEN, refusal

__all__ = ["running", "venue"]

BOTH = ("BTC/USDT", "ETH/USDT")
START = from_epoch_ms(START_MS)
READS = ("cash", "holdings", "open_orders", "order", "fills", "funding")


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


def ask(account, method):
    """One of the reads, with arguments that suit it."""
    given = {"order": (intent("a-1-e"),), "fills": (None, BOTH), "funding": (None, BOTH)}
    return getattr(account, method)(*given.get(method, ()))


def test_cash_plus_holdings_is_the_equity(venue, orders, account):
    """Long and short, with fees: the venue's own figure to the last digit it gives."""
    orders.create(intent("a-1-e"))
    orders.create(intent("a-2-e", symbol="ETH/USDT", side="sell", quantity=Decimal("1.2")))
    venue.advance(bars=40)
    held = account.holdings()
    last = {symbol: Decimal(venue.last(symbol.replace("/", ""))) for symbol in held}
    equity = account.cash() + sum(held[symbol] * last[symbol] for symbol in held)
    assert held == {"BTC/USDT": Decimal("0.05"), "ETH/USDT": Decimal("-1.2")}
    assert abs(equity - Decimal(venue.audit()["equity"])) < Decimal("0.000001")


def test_an_empty_account_is_empty(account):
    """No position, no order, no fill: values, not errors."""
    assert account.cash() == 10_000
    assert (account.holdings(), account.open_orders()) == ({}, [])
    assert (account.fills(None, BOTH), account.funding(None, BOTH)) == ([], [])
    assert account.order(intent("a-1-e")) is None
    assert account.order(stop()) is None


def test_stops_targets_and_strangers_are_all_listed(venue, orders, account, client):
    """A reconciliation that forgets the conditional ones would place a second stop."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    orders.create(target())
    orders.create(intent("a-2-x", role="exit", kind="limit", limit_price=Decimal("70000")))
    client.exchange.create_order(
        "ETH/USDT:USDT", "limit", "buy", 1, 900, {"clientOrderId": "web_7"}
    )
    found = {one.client_order_id: one for one in account.open_orders()}
    assert set(found) == {"a-1-s", "a-1-t", "a-2-x", "web_7"}
    assert {one.status for one in found.values()} == {"open"}
    assert found["a-1-s"].trigger_price == Decimal("80000")
    assert (found["a-1-s"].reduce_only, found["web_7"].reduce_only) == (True, False)
    assert found["web_7"].symbol == "ETH/USDT"


def test_a_stop_that_was_executed_names_the_order_it_became(venue, orders, account):
    """Its fills carry that order's id, and the price is the one after the jump."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    venue.price("BTCUSDT", "79000")
    gone = account.order(stop())
    fills = account.fills(None, BOTH)
    assert (gone.status, gone.filled_quantity) == ("filled", Decimal("0.05"))
    assert [one.venue_order_id for one in fills][1] == gone.executed_as
    assert fills[1].price == gone.average_price < Decimal("79000")
    assert account.holdings() == {}


def test_a_stop_with_nothing_left_to_close_is_expired(venue, orders, account):
    """The position was closed otherwise; the stop then ended unused."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    orders.create(leave())
    venue.price("BTCUSDT", "79000")
    gone = account.order(stop())
    assert (gone.status, gone.executed_as, gone.filled_quantity) == ("expired", None, 0)


def test_a_stop_larger_than_the_position_reports_what_it_filled(venue, orders, account):
    """Reduce-only: the rest of it never existed."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    orders.create(leave(quantity=Decimal("0.02")))
    venue.price("BTCUSDT", "79000")
    gone = account.order(stop())
    assert (gone.status, gone.filled_quantity, gone.quantity) == (
        "filled", Decimal("0.03"), Decimal("0.05"),
    )  # fmt: skip


def test_fills_carry_fee_and_liquidity_and_are_the_same_at_every_look(venue, orders, account):
    """Booked once by their ids, whatever window is asked for."""
    orders.create(intent("a-1-e"))
    orders.create(intent("a-2-x", role="exit", kind="limit", limit_price=Decimal("84000")))
    venue.price("BTCUSDT", "83900", jump=False)
    first, second = account.fills(None, BOTH)
    assert [one.liquidity for one in (first, second)] == ["taker", "maker"]
    assert first.fee == first.price * first.quantity * Decimal("0.0005")
    assert second.fee == Decimal("84000") * Decimal("0.05") * Decimal("0.0002")
    assert account.fills(START - timedelta(days=40), BOTH) == [first, second]
    assert account.fills(START + timedelta(seconds=1), BOTH) == []


def test_fills_come_in_pages_without_gaps_or_doubles(venue, orders, client):
    """The venue gives a page at a time; several fills may share one moment."""
    for number in range(7):
        orders.create(intent(f"a-{number}-e", quantity=Decimal("0.002")))
        client.follow(FixedClock(from_epoch_ms(venue.advance(ticks=1)["now"])))
    orders.create(intent("a-7-e", quantity=Decimal("0.002")))
    orders.create(intent("a-8-e", quantity=Decimal("0.003")))
    found = CcxtAccount(client, page=3).fills(START - timedelta(days=1), ("BTC/USDT",))
    assert [one.fill_id for one in found] == [f"BTC/USDT-{number}" for number in range(1, 10)]


def test_more_fills_in_one_moment_than_a_page_holds_is_an_error(orders, client):
    """There would be no way past them; silence would lose fills."""
    for number in range(3):
        orders.create(intent(f"a-{number}-e", quantity=Decimal("0.002")))
    with pytest.raises(VenueError, match="no way past them"):
        CcxtAccount(client, page=3).fills(START, ("BTC/USDT",))


def test_funding_is_positive_when_paid(venue, orders, account):
    """A long pays at the positive rate, a short receives; once per funding time."""
    orders.create(intent("a-1-e"))
    orders.create(intent("a-2-e", symbol="ETH/USDT", side="sell", quantity=Decimal("1")))
    venue.advance(bars=12 * 17)
    paid = account.funding(START, BOTH)
    assert [one.symbol for one in paid] == ["BTC/USDT", "ETH/USDT"] * 2
    assert [one.amount > 0 for one in paid] == [True, False] * 2
    assert len({one.payment_id for one in paid}) == 4
    assert account.funding(START, BOTH) == paid
    assert account.funding(paid[-1].at, BOTH) == paid[2:]


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "drop_before"},
        {"action": "garbage"},
        {"action": "status", "status": 502},
        {"action": "error", "status": 429, "code": -1003, "msg": "slow", "retry_after": 7},
    ],
    ids=["dropped", "truncated", "502", "429"],
)
def test_a_read_that_stumbles_is_asked_again(venue, account, method, fault):
    """Twice in a row; a read changes nothing at the venue."""
    account.cash()
    venue.fault(method="GET", count=2, **fault)
    ask(account, method)


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("action", ["drop_before", "garbage"])
def test_a_read_that_fails_is_never_an_empty_answer(venue, account, method, action):
    """No orders and no answer are different things."""
    account.cash()
    venue.fault(action, method="GET", count=99)
    with pytest.raises(VenueError, match="Nothing was changed there"):
        ask(account, method)


def test_the_pause_the_venue_asks_for_is_kept(venue):
    """Retry-After first, and beyond half a minute the read fails at once."""
    pauses = []
    account = CcxtAccount(venue.client(pause=pauses.append))
    venue.fault("error", method="GET", status=429, code=-1003, msg="slow", retry_after=7)
    account.cash()
    venue.fault("error", method="GET", status=418, code=-1003, msg="banned", retry_after=120)
    with pytest.raises(VenueError, match="banned"):
        account.cash()
    assert pauses == [7.0]


def test_failed_authentication_is_not_repeated(venue):
    """Each failure brings a ban nearer."""
    account = CcxtAccount(venue.client(secret=SecretStr("wrong")))
    with pytest.raises(VenueError, match="-1022"):
        account.cash()
    assert len(venue.requests("GET", "/fapi/v3/account")) == 1


def test_four_fifths_of_the_request_weight_are_the_limit(venue):
    """Others share the address; the next minute is waited for."""
    pauses = []
    account = CcxtAccount(venue.client(weight_limit=50, pause=pauses.append))
    for _ in range(9):
        account.cash()
    assert pauses
    assert all(50 < pause <= 60 for pause in pauses)


def test_a_clock_that_drifted_is_set_right_for_reads(venue, account):
    """-1021 on a read is healed once, by asking for the time."""
    account.cash()
    venue.settings(skew_ms=20_000)
    assert account.cash() == 10_000
    assert len(venue.requests("GET", "/fapi/v1/time")) == 2


def test_requests_are_signed_with_the_clock_of_the_cycle(venue):
    """A year off: without it every request would be refused."""
    moved = venue.client(clock=SystemClock())
    moved.follow(FixedClock(from_epoch_ms(venue.control("GET", "state")["now"])))
    assert CcxtAccount(moved).cash() == 10_000
    asked = venue.requests("GET", "/fapi/v3/account")
    assert [one["status"] for one in asked] == [200]


def test_an_answer_about_another_order_is_not_booked(venue, orders, account):
    """The same id, but on the other side of the market."""
    orders.create(intent("a-1-e"))
    with pytest.raises(VenueError, match="another one"):
        account.order(intent("a-1-e", side="sell"))


def test_a_venue_that_is_not_there_is_an_error_for_people(venue):
    """What is wrong, what was not done, what to do."""
    client = venue.client(exchange_url=f"http://127.0.0.1:{free_port()}", listed=None)
    with pytest.raises(VenueError, match=r"Nothing was changed there\. Check the network"):
        CcxtAccount(client).cash()


def test_a_venue_that_hides_the_rights_of_a_key_is_not_guessed_at(client):
    """None, which is for others to judge; the loopback venue has no such endpoint."""
    assert key_rights(client).may_withdraw is None


def test_unanswered_rights_are_an_error(venue, client):
    """Silence is not the same as hiding."""
    venue.fault("drop_before", path="/sapi", method="GET", count=9)
    with pytest.raises(VenueError, match="the rights of its key"):
        key_rights(client)


def test_nothing_is_ever_written_by_reading(venue, account):
    """All methods, one after the other."""
    for method in READS:
        ask(account, method)
    assert {one["method"] for one in venue.requests()} == {"GET"}
    assert venue.requests(path=ORDERS) and venue.requests(path="/fapi/v1/openAlgoOrders")
    assert not venue.requests("POST", STOPS)


def test_only_proven_venues_take_real_orders():
    """A spot venue says why: no stop rests there for the desk."""
    assert list(PROVEN) == ["binanceusdm"]
    assert refusal("binanceusdm") is None
    assert "resting stop" in refusal("kraken")
    assert "not proven" in refusal("bybit")
    assert "no exchange" in refusal("demo")


def test_an_entry_that_may_not_rest_ends_at_once(venue, orders, account):
    """Nobody could place its stop the moment it fills; what is not filled now is gone."""
    answer = orders.create(intent("a-1-e", kind="limit", limit_price=Decimal("70000")))

    assert (answer.status, answer.filled_quantity) == ("expired", 0)
    assert account.open_orders() == []


def test_a_stranger_s_order_that_cannot_be_read_hides_no_other(
    account, orders, client, monkeypatch
):
    """A person may use order types that the desk does not know; its own stops must be seen."""
    orders.create(intent("a-1-e"))
    orders.create(stop())
    listed = client.exchange.fetch_open_orders
    odd = {"clientOrderId": "ios_3f", "id": "9", "symbol": "BTC/USDT:USDT", "info": {}}
    monkeypatch.setattr(
        client.exchange, "fetch_open_orders", lambda *how: [*listed(*how), odd][: 1 + len(how) * 9]
    )

    names = {one.client_order_id for one in account.open_orders()}

    assert names == {"a-1-s", "ios_3f"}


def test_an_order_of_ours_that_cannot_be_read_is_not_passed_over(account, client, monkeypatch):
    """A stop taken for missing would be placed twice."""
    odd = {"clientOrderId": "20250418T182005Z-0001-a1-s", "id": "9", "info": {}}
    monkeypatch.setattr(client.exchange, "fetch_open_orders", lambda *_how: [odd])

    with pytest.raises(VenueError):
        account.open_orders()


def test_an_order_that_closes_whatever_is_held_has_no_quantity(account, client, monkeypatch):
    """Placed by hand in the venue's own app; it is a stranger's, and readable."""
    whole = {
        "clientOrderId": "web_9", "id": "9", "symbol": "BTC/USDT:USDT", "side": "sell",
        "amount": None, "status": "open", "filled": 0, "timestamp": 1, "triggerPrice": "80000",
        "info": {"closePosition": True, "algoStatus": "NEW", "algoId": "9"},
    }  # fmt: skip
    listed = client.exchange.fetch_open_orders
    monkeypatch.setattr(
        client.exchange,
        "fetch_open_orders",
        lambda *how: [*listed(*how), *([whole] if how else [])],
    )

    (found,) = account.open_orders()

    assert (found.client_order_id, found.quantity, found.reduce_only) == ("web_9", 0, True)
