"""The paper account on perpetuals: shorts, margin, liquidation and funding."""

from decimal import Decimal

import pytest

from records.errors import OrderRefused
from tests.tools.exchange.fakes import BTC, CASH, PERPETUAL, START, PaperDesk, book

FOUR_HOURS = 4 * 60  # from START, 12:00, to the next funding time


@pytest.fixture
def desk():
    return PaperDesk(PERPETUAL)


def equity(desk, price):
    held = desk.account.holdings().get(BTC, Decimal(0))
    return desk.account.cash() + held * price


def test_a_short_brings_cash_and_owes_the_coin(desk):
    """Cash and signed value are the equity of a short as of a long."""
    desk.send("sell", "2", leverage=2)
    assert desk.account.holdings() == {BTC: -2}
    assert desk.account.cash() == CASH + 99 + 98 - Decimal("0.0985")
    assert equity(desk, 80) == CASH + 197 - 160 - Decimal("0.0985")


def test_a_short_is_closed_by_a_reduce_only_buy(desk):
    """And its stop, which lies above, works while nobody looks."""
    desk.send("sell", "1")
    stop = desk.guard("1", stop=105, side="buy")
    desk.market.candle(100, 106, 99, 104, minute=0)
    desk.pass_minutes(1)
    assert desk.kept(stop).average_price == 105
    assert desk.account.holdings() == {}
    assert desk.account.cash() == CASH + 99 - 105 - Decimal("0.0495") - Decimal("0.0525")


def test_leverage_binds_a_share_of_the_value(desk):
    """Ten times leverage holds what a tenth of its value can carry, and no more."""
    desk.market.books[BTC] = book(100, size="100")
    order = desk.send("buy", "90", leverage=10)
    assert order.status == "filled"
    assert desk.account.cash() == CASH - 90 * 101 - Decimal("4.545")
    with pytest.raises(OrderRefused, match="is free"):
        desk.send("buy", "10", leverage=10)


def test_resting_entries_reserve_their_margin(desk):
    """Two entries may not be promised the same margin, whichever side they are on."""
    desk.send("buy", "50", "limit", price=90, leverage=5)
    with pytest.raises(OrderRefused, match="is free"):
        desk.send("sell", "10", "limit", price=110, leverage=5)


def test_a_loss_elsewhere_is_not_free_for_entries(desk):
    """What a position has lost cannot carry another one."""
    desk.market.books[BTC] = book(100, size="100")
    desk.send("buy", "50", leverage=10)
    desk.market.books[BTC] = book(93, size="100")
    with pytest.raises(OrderRefused, match="is free"):
        desk.send("buy", "30", leverage=10)


@pytest.mark.parametrize(
    ("leverage", "maintenance", "says"),
    [(21, "0.5", "above the 20 allowed"), (20, "5", "liquidated at once")],
)
def test_leverage_the_market_does_not_allow_is_refused(leverage, maintenance, says):
    """By prepare and by create alike; nothing changes."""
    rules = PERPETUAL.model_copy(update={"maintenance_pct": Decimal(maintenance)})
    desk = PaperDesk(rules)
    intent = desk.intent("buy", "1", leverage=leverage)
    for call in (desk.account.prepare, desk.account.create):
        with pytest.raises(OrderRefused, match=says):
            call(intent)
    assert (desk.store.books.leverages, desk.store.orders) == ({}, {})


def test_leverage_is_not_changed_under_a_position(desk):
    """It would move the liquidation price of what is held."""
    desk.account.prepare(desk.intent("buy", "1", leverage=3))
    desk.account.prepare(desk.intent("buy", "1", leverage=5))
    desk.send("buy", "1", leverage=5)
    with pytest.raises(OrderRefused, match="has 5"):
        desk.account.prepare(desk.intent("buy", "1", leverage=3))
    desk.account.prepare(desk.intent("sell", "1", leverage=3, reduce_only=True))
    assert desk.store.books.leverages == {BTC: 5}


def test_an_order_against_the_position_turns_it_round(desk):
    """One position for each market, as in one-way mode; its old guards go."""
    desk.send("buy", "1")
    stop = desk.guard("1", stop=90)
    desk.send("sell", "3")
    assert desk.account.holdings() == {BTC: -2}
    assert desk.store.books.entry_prices == {BTC: 98}
    assert desk.status(stop) == "cancelled"


