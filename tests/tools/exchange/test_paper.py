"""The paper account on spot: exact money, one booking per id, stops that work between cycles."""

from contextlib import closing
from datetime import timedelta
from decimal import Decimal

import pytest

from records.errors import OrderRefused
from records.ports import PaperBooks
from tests.tools.exchange.fakes import BTC, CASH, ETH, PERPETUAL, START, PaperDesk, book
from tools.ledger.ledger import Ledger


@pytest.fixture
def desk():
    return PaperDesk()


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
    assert [fill.price for fill in desk.fills()] == [101, 102]
    assert [fill.fee for fill in desk.fills()] == [Decimal("0.0505"), Decimal("0.0255")]
    assert desk.account.cash() == CASH - 101 - 51 - Decimal("0.076")


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
        desk = PaperDesk()
        order = desk.send("buy", "1.5")
        seen.append((order.venue_order_id, [fill.fill_id for fill in desk.fills()]))
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
         {"price": 90, "reduce_only": True, "says": "only reduces"}),
        ("closing a short", ("buy", "1"), {"reduce_only": True, "says": "only reduces"}),
        ("leverage on spot", ("buy", "1"), {"leverage": 2, "says": "above the 1 allowed"}),
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
    desk.look()
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
    assert desk.kept(stop).average_price == 95
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
    assert desk.kept(stop).average_price == 80


def test_prices_from_before_the_order_execute_nothing(desk):
    """The candle in which the order arrived may hold older prices."""
    desk.clock.advance(seconds=30)
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    desk.market.candle(100, 120, 90, 100, minute=0)
    desk.pass_minutes(5)
    assert desk.status(stop) == "open"


def test_an_order_among_others_is_not_met_by_older_prices_either(desk):
    """The market is walked for the first stop; the second came in the middle of a candle."""
    desk.send("buy", "2")
    first = desk.guard("1", stop=80)
    desk.clock.advance(seconds=90)
    second = desk.guard("1", stop=95)
    for minute in range(3):
        desk.market.candle(100, 101, 90 if minute < 2 else 99, 100, minute=minute)
    desk.pass_minutes(2)
    assert [desk.status(one) for one in (first, second)] == ["open", "open"]


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
    assert desk.kept(stop).filled_quantity == Decimal("1.5")
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
    assert desk.fills()[0].liquidity == "maker"


def test_a_crossing_limit_takes_the_book_up_to_its_price(desk):
    """It may be better than the limit, never worse."""
    order = desk.send("buy", "1", "limit", price=103)
    assert (order.status, order.average_price) == ("filled", 101)


def test_cancel_is_final_and_repeatable(desk):
    """A cancelled order is never executed; cancelling it again says the same."""
    desk.send("buy", "1", "limit", price=95)
    first = desk.account.cancel(desk.sent[0])
    assert first.status == "cancelled"
    assert desk.account.cancel(desk.sent[0]) == first
    desk.market.candle(100, 100, 90, 99, minute=1)
    desk.pass_minutes(3)
    assert desk.account.holdings() == {}
    assert desk.account.cancel(desk.intent("buy", "1", id="never")) is None


def test_a_cancelled_order_keeps_what_was_filled(desk):
    """The rest is taken back, the position stays."""
    order = desk.send("buy", "5", "limit", price=95)
    desk.market.candle(96, 97, 94, 95, minute=1, volume=20)
    desk.pass_minutes(3)
    cancelled = desk.account.cancel(desk.sent[0])
    assert (cancelled.status, cancelled.filled_quantity) == ("cancelled", 2)
    assert desk.account.holdings() == {BTC: 2}
    assert desk.kept(order).fee == Decimal("0.038")


def test_an_order_is_found_under_its_own_market_only(desk):
    """None means that the venue has never seen it."""
    desk.send("buy", "1", id="mine")
    assert desk.account.order(desk.sent[0]).status == "filled"
    assert desk.account.order(desk.intent("buy", "1", id="mine", symbol=ETH)) is None
    assert desk.account.order(desk.intent("buy", "1", id="other")) is None


