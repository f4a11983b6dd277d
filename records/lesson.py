"""What a closed trade taught: the situation, the decision and its outcome after fees."""

from pydantic import Field

from records.base import Amount, Record, Symbol, UtcTime


class Lesson(Record):
    """Written by code when the outcome is known; a row of the ledger, indexed by memory."""

    lesson_id: str
    cycle_id: str = Field(description="The cycle that booked the outcome.")
    learned_at: UtcTime
    symbol: Symbol
    situation: str = Field(max_length=600, description="Signal and figures when it was opened.")
    decision: str = Field(max_length=800, description="What was done, with its thesis.")
    outcome: str = Field(max_length=300, description="How it ended, in words and figures.")
    pnl_pct: Amount = Field(description="After fees, percent of the entry value.")
    holding_s: int
