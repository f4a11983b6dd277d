"""
What an order book would give: how much lies within reach, and at what average price.

Only what the snapshot's book shows counts; nothing is guessed behind its last level.
"""

from collections.abc import Sequence
from decimal import Decimal

from records.market import Level, OrderBook


def taken_side(book: OrderBook, *, buys: bool) -> Sequence[Level]:
    """The levels an order would take from, best first, however the venue sent them."""
    return sorted(book.asks) if buys else sorted(book.bids, reverse=True)


def within_reach(levels: Sequence[Level], worst_price: Decimal, *, buys: bool) -> Decimal:
    """Base units offered at prices no worse than this one."""
    return sum(
        (
            quantity
            for price, quantity in levels
            if (price <= worst_price if buys else price >= worst_price)
        ),
        Decimal(0),
    )


def expected_pct(levels: Sequence[Level], quantity: Decimal) -> Decimal | None:
    """
    How far the average price lies from the best, percent; None when the book is too thin.

    The levels come best first, and the quantity is above zero.
    """
    left, paid = quantity, Decimal(0)
    for price, offered in levels:
        part = min(left, offered)
        paid, left = paid + part * price, left - part
        if left <= 0:
            best = levels[0][0]
            return abs(paid / quantity - best) / best * 100
    return None