def test_a_resting_limit_gets_its_share_of_what_was_traded(desk):
    """Ten percent of the candle's volume, on the step; the rest rests on and is filled later."""
    order = desk.send("buy", "5", "limit", price=95)
    desk.market.candle(96, 97, 94, 95, minute=1, volume=20.009)
    desk.pass_minutes(2)
    kept = desk.kept(order)
    assert (kept.status, kept.filled_quantity) == ("partially_filled", 2)
    assert [one.client_order_id for one in desk.account.open_orders()] == ["o1"]
    desk.market.candle(94, 97, 94, 95, minute=2, volume=20)
    desk.market.candle(96, 97, 94, 95, minute=3, volume=100)
    desk.pass_minutes(2)
    assert desk.status(order) == "filled"
    assert [(fill.quantity, fill.price) for fill in desk.fills()] == [(2, 95), (2, 94), (1, 95)]
    assert desk.account.holdings() == {BTC: 5}


def test_orders_of_one_market_share_the_volume(desk):
    """What one of them took is gone for the next."""
    first, second = (desk.send("buy", "2", "limit", price=95) for _ in range(2))
    desk.market.candle(96, 97, 94, 95, minute=1, volume=30)
    desk.pass_minutes(2)
    assert [desk.kept(one).filled_quantity for one in (first, second)] == [2, 1]


def test_a_candle_without_trade_fills_no_limit(desk):
    """There was nobody on the other side."""
    order = desk.send("buy", "1", "limit", price=95)
    desk.market.candle(90, 90, 90, 90, minute=1, volume=0)
    desk.pass_minutes(2)
    assert desk.status(order) == "open"


def test_a_limit_larger_than_the_book_rests_with_what_is_left(desk):
    """It takes what the book shows within its price, and no more."""
    order = desk.send("buy", "5", "limit", price=102)
    assert (order.status, order.filled_quantity) == ("partially_filled", 2)
    assert [fill.price for fill in desk.fills()] == [101, 102]


def test_market_orders_and_stops_slip_against_us():
    """Half a percent here: the book's prices, and the trigger's, each on the worse tick."""
    desk = PaperDesk(slippage_pct=Decimal("0.5"))
    assert desk.send("buy", "1").average_price == Decimal("101.51")
    stop = desk.guard("1", stop=95)
    desk.market.candle(100, 101, 90, 99, minute=1)
    desk.pass_minutes(2)
    assert desk.kept(stop).average_price == Decimal("94.52")


def test_slippage_stays_within_the_entry_limit_and_the_candle():
    """An approval's price band holds, and no price is invented below the candle's low."""
    desk = PaperDesk(slippage_pct=Decimal("0.5"))
    entry = desk.send("buy", "1", limit_price=Decimal("101.2"))
    assert entry.average_price == Decimal("101.2")
    stop = desk.guard("1", stop=95)
    desk.market.candle(100, 101, 94.9, 99, minute=1)
    desk.pass_minutes(2)
    assert desk.kept(stop).average_price == Decimal("94.9")


def test_an_exit_is_not_bound_by_a_limit_it_carries(desk):
    """It must get out, at the price there is."""
    desk.send("buy", "1")
    done = desk.send("sell", "1", role="exit", reduce_only=True, limit_price=Decimal("99.5"))
    assert (done.status, done.average_price) == ("filled", 99)


def test_an_exit_larger_than_the_position_is_cut_to_it(desk):
    """As on real venues: reducing never turns a position round."""
    desk.send("buy", "1")
    done = desk.send("sell", "2", role="exit", reduce_only=True)
    assert (done.status, done.filled_quantity) == ("filled", 1)
    assert done.reason == "reduced to what was held"
    assert desk.account.holdings() == {}


def test_the_target_of_one_approval_leaves_the_stop_of_another(desk):
    """Two entries in one market have two pairs of guards; the rest must stay protected."""
    desk.send("buy", "2")
    pairs = [
        (desk.guard("1", stop=95, approval_id=one), desk.guard("1", target=target, approval_id=one))
        for one, target in (("a", 105), ("b", 120))
    ]
    desk.market.candle(100, 106, 99, 105, minute=1)
    desk.pass_minutes(2)
    statuses = [[desk.status(order) for order in pair] for pair in pairs]
    assert statuses == [["cancelled", "filled"], ["open", "open"]]


def test_the_finest_candles_are_walked(desk):
    """In one-minute candles the target came first; the three-minute one would say the stop."""
    desk.send("buy", "1")
    stop, target = desk.protect("1", 95, 110)
    for minute, top, bottom in ((0, 101, 99), (1, 111, 99), (2, 100, 90)):
        desk.market.candle(100, top, bottom, 100, minute=minute)
    desk.market.candle(100, 111, 90, 100, minute=0, interval="3m")
    desk.pass_minutes(3)
    assert (desk.status(stop), desk.status(target)) == ("cancelled", "filled")


