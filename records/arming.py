"""The permission to trade real money: given by a person at a terminal, bounded, and it expires."""

from datetime import timedelta

from pydantic import Field

from records.base import PositiveAmount, Record, UtcTime

LONGEST_ARMING = timedelta(days=7)


class Arming(Record):
    """One arming of live trading; the newest one counts, and only until it expires."""

    arming_id: str
    venue: str
    armed_at: UtcTime
    expires_at: UtcTime
    max_notional: PositiveAmount = Field(
        description="Most that all positions and entries may be worth, quote currency."
    )
    max_daily_loss: PositiveAmount = Field(
        description="Loss since 00:00 UTC that ends entries, quote currency."
    )
    armed_by: str
    disarmed_at: UtcTime | None = None
