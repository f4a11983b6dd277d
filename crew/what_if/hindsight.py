"""
How a decision turned out against what the market did next. Known only afterwards.

An entry is followed from its price to its stop or target, as far as each horizon; fees and
slippage are the paper account's, at both ends. Where one candle reaches both, the stop counts.
Trailing stops, early exits, funding and later decisions are left out: this is what the
decision was worth by itself. An exit is held against what keeping the position would have
brought. What no candle tells yet is not known.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from crew.sections import PaperSettings, WhatIfSettings
from crew.what_if.later import CandlesAfter
from crew.what_if.stances import Stance
from records.base import Amount, Record
from records.candles import CandleSeries, interval_ms
from records.clock import epoch_ms, from_epoch_ms

EndedBy = Literal["stop", "target", "time"]


class Outlook(Record):
    """What a decision came to by one horizon, in hindsight."""

    horizon: str = Field(description="Such as 4 h; `end`: until stop or target.")
    pct: Amount | None = Field(
        default=None, description="After fees, percent of the value; None: not known yet."
    )
    pnl: Amount | None = Field(default=None, description="The same in the quote currency.")
    ended_by: EndedBy | None = None
    after_h: Amount | None = Field(default=None, description="When that was, hours.")

    @property
    def known(self) -> bool:
        return self.pct is not None


def outlooks(
    stance: Stance | None, later: CandlesAfter, asked: WhatIfSettings, paper: PaperSettings
) -> tuple[Outlook, ...]:
    """One for each horizon; of a decision that was not carried out there is none."""
    if stance is None or not (stance.filled and stance.quantity and stance.price):
        return ()
    until_h = max(*asked.horizons_h, asked.until_h)
    ends = stance.at + timedelta(hours=until_h)
    candles = later.after(stance.symbol, stance.at, ends)
    walk = _Walk(stance, stance.price, stance.quantity, candles, paper)
    found = [walk.outlook(f"{hours:g} h", hours) for hours in asked.horizons_h]
    if stance.kind == "entry":
        found.append(walk.outlook("end", asked.until_h))
    return tuple(found)


class _Walk:
    """A decision's way through the candles after it."""

    def __init__(
        self,
        stance: Stance,
        price: Decimal,
        quantity: Decimal,
        candles: CandleSeries,
        paper: PaperSettings,
    ) -> None:
        self._stance = stance
        self._price = price
        self._quantity = quantity
        self._candles = candles
        self._cost = (paper.taker_fee_pct + paper.slippage_pct) / 100
        self._fee = paper.taker_fee_pct / 100
        self._sign = 1 if stance.side == "long" else -1

    def outlook(self, horizon: str, hours: float) -> Outlook:
        """By so many hours after the decision."""
        at = self._stance.at + timedelta(hours=hours)
        seen = self._candles.closed_by(epoch_ms(at))
        if self._stance.kind == "entry" and (end := self._end(seen)) is not None:
            price, ended_by, when = end
            return self._told(horizon, self._traded(price), ended_by, when)
        if not _reaches(self._candles, at) or not len(seen):
            return Outlook(horizon=horizon)
        last = Decimal(repr(float(seen.close[-1])))
        result = self._traded(last) if self._stance.kind == "entry" else self._spared(last)
        return self._told(horizon, result, "time", at)

    def _end(self, seen: CandleSeries) -> tuple[Decimal, EndedBy, datetime] | None:
        """Where stop or target ended it: at its price, or at the open that jumped over it."""
        stop, target = self._stance.stop, self._stance.take_profit
        low, high = (seen.low, seen.high) if self._sign > 0 else (-seen.high, -seen.low)
        stopped = _first(low <= float(self._sign * stop)) if stop is not None else None
        met = _first(high >= float(self._sign * target)) if target is not None else None
        if stop is not None and stopped is not None and (met is None or stopped <= met):
            opened = Decimal(repr(float(seen.open[stopped])))
            worse = min(opened * self._sign, stop * self._sign) * self._sign
            return worse, "stop", self._closes(seen, stopped)
        if target is not None and met is not None:
            return target, "target", self._closes(seen, met)
        return None

    def _traded(self, exit_price: Decimal) -> Decimal:
        """Profit for each unit after fees; the entry's own slippage is in its price already."""
        moved = self._sign * (exit_price - self._price)
        return moved - self._price * self._fee - exit_price * self._cost

    def _spared(self, later: Decimal) -> Decimal:
        """What leaving was better by than keeping; a fee is paid either way."""
        return self._sign * (self._price - later)

    def _told(self, horizon: str, result: Decimal, ended_by: EndedBy, when: datetime) -> Outlook:
        hours = (when - self._stance.at).total_seconds() / 3600
        return Outlook(
            horizon=horizon,
            pct=round(result / self._price * 100, 3),
            pnl=round(result * self._quantity, 4),
            ended_by=ended_by,
            after_h=round(Decimal(str(hours)), 2),
        )

    def _closes(self, seen: CandleSeries, number: int) -> datetime:
        opened = int(seen.open_time_ms[number])
        return from_epoch_ms(opened + interval_ms(seen.interval))


def known_pnl(outlooks_of_all: Sequence[tuple[Outlook, ...]], horizon: str) -> tuple[Decimal, int]:
    """The sum over all decisions known at a horizon, and how many are not known yet."""
    found = [one for many in outlooks_of_all for one in many if one.horizon == horizon]
    known = [one.pnl for one in found if one.pnl is not None]
    return sum(known, Decimal(0)), len(found) - len(known)


def _first(where: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(where)) if bool(where.any()) else None


def _reaches(candles: CandleSeries, at: datetime) -> bool:
    """Whether the candles tell of this time: they go to the last one that closed by then."""
    length = timedelta(milliseconds=interval_ms(candles.interval))
    return bool(len(candles)) and candles.closes_at > at - length