# --- liquidation


def leveraged(desk, side="buy", leverage=10):
    """One coin at 100, where its liquidation price is easy to follow."""
    desk.market.books[BTC] = book(99 if side == "buy" else 101)
    desk.send(side, "1", leverage=leverage)
    desk.market.books[BTC] = book(100)


@pytest.mark.parametrize(
    ("side", "candle", "price"),
    [
        ("buy", (100, 101, 90), "90.46"),  # 100 * 0.9 / 0.995 = 90.452..., the tick above
        ("buy", (85, 86, 84), "85"),
        ("sell", (100, 110, 99), "109.45"),  # 100 * 1.1 / 1.005 = 109.452..., the tick below
        ("sell", (120, 121, 119), "120"),
    ],
)
def test_a_position_is_liquidated_where_its_margin_ends(desk, side, candle, price):
    """At the liquidation price, or at the open that jumped over it, with the venue's fee."""
    leveraged(desk, side)
    cash = desk.account.cash()
    desk.market.candle(*candle, candle[0], minute=0)
    desk.pass_minutes(1)
    fill = desk.fills()[-1]
    assert (fill.price, desk.account.forced(fill), fill.venue_order_id) == (
        Decimal(price), True, "paper-liquidation-2",
    )  # fmt: skip
    assert fill.fee == (Decimal(price) * Decimal("0.013")).quantize(Decimal("0.00000001"))
    sign = 1 if side == "buy" else -1
    assert desk.account.cash() == cash + sign * fill.price - fill.fee
    assert desk.account.holdings() == {}
    assert not desk.account.forced(desk.fills()[0])


def test_a_long_paid_in_full_is_never_liquidated(desk):
    """There is no margin that could end."""
    leveraged(desk, leverage=1)
    desk.market.candle(100, 101, 0.01, 1, minute=0)
    desk.pass_minutes(1)
    assert desk.account.holdings() == {BTC: 1}


def test_liquidation_takes_the_guards_along(desk):
    """A stop without a position would open one."""
    leveraged(desk)
    stop, target = desk.guard("1", stop=80), desk.guard("1", target=120)
    desk.market.candle(100, 101, 70, 75, minute=0)
    desk.pass_minutes(1)
    assert [desk.status(one) for one in (stop, target)] == ["cancelled", "cancelled"]
    assert desk.account.open_orders() == []
    assert desk.fills()[-1].price == Decimal("90.46")


@pytest.mark.parametrize(
    ("stop", "candle", "liquidated", "price"),
    [
        (95, (100, 101, 80), False, "95"),  # the stop is met first on the way down
        (90, (100, 101, 80), True, "90.46"),  # the stop lies behind
        (95, (89, 90, 80), True, "89"),  # both were jumped over
    ],
)
def test_the_nearer_of_stop_and_liquidation_comes_first(desk, stop, candle, liquidated, price):
    """Seen from the open of the candle."""
    leveraged(desk)
    desk.guard("1", stop=stop)
    desk.market.candle(*candle, candle[0], minute=0)
    desk.pass_minutes(1)
    fill = desk.fills()[-1]
    assert (desk.account.forced(fill), fill.price) == (liquidated, Decimal(price))
    assert len(desk.fills()) == 2


def test_liquidation_comes_before_the_target_in_one_candle(desk):
    """The worse of what may have happened."""
    leveraged(desk)
    desk.guard("1", target=110)
    desk.market.candle(100, 120, 80, 100, minute=0)
    desk.pass_minutes(1)
    assert desk.account.forced(desk.fills()[-1])


def test_what_a_candle_fills_it_may_also_liquidate(desk):
    """The fall that filled the limit went on; no stop could be sent in between."""
    order = desk.send("buy", "1", "limit", price=95, leverage=20)
    desk.market.candle(100, 101, 80, 100, minute=0)
    desk.pass_minutes(1)
    assert desk.status(order) == "filled"
    assert [(fill.price, desk.account.forced(fill)) for fill in desk.fills()] == [
        (95, False), (Decimal("90.71"), True),  # 95 * 0.95 / 0.995, the tick above
    ]  # fmt: skip


