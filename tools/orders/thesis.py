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
from records.proposal import ProposalDraft
from records.risk import ExitRules


def judged(
    position: Position, draft: ProposalDraft | None, closes: CandleSeries | None, rules: ExitRules
) -> Position:
    """
    The position with its deadline as of now, and the close that proved it wrong if there is one.

    `draft` is what it was opened by. What is newly known to be wrong is not reviewed yet, however
    old the candle is that told it.
    """
    due, wrong = _deadline(position, draft, rules), position.invalidated_at
    if wrong is None and (found := invalidated_at(position, closes)) is not None:
        return position.model_copy(
            update={"deadline_at": due, "invalidated_at": found, "reviewed_at": None}
        )
    return (
        position
        if due == position.deadline_at
        else position.model_copy(update={"deadline_at": due})
    )


def deadline(draft: ProposalDraft, opened_at: datetime) -> datetime | None:
    """When the thesis of a proposal should have come true, by its own word."""
    if draft.deadline_h is None:
        return None
    return opened_at + timedelta(hours=float(draft.deadline_h))


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


def _deadline(position: Position, draft: ProposalDraft | None, rules: ExitRules) -> datetime | None:
    """The sooner of what the proposal named and what the settings of now allow."""
    latest = rules.thesis_deadline_h
    asked = (
        deadline(draft, position.opened_at) if draft is not None else None,
        None if latest is None else position.opened_at + timedelta(hours=latest),
    )
    return min((one for one in asked if one is not None), default=None)


def _is_beyond(position: Position, close: Decimal, limit: Decimal) -> bool:
    return close <= limit if position.side == "long" else close >= limit
