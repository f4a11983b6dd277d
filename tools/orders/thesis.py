"""
Whether the reason that a position was opened for still stands: pure functions of closed candles.

A close decides, not a wick: the stop is there for wicks. What was proven wrong stays so, even if
the price comes back; then it is a new trade, with a thesis of its own.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from records.candles import CandleSeries
from records.clock import epoch_ms, from_epoch_ms
from records.interval import interval_ms
from records.order import Position
from records.risk import ExitRules


def judged(position: Position, closes: CandleSeries | None, rules: ExitRules) -> Position:
    """The position with its deadline, and the close that proved it wrong if there is one."""
    deadline = _deadline(position, rules)
    wrong = position.invalidated_at or invalidated_at(position, closes)
    if (deadline, wrong) == (position.deadline_at, position.invalidated_at):
        return position
    return position.model_copy(update={"deadline_at": deadline, "invalidated_at": wrong})


def invalidated_at(position: Position, closes: CandleSeries | None) -> datetime | None:
    """When the first candle since the entry closed at or beyond the invalidation price."""
    if position.invalidation_price is None or closes is None:
        return None
    limit, since = position.invalidation_price, epoch_ms(position.opened_at)
    for opened_ms, close in zip(closes.open_time_ms.tolist(), closes.close.tolist(), strict=True):
        closed_ms = opened_ms + interval_ms(closes.interval)
        if closed_ms > since and _is_beyond(position, Decimal(repr(close)), limit):
            return from_epoch_ms(closed_ms)
    return None


def _deadline(position: Position, rules: ExitRules) -> datetime | None:
    """The sooner of what the proposal named and what the settings allow; never put off."""
    latest = rules.thesis_deadline_h
    known = [] if position.deadline_at is None else [position.deadline_at]
    if latest is not None:
        known.append(position.opened_at + timedelta(hours=latest))
    return min(known, default=None)


def _is_beyond(position: Position, close: Decimal, limit: Decimal) -> bool:
    return close <= limit if position.side == "long" else close >= limit
