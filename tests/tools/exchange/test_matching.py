"""The rules of execution, one by one."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from records.candles import CandleSeries
from records.order import OrderIntent
from tests.tools.exchange.fakes import START, book
from tools.exchange.matching import Bar, bars, fee, may_meet, met_at, met_in, slipped, walk_book


def intent(kind, side, price):
    level = {"limit_price" if kind == "limit" else "trigger_price": Decimal(price)}
    return OrderIntent(
        intent_id="i", cycle_id="c", approval_id=None, client_order_id="o", created_at=START,
        symbol="BTC/USDT", side=side, role="exit", kind=kind, quantity=Decimal(1), **level,
    )  # fmt: skip


def bar(open_, high, low):
    prices = map(Decimal, (open_, high, low))
    return Bar(START, START + timedelta(minutes=3), *prices, volume=Decimal(100))


@pytest.mark.parametrize(
    ("description", "kind", "side", "level", "candle", "price"),
    [
        ("a stop is met at its trigger", "stop_market", "sell", 95, (100, 101, 95), 95),
        ("a gap past a stop is executed at the open", "stop_market", "sell", 95, (90, 92, 88), 90),
        ("a stop that is not reached rests", "stop_market", "sell", 95, (100, 101, 96), None),
        ("a buy stop is met from below", "stop_market", "buy", 105, (100, 106, 99), 105),
        ("a gap past a buy stop costs more", "stop_market", "buy", 105, (108, 109, 107), 108),
        ("a target is met at its trigger", "take_profit_market", "sell", 110, (100, 110, 99), 110),
        ("a gap past a target is executed at the open", "take_profit_market", "sell", 110,
         (115, 116, 114), 115),
        ("a limit that is only touched rests", "limit", "buy", 95, (100, 101, 95), None),
        ("a limit is executed when traded through", "limit", "buy", 95, (100, 101, 94), 95),
        ("a sell limit too", "limit", "sell", 105, (100, 106, 99), 105),
        ("a gap below a buy limit is executed at the open", "limit", "buy", 95, (90, 92, 88), 90),
    ],
)  # fmt: skip
def test_execution(description, kind, side, level, candle, price):
    """Each rule of the module docstring, as a case; no price is outside its candle."""
    met = met_in(intent(kind, side, level), bar(*candle))
    assert met == price, description
    if met is not None:
        assert candle[2] <= met <= candle[1], description


def test_the_quick_test_never_misses_an_execution():
    """It may keep a candle too many, never one too few."""
    random = np.random.default_rng(1)
    low = random.uniform(90, 105, 500)
    high = low + random.uniform(0, 10, 500)
    times = np.arange(500, dtype=np.int64) * 60_000
    block = np.column_stack((low, high, low, high, np.ones(500)))
    series = CandleSeries.checked("BTC/USDT", "1m", times, block)
    orders = [
        intent("limit", "buy", 95),
        intent("stop_market", "sell", 92),
        intent("limit", "sell", 108),
    ]
    liquidated_at = Decimal("91.3")
    keep = may_meet(series, orders, liquidated_at, long=True)
    for i in range(500):
        candle = bar(repr(float(low[i])), repr(float(high[i])), repr(float(low[i])))
        if candle.low <= liquidated_at or any(met_in(one, candle) is not None for one in orders):
            assert keep[i]
    assert not keep.all()


def test_a_market_order_takes_level_after_level():
    """Slippage comes from the book, not from a constant."""
    taken = walk_book(book(100).asks, Decimal("1.5"), START)
    assert [(one.price, one.quantity) for one in taken] == [(101, 1), (102, Decimal("0.5"))]


def test_what_the_book_does_not_hold_is_missing():
    """The caller decides what a thin book means."""
    taken = walk_book(book(100).asks, Decimal(10), START)
    assert sum(one.quantity for one in taken) == 3


def test_fees_round_against_us():
    """A third of a cent is a cent at the eighth decimal."""
    assert fee(Decimal("0.00001"), Decimal("0.1"), Decimal("0.05")) == Decimal("0.00000001")
    assert fee(Decimal(100), Decimal(2), Decimal("0.05")) == Decimal("0.1")


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [("buy", "100", "100.05"), ("sell", "100", "99.95"), ("buy", "100.07", "100.13"),
     ("sell", "0.01", "0.01")],
)  # fmt: skip
def test_slippage_is_against_us_and_on_the_tick(side, price, expected):
    """0.05 percent, rounded to the worse tick; a price never falls to nothing."""
    found = slipped(Decimal(price), side, Decimal("0.05"), Decimal("0.01"))
    assert found == Decimal(expected)


def test_a_candle_off_the_grid_is_narrowed_to_the_ticks_inside_it():
    """The nearest tick could lie outside the range, and nothing was traded there."""
    block = np.array(
        [[100.006, 100.036, 99.994, 100.0, 5.0], [100.004, 100.006, 100.002, 100.005, 1.0]]
    )
    series = CandleSeries.checked("BTC/USDT", "1m", np.array([0, 60_000]), block)
    wide, narrow = bars(series, np.array([True, True]), Decimal("0.01"))
    assert (wide.open, wide.high, wide.low) == (Decimal("100.01"), Decimal("100.03"), 100)
    assert (narrow.high, narrow.low) == (Decimal("100.006"), Decimal("100.002"))
    assert wide.volume == 5


@pytest.mark.parametrize(
    ("kind", "price", "expected"),
    [("stop_market", 94, True), ("stop_market", 96, False), ("take_profit_market", 96, True)],
)
def test_a_trigger_may_already_be_past(kind, price, expected):
    """Then the order is executed at once instead of resting on the wrong side."""
    assert met_at(intent(kind, "sell", 95), Decimal(price)) is expected