def test_a_hole_in_the_finest_candles_is_spanned_by_the_coarser(desk):
    """The minute that is missing held the fall; the larger candle knows of it."""
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    for minute in (0, 2, 3, 4, 5):
        desk.market.candle(100, 101, 99, 100, minute=minute)
    desk.market.candle(100, 101, 90, 100, minute=0, interval="3m")
    desk.market.candle(100, 101, 99, 100, minute=3, interval="3m")
    desk.pass_minutes(6)
    assert desk.status(stop) == "filled"


def test_a_hole_after_the_last_walk_is_spanned_too(desk):
    """The larger candle opened before the walk ended, and holds the fall that came after."""
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    desk.market.candle(100, 101, 99, 100, minute=0)
    desk.pass_minutes(1)
    desk.market.candle(100, 101, 90, 100, minute=0, interval="3m")
    desk.pass_minutes(2)
    assert desk.status(stop) == "filled"


def test_a_long_absence_is_walked_in_the_coarser_candles(desk):
    """Ten days of minutes would be hundreds of requests."""
    desk.send("buy", "1")
    stop, _ = desk.protect("1", 95, 110)
    desk.market.candle(100, 101, 90, 100, minute=3, interval="3m")
    desk.pass_minutes(10 * 24 * 60)
    assert {interval for _, interval in desk.market.asked} == {"3m"}
    assert desk.status(stop) == "filled"


def test_markets_share_one_order_of_time(desk):
    """The fills of two markets are numbered as they happened."""
    desk.market.books[ETH] = book(100)
    for symbol in (BTC, ETH):
        desk.send("buy", "1", symbol=symbol)
        desk.guard("1", stop=95, symbol=symbol)
    for minute in (0, 1, 2):
        desk.market.candle(100, 101, 94 if minute == 2 else 99, 100, minute=minute)
        desk.market.candle(100, 101, 94 if minute == 1 else 99, 100, minute=minute, symbol=ETH)
    desk.pass_minutes(3)
    stops = [fill for fill in desk.store.all_fills if fill.side == "sell"]
    assert [fill.symbol for fill in stops] == [ETH, BTC]
    assert stops[0].at < stops[1].at


def test_a_silent_market_does_not_hold_the_others_back(desk):
    """Each market is walked as far as its own candles reach, and not twice."""
    desk.market.books[ETH] = book(100)
    for symbol in (BTC, ETH):
        desk.send("buy", "1", symbol=symbol)
    stop = desk.guard("1", stop=95)
    silent = desk.guard("1", stop=95, symbol=ETH)
    desk.market.candle(100, 101, 90, 100, minute=0)
    desk.pass_minutes(5)
    assert (desk.status(stop), desk.status(silent)) == ("filled", "open")
    desk.market.candle(100, 101, 90, 100, minute=0, symbol=ETH)
    desk.pass_minutes(1)
    assert desk.status(silent) == "filled"


def test_books_of_before_perpetuals_are_read(desk):
    """An account that was opened by an older desk goes on."""
    old = {"cash": "500", "holdings": {BTC: "2"}, "walked_to": START.isoformat()}
    desk.store.books = PaperBooks.model_validate({**old, "next_order": 7, "next_fill": 9})
    assert desk.send("sell", "2", role="exit", reduce_only=True).venue_order_id == "paper-7"
    assert desk.account.holdings() == {}


def test_late_data_is_bounded(desk):
    """A market that stays silent for a day must not hold back the walk for ever."""
    desk.send("buy", "1")
    desk.protect("1", 95, 110)
    desk.pass_minutes(3 * 24 * 60)
    assert desk.store.books.walked == {BTC: desk.clock.now() - timedelta(days=1)}


def test_the_ledger_keeps_the_books(tmp_path):
    """Real SQLite: a liquidation, funding and what is left are the same in the next process."""
    desk = PaperDesk(PERPETUAL)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        ledger.open()
        desk.store = ledger.paper_store()
        desk.account = desk.reopened()
        desk.send("buy", "1", leverage=10)
        desk.guard("1", stop=50)
        desk.market.candle(100, 101, 99, 100, minute=239)
        desk.market.candle(100, 101, 80, 90, minute=240)
        desk.pass_minutes(241)
        account = desk.reopened()
        bought, closed = account.fills(None, (BTC,))
        (paid,) = account.funding(None, (BTC,))
        assert (account.forced(closed), account.forced(bought)) == (True, False)
        assert account.cash() == (
            CASH - bought.price - bought.fee - paid.amount + closed.price - closed.fee
        )
        assert (account.holdings(), account.open_orders()) == ({}, [])
