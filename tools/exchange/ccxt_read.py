"""
What a venue answered, into records: strictly, or not at all.

Exact numbers come from the shortest decimal that gives the float ccxt parsed. A contract
that is not one unit of the base currency is converted; anything missing, infinite or
crossed raises, and the market is left out of the snapshot.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from records.candles import CandleSeries
from records.clock import from_epoch_ms
from records.errors import BadCandles, VenueError
from records.market import Level, OrderBook, SymbolRules, Ticker

_DECIMAL_PLACES, _TICK_SIZE = 2, 4
_BOOK_LEVELS = 20
_HIGHEST_LEVERAGE = 125


def exact(value: Any, what: str) -> Decimal:
    """A finite number as a decimal, or VenueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise VenueError(f"{what} is {value!r:.40}, not a number.")
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise VenueError(f"{what} is {value!r:.40}, not a number.") from None
    if not number.is_finite():
        raise VenueError(f"{what} is {number}, not a finite number.")
    return number


def candles(symbol: str, interval: str, rows: Any) -> CandleSeries:
    """
    ccxt's rows of open time, open, high, low, close, volume.

    Mark-price candles come without any volume, which is then 0 throughout: a finding. One
    that is missing among others is a fault.
    """
    name = f"{symbol} {interval}"
    if not isinstance(rows, Sequence) or any(len(row) < 6 for row in rows):
        raise BadCandles(name, "the venue's answer is not rows of six numbers")
    if not all(isinstance(row[0], int) for row in rows):
        raise BadCandles(name, "an open time is not a whole number of milliseconds")
    times = np.array([row[0] for row in rows], dtype=np.int64)
    values = np.array([row[1:6] for row in rows], dtype=np.float64).reshape(len(rows), 5)
    if len(values) and all(row[5] is None for row in rows):
        values[:, 4] = 0
    return CandleSeries.checked(symbol, interval, times, values)


def book(answer: Any, contract_size: Decimal) -> OrderBook:
    """The top of the book in base units; refuses an empty or crossed one."""
    bids = _levels(answer["bids"], contract_size, "a bid")
    asks = _levels(answer["asks"], contract_size, "an ask")
    if not bids or not asks:
        raise VenueError("its order book has an empty side")
    if bids[0][0] >= asks[0][0]:
        raise VenueError(f"its order book is crossed, {bids[0][0]} bid and {asks[0][0]} asked")
    if _disordered(bids, falling=True) or _disordered(asks, falling=False):
        raise VenueError("its order book is not sorted")
    return OrderBook(bids=bids, asks=asks)


def ticker(answer: Any, top: OrderBook, now: datetime) -> Ticker:
    """The last price, with bid and ask from the book."""
    stamp = answer.get("timestamp")
    return Ticker(
        last=exact(answer.get("last"), "its last price"),
        bid=top.bids[0][0],
        ask=top.asks[0][0],
        at=from_epoch_ms(stamp) if isinstance(stamp, int) and stamp > 0 else now,
    )


def rules(market: Any, precision_mode: int) -> SymbolRules:
    """Tick, step and minimum of one market, in base units."""
    size = contract_size(market)
    precision, limits = market["precision"], market["limits"]
    step = _unit(precision.get("amount"), precision_mode, "its quantity step") * size
    smallest = (limits.get("amount") or {}).get("min")
    least_value = (limits.get("cost") or {}).get("min")
    leverage = _max_leverage(market)
    return SymbolRules(
        tick=_unit(precision.get("price"), precision_mode, "its price step"),
        step=step,
        min_quantity=step if smallest is None else exact(smallest, "its least quantity") * size,
        min_notional=Decimal(0) if least_value is None else exact(least_value, "its least value"),
        perpetual=bool(market.get("swap")),
        max_leverage=leverage,
        maintenance_pct=_maintenance_pct(market, leverage),
    )


def _max_leverage(market: Any) -> int:
    """As listed, else what the margin required of everyone allows; 1 where nothing is said."""
    if not market.get("swap"):
        return 1
    listed = (market["limits"].get("leverage") or {}).get("max")
    required = (market.get("info") or {}).get("requiredMarginPercent")
    if listed is not None:
        highest = exact(listed, "its highest leverage")
    else:
        highest = 100 / exact(required, "its margin") if required else Decimal(1)
    return max(1, min(int(highest), _HIGHEST_LEVERAGE))


def _maintenance_pct(market: Any, leverage: int) -> Decimal:
    """As listed, else half of the margin that the highest leverage asks for, as is usual."""
    if not market.get("swap"):
        return Decimal(0)
    listed = (market.get("info") or {}).get("maintMarginPercent")
    return exact(listed, "its maintenance margin") if listed else Decimal(50) / leverage


def contract_size(market: Any) -> Decimal:
    """Base units in one contract; 1 on a spot market."""
    size = market.get("contractSize") if market.get("contract") else None
    return Decimal(1) if size is None else exact(size, "its contract size")


def funding_rate_pct(answer: Any) -> Decimal:
    """Percent per funding interval, from ccxt's fraction."""
    return exact(answer["fundingRate"], "its funding rate") * 100


def open_interest(answer: Any) -> Decimal:
    """Base units."""
    return exact(answer["openInterestAmount"], "its open interest")


def _levels(rows: Any, size: Decimal, what: str) -> tuple[Level, ...]:
    levels = [(exact(row[0], what), exact(row[1], what) * size) for row in rows[:_BOOK_LEVELS]]
    return tuple(level for level in levels if level[1] > 0)


def _disordered(levels: Sequence[Level], *, falling: bool) -> bool:
    prices = [price for price, _ in levels]
    return prices != sorted(set(prices), reverse=falling)


def _unit(precision: Any, mode: int, what: str) -> Decimal:
    value = exact(precision, what)
    if mode == _TICK_SIZE:
        return value
    if mode == _DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(value))
    raise VenueError(f"{what} is counted in significant digits, which the desk does not support")
