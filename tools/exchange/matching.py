"""
When and at what price a paper order is executed; pure, and never in our favour by guess.

- A stop is assumed to be met before a target when one candle meets both.
- A gap past a trigger or a limit is executed at the open, the far side of the gap.
- A limit is executed only when the price trades through it, not when it is touched.
- No execution lies outside the candle's own range.
- Stops and targets are executed as takers, resting limits as makers.

A resting order is executed whole or not at all; partial fills and queues are not modelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from records.base import Side
from records.candles import CandleSeries, interval_ms
from records.clock import from_epoch_ms
from records.market import Level, OrderBook
from records.order import OrderIntent

Liquidity = Literal["maker", "taker"]
_FEE_UNIT = Decimal("0.00000001")
_PRECEDENCE = {"stop_market": 0, "take_profit_market": 1, "limit": 2, "market": 3}


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle in exact prices."""

    opened_at: datetime
    closed_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal


@dataclass(frozen=True, slots=True)
class Execution:
    """One price at which a quantity changed hands."""

    price: Decimal
    quantity: Decimal
    liquidity: Liquidity
    at: datetime


def precedence(intent: OrderIntent) -> int:
    """Which of two orders a candle meets first: stops, then targets, then limits."""
    return _PRECEDENCE[intent.kind]


def fee(price: Decimal, quantity: Decimal, fee_pct: Decimal) -> Decimal:
    """The venue's charge in the quote currency, rounded up at the eighth decimal."""
    return (price * quantity * fee_pct / 100).quantize(_FEE_UNIT, rounding=ROUND_UP)


def met_in(intent: OrderIntent, bar: Bar) -> tuple[Decimal, datetime] | None:
    """The price and time at which a resting order is executed in a candle, or None."""
    level = intent.limit_price if intent.kind == "limit" else intent.trigger_price
    if level is None:
        return None
    falling = (intent.side == "buy") == (intent.kind in ("limit", "take_profit_market"))
    through = intent.kind == "limit"
    if falling:
        met = bar.low < level if through else bar.low <= level
        price = min(level, bar.open)
    else:
        met = bar.high > level if through else bar.high >= level
        price = max(level, bar.open)
    if not met:
        return None
    return price, (bar.opened_at if price == bar.open else bar.closed_at)


def met_at(intent: OrderIntent, price: Decimal) -> bool:
    """Whether a stop or target is already past its trigger at this price."""
    trigger = intent.trigger_price
    if trigger is None:
        return False
    falling = (intent.side == "buy") == (intent.kind == "take_profit_market")
    return price <= trigger if falling else price >= trigger


def facing(book: OrderBook, side: Side) -> Sequence[Level]:
    """The levels an order of this side trades against, best first."""
    return book.asks if side == "buy" else book.bids


def within(levels: Sequence[Level], side: Side, limit: Decimal | None) -> list[Level]:
    """The levels no worse than a limit; all of them without one."""
    if limit is None:
        return list(levels)
    return [one for one in levels if (one[0] <= limit if side == "buy" else one[0] >= limit)]


def walk_book(levels: Sequence[Level], quantity: Decimal, at: datetime) -> list[Execution]:
    """Take level after level; what the shown levels do not hold is missing from the result."""
    taken: list[Execution] = []
    left = quantity
    for price, size in levels:
        if left <= 0:
            break
        part = min(left, size)
        taken.append(Execution(price, part, "taker", at))
        left -= part
    return taken


def bars(series: CandleSeries, keep: NDArray[np.bool_], tick: Decimal) -> list[Bar]:
    """The marked candles as exact decimals on the tick grid."""
    length = interval_ms(series.interval)
    found = []
    for i in np.flatnonzero(keep):
        opened = int(series.open_time_ms[i])
        found.append(
            Bar(
                from_epoch_ms(opened),
                from_epoch_ms(opened + length),
                *(on_tick(float(column[i]), tick) for column in
                  (series.open, series.high, series.low)),
            )
        )  # fmt: skip
    return found


def on_tick(price: float, tick: Decimal) -> Decimal:
    """A candle's price as a decimal, on the nearest tick."""
    return (Decimal(repr(price)) / tick).to_integral_value() * tick


def may_meet(series: CandleSeries, intents: Sequence[OrderIntent]) -> NDArray[np.bool_]:
    """Candles that could meet one of these orders: a quick float test that never misses one."""
    keep = np.zeros(len(series), dtype=bool)
    for intent in intents:
        level = intent.limit_price if intent.kind == "limit" else intent.trigger_price
        if level is not None:
            falling = (intent.side == "buy") == (intent.kind in ("limit", "take_profit_market"))
            slack = float(level) * 1e-3
            if falling:
                keep |= series.low <= float(level) + slack
            else:
                keep |= series.high >= float(level) - slack
    return keep
