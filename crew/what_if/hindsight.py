"""
How a decision turned out against what the market did next. Known only afterwards.

An entry is followed from its price to its stop or target, as far as each horizon; fees and
slippage are the paper account's, at both ends. Where one candle reaches both, the stop counts.
Trailing stops, early exits, funding and later decisions are left out: this is what the
decision was worth by itself. An exit is held against what keeping the position would have
brought. What no candle tells yet is not known.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import Field

from crew.sections import PaperSettings, WhatIfSettings
from crew.way import Bracket, later
from crew.what_if.later import CandlesAfter
from crew.what_if.stances import Stance
from records.base import Amount, Record
from records.candles import CandleSeries
from records.outcome import HypotheticalExit

EndedBy = Literal["stop", "target", "time"]
_ENDED_BY: Mapping[HypotheticalExit, EndedBy] = {
    "stop_loss": "stop",
    "take_profit": "target",
    "horizon": "time",
}


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
    stance: Stance | None, known: CandlesAfter, asked: WhatIfSettings, paper: PaperSettings
) -> tuple[Outlook, ...]:
    """One for each horizon; of a decision that was not carried out there is none."""
    if stance is None or not (stance.filled and stance.quantity and stance.price):
        return ()
    until_h = max(*asked.horizons_h, asked.until_h)
    ends = stance.at + timedelta(hours=until_h)
    candles = known.after(stance.symbol, stance.at, ends)
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
        self._value = price * quantity
        self._candles = candles
        self._bracket = Bracket(
            sign=1 if stance.side == "long" else -1,
            entry=price,
            stop=stance.stop,
            target=stance.take_profit,
            fee_pct=paper.taker_fee_pct,
            slippage_pct=paper.slippage_pct,
        )

    def outlook(self, horizon: str, hours: float) -> Outlook:
        """By so many hours after the decision."""
        due_at = self._stance.at + timedelta(hours=hours)
        if self._stance.kind == "entry":
            return self._entered(horizon, due_at)
        price = later(self._candles, self._stance.at, due_at).price
        if price is None:
            return Outlook(horizon=horizon)
        return self._told(horizon, -self._bracket.gain_pct(price), "time", due_at - self._stance.at)

    def _entered(self, horizon: str, due_at: datetime) -> Outlook:
        """Followed to its stop, its target or the horizon; the entry's slippage is in its price."""
        walked = self._bracket.walk(self._candles, self._stance.at, due_at)
        if walked.pnl_pct is None or walked.exit_reason is None or walked.exit_after_s is None:
            return Outlook(horizon=horizon)
        after = timedelta(seconds=walked.exit_after_s)
        return self._told(horizon, walked.pnl_pct, _ENDED_BY[walked.exit_reason], after)

    def _told(self, horizon: str, pct: Decimal, ended_by: EndedBy, after: timedelta) -> Outlook:
        return Outlook(
            horizon=horizon,
            pct=round(pct, 3),
            pnl=round(self._value * pct / 100, 4),
            ended_by=ended_by,
            after_h=round(Decimal(after / timedelta(hours=1)), 2),
        )


def known_pnl(outlooks_of_all: Sequence[tuple[Outlook, ...]], horizon: str) -> tuple[Decimal, int]:
    """The sum over all decisions known at a horizon, and how many are not known yet."""
    found = [one for many in outlooks_of_all for one in many if one.horizon == horizon]
    known = [one.pnl for one in found if one.pnl is not None]
    return sum(known, Decimal(0)), len(found) - len(known)