def test_prices_from_before_the_position_liquidate_nothing(desk):
    """The candle in which it was opened may hold older prices."""
    desk.clock.advance(seconds=30)
    leveraged(desk)
    desk.market.candle(100, 101, 50, 100, minute=0)
    desk.pass_minutes(5)
    assert desk.account.holdings() == {BTC: 1}


def test_the_current_price_liquidates(desk):
    """A look at the market finds the position beyond its end."""
    leveraged(desk)
    desk.market.books[BTC] = book(88)
    desk.look()
    assert desk.account.holdings() == {}
    assert (desk.fills()[-1].price, desk.fills()[-1].at) == (88, START)


def test_a_stop_before_the_end_is_left_to_the_candle(desk):
    """The stop was met on the way to the current price; the candle will tell where."""
    leveraged(desk)
    stop = desk.guard("1", stop=95)
    desk.market.books[BTC] = book(88)
    desk.look()
    assert desk.status(stop) == "open"
    desk.market.candle(100, 101, 87, 88, minute=0)
    desk.pass_minutes(1)
    assert desk.kept(stop).average_price == 95


# --- funding


def hold_over_funding(desk, side="buy", leverage=1):
    desk.send(side, "1", leverage=leverage)
    desk.look()
    desk.market.candle(100, 104, 99, 104, minute=FOUR_HOURS - 1)
    desk.market.candle(105, 106, 104, 105, minute=FOUR_HOURS)
    desk.pass_minutes(FOUR_HOURS + 1)
    return desk.account.funding(None, (BTC,))


@pytest.mark.parametrize(
    ("side", "rate", "amount"),
    [("buy", None, "0.0105"), ("sell", None, "-0.0105"), ("buy", "0.2", "0.21"),
     ("sell", "-0.2", "0.21")],
)  # fmt: skip
def test_funding_is_charged_on_what_is_held(desk, side, rate, amount):
    """At the price of that instant, by the rate last seen, else by the setting's 0.01 percent."""
    desk.market.funding_rate_pct = None if rate is None else Decimal(rate)
    (payment,) = hold_over_funding(desk, side)
    assert (payment.amount, payment.at.hour) == (Decimal(amount), 20 - 4)
    assert payment.payment_id == f"{BTC}-{int(payment.at.timestamp())}"
    spent = sum(
        (fill.fee + (fill.price if fill.side == "buy" else -fill.price) for fill in desk.fills()),
        Decimal(0),
    )
    assert desk.account.cash() == CASH - spent - Decimal(amount)


def test_funding_is_charged_once(desk):
    """Walking again, or another process, finds it paid."""
    (payment,) = hold_over_funding(desk)
    desk.account = desk.reopened()
    desk.pass_minutes(3)
    assert desk.account.funding(None, (BTC,)) == [payment]
    assert desk.account.funding(payment.at, (BTC,)) == [payment]
    assert desk.account.funding(desk.clock.now(), (BTC,)) == []
    assert desk.account.funding(None, ("ETH/USDT",)) == []


def test_the_rate_outlives_the_process(desk):
    """Cron starts a new one each time; the walk happens before the market is seen."""
    desk.market.funding_rate_pct = Decimal("0.1")
    desk.send("buy", "1")
    desk.account = desk.reopened()
    desk.market.candle(100, 101, 99, 100, minute=FOUR_HOURS - 1)
    desk.pass_minutes(FOUR_HOURS)
    assert [one.amount for one in desk.account.funding(None, (BTC,))] == [Decimal("0.1")]


def test_a_position_that_ended_before_pays_nothing(desk):
    """The stop was met a minute before the funding time."""
    desk.send("buy", "1")
    desk.guard("1", stop=95)
    desk.market.candle(100, 101, 90, 95, minute=FOUR_HOURS - 1)
    desk.market.candle(95, 96, 94, 95, minute=FOUR_HOURS)
    desk.pass_minutes(FOUR_HOURS + 1)
    assert desk.account.funding(None, (BTC,)) == []


