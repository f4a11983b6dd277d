"""A lock on new entries: one market or all of them, until a time or until it is cleared."""

from typing import Annotated

from pydantic import Field

from records.base import Record, Symbol, UtcTime


class Lock(Record):
    """Why no new exposure may be opened; numbered by the ledger."""

    lock_id: int
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Such as cooldown.")]
    symbol: Symbol | None = Field(description="None: every market.")
    since: UtcTime
    until: UtcTime | None = Field(description="None: until somebody clears it.")
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    by: Annotated[
        str, Field(min_length=1, max_length=80, description="Who locked: a rule or a person.")
    ]
    cleared_at: UtcTime | None = None
    cleared_by: str | None = None
    cleared_why: str | None = None
    judged_to: UtcTime | None = Field(
        default=None,
        description="Trades, or equity, up to this time led to it; they lead to no other.",
    )

    @property
    def whole_desk(self) -> bool:
        return self.symbol is None
