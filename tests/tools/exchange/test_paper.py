"""The paper account: exact money, one booking per order id, stops that work between cycles."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.clock import FixedClock
from records.errors import OrderRefused
from records.order import OrderIntent
from tests.tools.exchange.fakes import START, MemoryStore, WrittenMarket, book
from tools.exchange.paper import PaperAccount

CASH = Decimal(1000)


class Desk:
    """One account with everything it stands on."""

    def __init__(self):
        self.clock = FixedClock(START)
        self.store = MemoryStore()
        self.market = WrittenMarket(self.clock)
        self.account = self.reopened()
        self.account.open_books()
        self.sent = 0

    def reopened(self):
        return PaperAccount(
            self.store, self.market, self.clock, starting_cash=CASH, currency="USDT",
            maker_fee_pct=Decimal("0.02"), taker_fee_pct=Decimal("0.05"), finest_interval="1m",
        )  # fmt: skip

    def send(self, side, quantity, kind="market", *, role="entry", price=None, id=None, **more):
        self.sent += 1
        name = "limit_price" if kind == "limit" else "trigger_price"
        level = {} if price is None else {name: Decimal(price)}
        return self.account.create(
            OrderIntent(
                intent_id="i", cycle_id="c", approval_id=None,
                client_order_id=id or f"o{self.sent}", created_at=self.clock.now(),
                symbol=more.pop("symbol", "BTC/USDT"), side=side, role=role, kind=kind,
                quantity=Decimal(quantity), **level, **more,
            )
        )  # fmt: skip

    def protect(self, quantity, stop, target):
        stop = self.send("sell", quantity, "stop_market", role="stop", price=stop, reduce_only=True)
        target = self.send(
            "sell",
            quantity,
            "take_profit_market",
            role="take_profit",
            price=target,
            reduce_only=True,
        )
        return stop, target

    def pass_minutes(self, minutes):
        self.clock.advance(minutes=minutes)
        self.account.catch_up()

    def status(self, order):
        return self.store.orders[order.intent.client_order_id].status


@pytest.fixture
def desk():
    return Desk()


def test_books_open_once(desk):
    """A second start must not refill the account."""
    desk.send("buy", "1")
    again = desk.reopened()
    again.open_books()
    assert again.cash() == CASH - 101 - Decimal("0.0505")
    assert again.holdings() == {"BTC/USDT": 1}


def test_market_order_pays_the_book_and_the_taker_fee(desk):
    """1.5 from levels of 1 at 101 and 102."""
    order = desk.send("buy", "1.5")
    assert (order.status, order.filled_quantity) == ("filled", Decimal("1.5"))
    assert order.average_price == Decimal("101.33333333")
    assert order.fee == Decimal("0.0505") + Decimal("0.0255")
    assert desk.account.cash() == CASH - 101 - 51 - order.fee
    assert [fill.price for fill in desk.account.fills(None)] == [101, 102]


def test_the_same_id_books_nothing_twice(desk):
    """Sending again after an unknown answer is safe on paper."""
    first = desk.send("buy", "1", id="same")
    saves = desk.store.saves
    assert desk.send("buy", "1", id="same") == first
    assert desk.store.saves == saves
    assert desk.account.holdings() == {"BTC/USDT": 1}


def test_ids_are_deterministic():
    """A replayed cycle books the same ids."""
    seen = []
    for _ in range(2):
        desk = Desk()
        order = desk.send("buy", "1.5")
        seen.append((order.venue_order_id, [fill.fill_id for fill in desk.account.fills(None)]))
    assert seen[0] == seen[1] == ("paper-1", ["paper-1-1", "paper-1-2"])


@pytest.mark.parametrize(
    ("description", "order", "why"),
    [
        ("more than the cash", ("buy", "3", "limit"), {"price": 999, "says": "is free"}),
        ("off the step", ("buy", "0.0005"), {"says": "multiple of 0.001"}),
        ("off the tick", ("buy", "1", "limit"), {"price": "99.001", "says": "multiple of 0.01"}),
        ("too small", ("buy", "0.01"), {"says": "smallest order value"}),
        ("thin book", ("buy", "3.5"), {"says": "shown book"}),
        ("nothing held", ("sell", "1"), {"says": "long only"}),
        ("nothing to reduce", ("sell", "1", "stop_market"),
         {"price": 90, "reduce_only": True, "says": "long only"}),
        ("closing a short", ("buy", "1"), {"reduce_only": True, "says": "long only"}),
        ("foreign currency", ("buy", "1"), {"symbol": "ETH/BTC", "says": "USDT"}),
        ("no price", ("buy", "1", "limit"), {"says": "needs a limit_price"}),
    ],
)  # fmt: skip
def test_refused_orders_book_nothing(desk, description, order, why):
    """The message names the rule and the figure; cash, orders and ids are untouched."""
    says = why.pop("says")
    if why.get("symbol"):
        desk.market.books[why["symbol"]] = book(100)
    before = (desk.store.saves, desk.account.cash())
    with pytest.raises(OrderRefused, match=says):
        desk.send(*order, **why)
    assert (desk.store.saves, desk.account.cash()) == before, description
    assert desk.store.orders == {}


def test_a_silent_market_refuses_instead_of_leaving_doubt(desk):
    """Nothing was booked for certain, so the fate of the order is not unknown."""
    desk.market.broken = True
    with pytest.raises(OrderRefused, match="Nothing was booked"):
        desk.send("buy", "1")


def test_resting_purchases_reserve_their_cash(desk):
    """Two orders may not be promised the same money."""
    desk.send("buy", "9", "limit", price=90)
    with pytest.raises(OrderRefused, match="is free"):
        desk.send("buy", "3", "limit", price=90)
    assert desk.account.cash() == CASH


def test_the_snapshot_is_the_book(desk):
    """A cycle trades on the market it looked at."""
    from records.ports import MarketRequest

    request = MarketRequest(symbols=("BTC/USDT",), intervals=("1m",), candles=1)
    desk.account.set_books(desk.market.observe(request))
    desk.market.books["BTC/USDT"] = book(200)
    assert desk.send("buy", "1").average_price == 101


def test_a_stop_works_while_nobody_looks(desk):
    """The process was gone for minutes; the candles tell what happened."""
    desk.send("buy", "1")
    stop, target = desk.protect("1", 95, 110)
    desk.market.candle(100, 101, 99, 100, minute=1)
    desk.market.candle(100, 100, 94, 96, minute=2)
    desk.pass_minutes(5)
    assert (desk.status(stop), desk.status(target)) == ("filled", "cancelled")
    assert desk.store.orders[stop.intent.client_order_id].average_price == 95
    assert desk.account.holdings() == {}


def test_a_filled_target_cancels_the_stop(desk):
    """One cancels the other, both ways."""
    desk.send("buy", "1")
    stop, target = desk.protect("1", 95, 110)
    desk.market.candle(100, 111, 99, 108, minute=1)
    desk.pass_minutes(5)
    assert (desk.status(stop), desk.status(target)) == ("cancelled", "filled")


def test_a_candle_that_meets_both_is_a_loss(desk):
    """The order inside a candle is unknown, so the worse one is assumed."""
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    desk.market.candle(100, 120, 90, 100, minute=1)
    desk.pass_minutes(5)
    assert desk.status(stop) == "filled"


def test_a_gap_past_the_stop_is_executed_at_the_open(desk):
    """The trigger price was never traded."""
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    desk.market.candle(80, 85, 79, 84, minute=1)
    desk.pass_minutes(5)
    assert desk.store.orders[stop.intent.client_order_id].average_price == 80


def test_prices_from_before_the_order_execute_nothing(desk):
    """The candle in which the order arrived may hold older prices."""
    desk.clock.advance(seconds=30)
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    desk.market.candle(100, 120, 90, 100, minute=0)
    desk.pass_minutes(5)
    assert desk.status(stop) == "open"


def test_a_missing_candle_is_walked_when_it_comes(desk):
    """An outage of the data must not swallow a stop."""
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    desk.pass_minutes(5)
    assert desk.status(stop) == "open"
    desk.market.candle(100, 101, 90, 100, minute=2)
    desk.pass_minutes(1)
    assert desk.status(stop) == "filled"


def test_catching_up_again_changes_nothing(desk):
    """Reconciliation may run twice."""
    desk.send("buy", "1")
    desk.protect("1", 95, 110)
    desk.market.candle(100, 101, 94, 100, minute=1)
    desk.pass_minutes(5)
    before = (desk.account.cash(), dict(desk.store.orders), list(desk.store.all_fills))
    desk.account.catch_up()
    assert (desk.account.cash(), desk.store.orders, desk.store.all_fills) == before
    assert len(desk.store.all_fills) == 2


def test_an_exit_leaves_no_orphan(desk):
    """A stop without a holding would open a short on a real venue."""
    desk.send("buy", "1")
    stop, target = desk.protect("1", 95, 110)
    desk.send("sell", "1", role="exit", reduce_only=True)
    assert {desk.status(stop), desk.status(target)} == {"cancelled"}


def test_a_partial_exit_keeps_the_stop_and_caps_it(desk):
    """What remains stays protected, and no more than that is sold."""
    desk.send("buy", "2")
    stop, _ = desk.protect("2", 95, 110)
    desk.send("sell", "0.5", role="exit", reduce_only=True)
    assert desk.status(stop) == "open"
    desk.market.candle(100, 101, 90, 100, minute=1)
    desk.pass_minutes(5)
    assert desk.store.orders[stop.intent.client_order_id].filled_quantity == Decimal("1.5")
    assert desk.account.holdings() == {}


def test_a_stop_already_passed_is_executed_at_once(desk):
    """It would otherwise rest on the wrong side of the price."""
    desk.send("buy", "1")
    stop = desk.send("sell", "1", "stop_market", role="stop", price=120, reduce_only=True)
    assert (stop.status, stop.average_price) == ("filled", 99)


def test_a_limit_rests_then_pays_the_maker_fee(desk):
    """Touched is not traded through."""
    order = desk.send("buy", "1", "limit", price=95)
    desk.market.candle(100, 100, 95, 99, minute=1)
    desk.pass_minutes(3)
    assert desk.status(order) == "open"
    desk.market.candle(99, 99, 94, 96, minute=4)
    desk.pass_minutes(3)
    assert desk.status(order) == "filled"
    assert desk.account.cash() == CASH - 95 - Decimal("0.019")
    assert desk.account.fills(None)[0].liquidity == "maker"


def test_a_crossing_limit_takes_the_book_up_to_its_price(desk):
    """It may be better than the limit, never worse."""
    order = desk.send("buy", "1", "limit", price=103)
    assert (order.status, order.average_price) == ("filled", 101)


def test_cancel_is_final_and_repeatable(desk):
    """A cancelled order is never executed; cancelling it again says the same."""
    order = desk.send("buy", "1", "limit", price=95)
    first = desk.account.cancel(order.intent.client_order_id, "BTC/USDT")
    assert first.status == "cancelled"
    assert desk.account.cancel(order.intent.client_order_id, "BTC/USDT") == first
    desk.market.candle(100, 100, 90, 99, minute=1)
    desk.pass_minutes(3)
    assert desk.account.holdings() == {}
    with pytest.raises(OrderRefused, match="Nothing was cancelled"):
        desk.account.cancel("never", "BTC/USDT")


def test_an_order_is_found_under_its_own_market_only(desk):
    """None means that the venue has never seen it."""
    desk.send("buy", "1", id="mine")
    assert desk.account.order("mine", "BTC/USDT").status == "filled"
    assert desk.account.order("mine", "ETH/USDT") is None
    assert desk.account.order("other", "BTC/USDT") is None


actions = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "limit", "protect", "pass"]),
        st.integers(1, 4000),
        st.integers(-300, 300),
    ),
    max_size=25,
)


@given(actions)
def test_money_adds_up_to_the_last_digit(plan):
    """Whatever happens: cash is the start less what was bought, plus what was sold, less fees."""
    desk = Desk()
    for minute, (action, thousandths, away) in enumerate(plan, start=1):
        quantity, price = Decimal(thousandths) / 1000, Decimal(10_000 + away * 7) / 100
        try:
            if action in ("buy", "sell"):
                desk.send(action, quantity)
            elif action == "limit":
                desk.send("buy", quantity, "limit", price=price)
            elif action == "protect":
                desk.protect(quantity, min(price, 99), max(price, 101))
        except OrderRefused:
            pass
        top, bottom = 100 + abs(away) / 20, 100 - abs(away) / 25
        desk.market.candle(100, top, bottom, 100, minute=minute)
        desk.clock.advance(minutes=1)
        if action == "pass":
            desk.account.catch_up()
    desk.clock.advance(minutes=1)
    desk.account.catch_up()

    fills = desk.account.fills(None)
    sign = {"buy": 1, "sell": -1}
    bought = sum((sign[f.side] * f.price * f.quantity for f in fills), Decimal(0))
    held = sum((sign[f.side] * f.quantity for f in fills), Decimal(0))
    assert desk.account.cash() == CASH - bought - sum((f.fee for f in fills), Decimal(0))
    assert desk.account.holdings() == ({"BTC/USDT": held} if held else {})
    assert desk.account.cash() >= 0
    assert held >= 0
    for order in desk.store.orders.values():
        mine = [f for f in fills if f.client_order_id == order.intent.client_order_id]
        assert order.filled_quantity == sum((f.quantity for f in mine), Decimal(0))
        assert order.fee == sum((f.fee for f in mine), Decimal(0))
    assert len({f.fill_id for f in fills}) == len(fills)


def test_late_data_is_bounded(desk):
    """A market that stays silent for a day must not hold back the walk for ever."""
    desk.send("buy", "1")
    desk.protect("1", 95, 110)
    desk.pass_minutes(3 * 24 * 60)
    assert desk.store.books.walked_to == desk.clock.now() - timedelta(days=1)
