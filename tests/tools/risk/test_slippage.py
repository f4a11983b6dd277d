"""What a book gives, counted by hand: within reach, and at which average price."""

from decimal import Decimal

import pytest

from tests.tools.risk.cases import levels
from tools.risk.slippage import expected_pct, taken_side, within_reach

ORDERED = levels(asks={"100": 1, "101": 2, "103": 3}, bids={"99": 1, "98": 2, "96": 3})
MIXED = levels(asks={"103": 3, "100": 1, "101": 2}, bids={"96": 3, "98": 2, "99": 1})


@pytest.mark.parametrize("book", [ORDERED, MIXED])
def test_a_purchase_takes_the_lowest_ask_first_and_a_sale_the_highest_bid(book):
    """However the venue sorted them: the average price is that of the best levels."""
    assert [int(price) for price, _ in taken_side(book, buys=True)] == [100, 101, 103]
    assert [int(price) for price, _ in taken_side(book, buys=False)] == [99, 98, 96]


@pytest.mark.parametrize(
    ("buys", "worst", "within"),
    [
        (True, "103", 6), (True, "102.99", 3), (True, "100", 1), (True, "99.99", 0),
        (False, "96", 6), (False, "96.01", 3), (False, "99", 1), (False, "99.01", 0),
    ],
)  # fmt: skip
def test_what_is_offered_at_no_worse_a_price_is_within_reach(buys, worst, within):
    """The level at that price counts, the one behind it does not."""
    levels_ = taken_side(ORDERED, buys=buys)
    assert within_reach(levels_, Decimal(worst), buys=buys) == within


@pytest.mark.parametrize("buys", [True, False])
def test_an_empty_book_holds_nothing(buys):
    """No levels, no depth and no price."""
    empty = taken_side(levels(), buys=buys)
    assert within_reach(empty, Decimal(100), buys=buys) == 0
    assert expected_pct(empty, Decimal(1)) is None


@pytest.mark.parametrize(
    ("description", "buys", "quantity", "expected"),
    [
        ("all of it at the best price", True, "1", "0"),
        ("1 at 100 and 1 at 101: 100.5", True, "2", "0.5"),
        ("1 at 100, 2 at 101, 1 at 103: 101.25", True, "4", "1.25"),
        ("the whole book: 611 / 6 = 101.8333...", True, "6", "1.8333"),
        ("a step more than the book", True, "6.001", None),
        ("1 at 99 and 1 at 98: 98.5, 0.5 below 99", False, "2", "0.5051"),
        ("the whole book: 583 / 6 = 97.1666..., 1.8333... below 99", False, "6", "1.8519"),
        ("more than the book", False, "7", None),
    ],
)
def test_the_average_price_is_that_of_every_level_taken(description, buys, quantity, expected):
    """Percent of the best price, for a purchase above it and for a sale below."""
    found = expected_pct(taken_side(MIXED, buys=buys), Decimal(quantity))
    shown = None if found is None else round(found, 4)
    assert shown == (None if expected is None else Decimal(expected)), description