def test_a_position_that_ended_after_pays(desk):
    """The next candle met the stop."""
    desk.send("buy", "1")
    desk.guard("1", stop=95)
    desk.market.candle(100, 101, 99, 100, minute=FOUR_HOURS - 1)
    desk.market.candle(100, 101, 90, 95, minute=FOUR_HOURS)
    desk.pass_minutes(FOUR_HOURS + 1)
    assert [one.amount for one in desk.account.funding(None, (BTC,))] == [Decimal("0.01")]
    assert desk.account.holdings() == {}


def test_a_position_that_ends_at_the_first_price_after_pays(desk):
    """Funding comes at the stroke of the hour, before the next candle opens."""
    desk.send("buy", "1")
    desk.guard("1", stop=95)
    desk.market.candle(100, 101, 99, 100, minute=FOUR_HOURS - 1)
    desk.market.candle(90, 91, 89, 90, minute=FOUR_HOURS)
    desk.pass_minutes(FOUR_HOURS + 1)
    (payment,) = desk.account.funding(None, (BTC,))
    assert payment.at == desk.fills()[-1].at
    assert payment.amount == Decimal("0.009")


def test_funding_is_rounded_against_us(desk):
    """What is paid is rounded up, what is received is rounded down."""
    desk.market.funding_rate_pct = Decimal("0.00000123")
    (payment,) = hold_over_funding(desk)
    assert payment.amount == Decimal("0.0000013")  # of 0.0000012915
    short = PaperDesk(PERPETUAL)
    short.market.funding_rate_pct = Decimal("0.00000123")
    (payment,) = hold_over_funding(short, "sell")
    assert payment.amount == Decimal("-0.00000129")


def test_what_was_bought_after_the_funding_time_pays_nothing_for_it(desk):
    """The cycle ran over 16:00, and the walk comes later."""
    desk.send("buy", "1")
    desk.clock.advance(minutes=FOUR_HOURS + 1)
    desk.send("buy", "1")
    desk.market.candle(100, 101, 99, 100, minute=FOUR_HOURS - 1)
    desk.market.candle(100, 101, 99, 100, minute=FOUR_HOURS)
    desk.pass_minutes(1)
    assert [one.amount for one in desk.account.funding(None, (BTC,))] == [Decimal("0.01")]


def test_what_was_sold_after_the_funding_time_still_pays_for_it(desk):
    """The cycle ran over 16:00 and closed the position; the venue had charged it by then."""
    desk.send("buy", "1")
    desk.clock.advance(minutes=FOUR_HOURS + 1)
    desk.send("sell", "1", reduce_only=True)
    desk.market.candle(100, 101, 99, 100, minute=FOUR_HOURS - 1)
    desk.pass_minutes(1)
    assert [one.amount for one in desk.account.funding(None, (BTC,))] == [Decimal("0.01")]
    assert desk.store.books.walked == {BTC: START.replace(hour=16)}
    desk.market.candle(100, 101, 99, 100, minute=FOUR_HOURS)
    desk.pass_minutes(0)
    assert desk.store.books.walked == {}


def test_a_silent_market_still_charges_what_was_sold_since(desk):
    """No candle came for more than a day; the price of the sale is the best that is known."""
    desk.send("buy", "1")
    desk.clock.advance(hours=29)
    desk.send("sell", "1", reduce_only=True)
    desk.account.catch_up()
    assert [one.amount for one in desk.account.funding(None, (BTC,))] == [Decimal("0.0099")]


def test_a_spot_holding_pays_no_funding():
    """Only perpetuals have it."""
    assert hold_over_funding(PaperDesk()) == []


def test_old_payments_are_kept_as_a_sum(desk):
    """The books stay small; cash still adds up."""
    desk.send("buy", "1")
    start = desk.account.cash()
    for day in range(1, 45):
        desk.market.candle(100, 101, 99, 100, minute=day * 1440 - 3, interval="3m")
        desk.pass_minutes(1440)
    books = desk.store.books
    assert len(desk.account.funding(None, (BTC,))) <= 3 * 32
    assert books.funding_forgotten > 0
    paid = books.funding_forgotten + sum(one.amount for one in books.funding)
    assert paid == Decimal("0.01") * 3 * 44
    assert desk.account.cash() == start - paid
