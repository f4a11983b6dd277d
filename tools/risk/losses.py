"""
How much was lost since the day, the week and the month began, and since the best moment.

Periods begin at 00:00 UTC, a week on Monday. What a period is measured from, and the highest
equity, are kept in the ledger and set once, so that neither a restart nor a deleted cache
forgives a loss. Money paid in or out is not told from profit and loss.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from pydantic import Field

from records.base import Amount, NonNegativeAmount, Record
from records.order import AccountState
from tools.ledger.account import Account

Period = Literal["day", "week", "month"]


class Span(NamedTuple):
    """One day, week or month: from its beginning until just before its end."""

    period: Period
    began: datetime
    ends: datetime


class LossState(Record):
    """What was lost, in percent of what it is measured from; a gain is no loss."""

    equity: Amount
    peak: Amount = Field(description="The highest equity, or what a person set it to.")
    day_baseline: Amount
    week_baseline: Amount
    month_baseline: Amount
    drawdown_pct: NonNegativeAmount = Field(description="Fall from the peak.")
    day_loss_pct: NonNegativeAmount
    week_loss_pct: NonNegativeAmount
    month_loss_pct: NonNegativeAmount


class LossBook:
    """The baselines and the peak in the ledger."""

    def __init__(self, books: Account) -> None:
        self._books = books

    def note(self, account: AccountState) -> LossState:
        """Set the baselines that are not set yet, raise the peak, and say what was lost."""
        for period, began, _ in periods(account.as_of):
            self._books.set_baseline(period, began, self._first(began, account.equity))
        self._books.raise_peak(account.equity, account.as_of)
        return self.state(account)

    def state(self, account: AccountState) -> LossState:
        """What was lost, with nothing written: a period that was not noted counts all the same."""
        equity, peak = account.equity, self._books.peak_equity()
        day, week, month = (
            self._baseline(period, began, equity) for period, began, _ in periods(account.as_of)
        )
        return loss_state(
            equity, peak=equity if peak is None else peak, day=day, week=week, month=month
        )

    def _baseline(self, period: Period, began: datetime, now: Decimal) -> Decimal:
        stands = self._books.baseline(period, began)
        return self._first(began, now) if stands is None else stands

    def _first(self, began: datetime, now: Decimal) -> Decimal:
        """The last equity before a period, else the first one in it."""
        for known in (self._books.equity_before(began), self._books.first_equity_since(began)):
            if known is not None:
                return known
        return now


def loss_state(
    equity: Decimal, *, peak: Decimal, day: Decimal, week: Decimal, month: Decimal
) -> LossState:
    """The losses of an equity against the peak and what each period is measured from."""
    return LossState(
        equity=equity,
        peak=max(peak, equity),
        day_baseline=day,
        week_baseline=week,
        month_baseline=month,
        drawdown_pct=fall_pct(peak, equity),
        day_loss_pct=fall_pct(day, equity),
        week_loss_pct=fall_pct(week, equity),
        month_loss_pct=fall_pct(month, equity),
    )


def fall_pct(before: Decimal, after: Decimal) -> Decimal:
    """How far an amount fell, percent; 100 where there was nothing left to fall from."""
    if after >= before:
        return Decimal(0)
    if before <= 0:
        return Decimal(100)
    return (before - after) / before * 100


def periods(now: datetime) -> tuple[Span, Span, Span]:
    """The day, week and month of a moment, in UTC."""
    day = day_began(now)
    week, month = day - timedelta(days=day.weekday()), day.replace(day=1)
    return (
        Span("day", day, day + timedelta(days=1)),
        Span("week", week, week + timedelta(days=7)),
        Span("month", month, (month + timedelta(days=31)).replace(day=1)),
    )


def day_began(now: datetime) -> datetime:
    """00:00 UTC of that day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
