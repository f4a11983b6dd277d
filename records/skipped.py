"""A market that this cycle goes without."""

from typing import Annotated

from pydantic import Field

from records.base import Record


class Skipped(Record):
    """A market left out of this cycle, and why."""

    symbol: str
    reason: Annotated[str, Field(max_length=300)]
