"""What became of a decision: the price at fixed times after it, and the trade as proposed."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from records.base import Amount, PositionSide, PositiveAmount, Record, Symbol, UtcTime

HypotheticalExit = Literal["stop_loss", "take_profit", "horizon", "unfilled"]
Horizon = Annotated[int, Field(ge=1, le=720, description="Hours after the decision.")]


class Awaited(Record):
    """A price that is to be looked up when its time has come."""

    cycle_id: str
    symbol: Symbol
    at: UtcTime = Field(description="The snapshot's time.")
    price: PositiveAmount = Field(description="Middle of the book then, quote currency.")
    horizon_h: Horizon
    due_at: UtcTime


class LaterPrice(Record):
    """
    A shortlisted market's price some hours after the crew decided on it.

    The reports and proposals of that cycle share it. What no candle told stays None.
    """

    cycle_id: str = Field(description="The cycle that decided.")
    symbol: Symbol
    at: UtcTime = Field(description="The snapshot's time.")
    horizon_h: Horizon
    price: PositiveAmount = Field(description="Middle of the book then, quote currency.")
    due_at: UtcTime
    later: PositiveAmount | None = Field(description="Close of the last candle closed when due.")
    high: PositiveAmount | None = Field(description="Highest on the way.")
    low: PositiveAmount | None = Field(description="Lowest on the way.")
    booked_in: str = Field(description="The cycle that looked it up.")


class HypotheticalTrade(Record):
    """
    What a sized opening proposal would have made as proposed, whatever was decided on it.

    Entered at its reference price (a better limit when the price came to it), left at its stop
    or target, the stop first within a candle, else at the horizon. Percent of the entry value,
    after the taker's fee both ways, without slippage, leverage and funding.
    """

    proposal_id: str
    cycle_id: str = Field(description="The cycle that proposed it.")
    symbol: Symbol
    side: PositionSide
    at: UtcTime = Field(description="The snapshot's time.")
    entry_price: PositiveAmount
    horizon_pct: Mapping[int, Amount | None] = Field(
        description="By hours: what it had made by then, or at the exit before; None: not known."
    )
    exit_reason: HypotheticalExit | None = Field(description="None: candles are missing.")
    exit_after_s: int | None = Field(
        default=None, description="To the close of the candle that ended it."
    )
    pnl_pct: Amount | None = Field(
        description="At the exit or the longest horizon; None: unfilled, or candles are missing."
    )
    best_pct: Amount | None = Field(description="Best price while it stood, before fees.")
    worst_pct: Amount | None = Field(description="Worst price while it stood, before fees.")
    booked_in: str = Field(description="The cycle that booked it.")
    known_at: UtcTime
