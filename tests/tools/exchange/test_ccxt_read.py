"""Answers of a venue are parsed strictly: a wrong number never becomes a record."""

from decimal import Decimal

import pytest

from records.errors import BadCandles, VenueError
from tools.exchange import ccxt_read

ROW = [1_735_689_600_000, 1.0, 2.0, 0.5, 1.5, 10.0]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.1, "0.1"), (1e-05, "0.00001"), (77397.6, "77397.6"), (3, "3")]
)
def test_floats_become_the_decimal_that_was_sent(value, expected):
    """Binary dust must not reach money."""
    assert ccxt_read.exact(value, "x") == Decimal(expected)


@pytest.mark.parametrize("value", [None, True, float("nan"), float("inf"), [1]])
def test_what_is_not_a_number_is_refused(value):
    """None is how ccxt says that it could not parse something."""
    with pytest.raises(VenueError, match="its last price"):
        ccxt_read.exact(value, "its last price")


@pytest.mark.parametrize(
    ("description", "bids", "asks"),
    [
        ("crossed", [[101, 1]], [[100, 1]]),
        ("empty side", [], [[100, 1]]),
        ("nothing but empty levels", [[99, 0]], [[100, 1]]),
        ("disorder", [[98, 1], [99, 1]], [[100, 1]]),
    ],
)
def test_impossible_books_are_refused(description, bids, asks):
    """A market order would be priced on them."""
    with pytest.raises(VenueError, match="order book"):
        ccxt_read.book({"bids": bids, "asks": asks}, Decimal(1))


def test_contracts_are_converted_to_base_units():
    """On some venues a contract is a hundredth of a coin."""
    found = ccxt_read.book({"bids": [[99, 5]], "asks": [[100, 7]]}, Decimal("0.01"))
    assert (found.bids[0][1], found.asks[0][1]) == (Decimal("0.05"), Decimal("0.07"))


def test_books_are_cut_to_twenty_levels():
    """The rest is never used and may be huge."""
    many = {"bids": [[100 - k / 100, 1] for k in range(500)], "asks": [[101, 1]]}
    assert len(ccxt_read.book(many, Decimal(1)).bids) == 20


@pytest.mark.parametrize(
    "rows",
    [[ROW[:5]], [["soon", *ROW[1:]]], [[*ROW[:4], None, 1.0]], [ROW, ROW], {"code": -1}],
)
def test_bad_candles_are_refused(rows):
    """Short rows, words, holes and repetitions."""
    with pytest.raises((BadCandles, TypeError)):
        ccxt_read.candles("BTC/USDT", "1h", rows)


def test_mark_prices_come_without_volume():
    """ccxt gives None throughout; a hole among numbers is a fault."""
    marks = [[*ROW[:5], None], [ROW[0] + 3_600_000, *ROW[1:5], None]]
    assert list(ccxt_read.candles("BTC/USDT", "1h", marks).volume) == [0, 0]
    with pytest.raises(BadCandles, match=r"not a number in 1 row, first row 2"):
        ccxt_read.candles("BTC/USDT", "1h", [ROW, marks[1]])


@pytest.mark.parametrize(("mode", "precision", "tick"), [(4, 0.01, "0.01"), (2, 2, "0.01")])
def test_both_ways_to_state_precision(mode, precision, tick):
    """Tick sizes and decimal places."""
    market = {
        "precision": {"price": precision, "amount": precision},
        "limits": {"amount": {"min": None}, "cost": None},
    }
    found = ccxt_read.rules(market, mode)
    assert (found.tick, found.min_quantity, found.min_notional) == (Decimal(tick), Decimal(tick), 0)
    with pytest.raises(VenueError, match="significant digits"):
        ccxt_read.rules(market, 3)


@pytest.mark.parametrize(
    ("listed", "required", "maintenance", "expected"),
    [
        ("50", None, None, (50, Decimal(1))),
        (None, "5.0000", "2.5000", (20, Decimal("2.5"))),
        ("200", None, None, (125, Decimal("0.4"))),
        (None, None, None, (1, Decimal(50))),
    ],
)
def test_leverage_and_maintenance_of_a_perpetual(listed, required, maintenance, expected):
    """As the venue lists them; where it says nothing, no leverage is assumed."""
    market = {
        "swap": True,
        "precision": {"price": "0.1", "amount": "0.001"},
        "limits": {"leverage": {"max": listed}},
        "info": {"requiredMarginPercent": required, "maintMarginPercent": maintenance},
    }
    found = ccxt_read.rules(market, 4)
    assert (found.max_leverage, found.maintenance_pct) == expected
    assert found.perpetual
    assert not ccxt_read.rules(market | {"swap": False}, 4).perpetual
