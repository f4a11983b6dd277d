"""A market that this cycle goes without."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record

Cause = Literal["failed", "stale", "absent"]


class Skipped(Record):
    """A market left out of this cycle, and why."""

    symbol: str
    reason: Annotated[str, Field(max_length=300)]
    cause: Cause = Field(
        default="failed",
        description="failed: it could not be read, or not be trusted. stale: the venue answers, "
        "and its candles have stopped. absent: the venue does not have it at this time.",
    )
