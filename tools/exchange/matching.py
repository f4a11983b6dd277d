"""
When and at what price a paper order is executed; pure, and never in our favour by guess.

- A gap past a trigger or a limit is executed at the open, the far side of the gap.
- A limit is executed only when the price trades through it, not when it is touched.
- Stops and targets become market orders: takers, with slippage against us.
- No execution in a candle lies outside the candle's own range, slippage included.

Which of several things in one candle comes first is the business of paper_walk.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_UP, Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from records.base import Side
from records.candles import CandleSeries, interval_ms
from records.clock import from_epoch_ms
from records.market import Level, OrderBook
from records.order import OrderIntent

Liquidity = Literal["maker", "taker"]
FEE_UNIT = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle in exact prices; volume in base units."""

    opened_at: datetime
    closed_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal

    def clamped(self, price: Decimal) -> Decimal:
        """The nearest price that was traded."""
        return min(max(price, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Execution:
    """One price at which a quantity changed hands."""

    price: Decimal
    quantity: Decimal
    liquidity: Liquidity
    at: datetime


def fee(price: Decimal, quantity: Decimal, fee_pct: Decimal) -> Decimal:
    """The venue's charge in the quote currency, rounded up at the eighth decimal."""
    return (price * quantity * fee_pct / 100).quantize(FEE_UNIT, rounding=ROUND_UP)


def level(intent: OrderIntent) -> Decimal | None:
    """The price a resting order waits for."""
    return intent.limit_price if intent.kind == "limit" else intent.trigger_price


def met_at(intent: OrderIntent, price: Decimal) -> bool:
    """Whether a price executes a resting order: at or past a trigger, through a limit."""
    waits_for = level(intent)
    if waits_for is None:
        return False
    if intent.kind == "limit":
        return price < waits_for if _falling(intent) else price > waits_for
    return price <= waits_for if _falling(intent) else price >= waits_for


def met_in(intent: OrderIntent, bar: Bar) -> Decimal | None:
    """The price at which a candle meets a resting order, before slippage; None: it rests."""
    waits_for = level(intent)
    if waits_for is None or not met_at(intent, bar.low if _falling(intent) else bar.high):
        return None
    return min(waits_for, bar.open) if _falling(intent) else max(waits_for, bar.open)


def slipped(price: Decimal, side: Side, slippage_pct: Decimal, tick: Decimal) -> Decimal:
    """A market order's price after slippage, on the tick that is worse for us."""
    if side == "buy":
        return on_tick(price * (1 + slippage_pct / 100), tick, ROUND_CEILING)
    return max(tick, on_tick(price * (1 - slippage_pct / 100), tick, ROUND_FLOOR))


def on_tick(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    """A price on the grid."""
    return (price / tick).to_integral_value(rounding) * tick


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
    """The marked candles as exact decimals."""
    length = interval_ms(series.interval)
    columns = (series.open, series.high, series.low, series.volume)
    found = []
    for i in np.flatnonzero(keep):
        opened = int(series.open_time_ms[i])
        open_, high, low, volume = (exact(column[i]) for column in columns)
        prices = _inward(open_, high, low, tick)
        found.append(Bar(from_epoch_ms(opened), from_epoch_ms(opened + length), *prices, volume))
    return found


def exact(number: float) -> Decimal:
    """A candle's number, digit for digit as it is written."""
    return Decimal(repr(float(number)))


def may_meet(
    series: CandleSeries, intents: Sequence[OrderIntent], liquidation: Decimal | None, *, long: bool
) -> NDArray[np.bool_]:
    """Candles that could meet one of these: a quick float test that never misses one."""
    keep = np.zeros(len(series), dtype=bool)
    levels = [(level(intent), _falling(intent)) for intent in intents]
    for waits_for, falling in [*levels, (liquidation, long)]:
        if waits_for is not None:
            slack = float(waits_for) * 1e-3
            if falling:
                keep |= series.low <= float(waits_for) + slack
            else:
                keep |= series.high >= float(waits_for) - slack
    return keep


def _falling(intent: OrderIntent) -> bool:
    """Whether a falling price meets it."""
    return (intent.side == "buy") == (intent.kind in ("limit", "take_profit_market"))


def _inward(
    open_: Decimal, high: Decimal, low: Decimal, tick: Decimal
) -> tuple[Decimal, Decimal, Decimal]:
    """Open, high and low on ticks that were traded; as they are when the range holds no tick."""
    top, bottom = on_tick(high, tick, ROUND_FLOOR), on_tick(low, tick, ROUND_CEILING)
    if bottom > top:
        return open_, high, low
    nearest = (open_ / tick).to_integral_value() * tick
    return min(max(nearest, bottom), top), top, bottom
