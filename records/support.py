"""What speaks for one side of a market, besides the words of the proposal itself."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.reports import Conviction

LEAST_CONVICTION = 0.1
"""A reader less sure than this takes no side."""
LEAST_SOURCES = 2
"""News of fewer sources is one uncorroborated story."""


class Support(Record):
    """The desk's own signal and what each reader concluded; None: it said nothing."""

    signal: Literal["long", "short", "none"] = "none"
    technical: Conviction | None = None
    chart: Conviction | None = None
    news: Conviction | None = None
    news_sources: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Different sources among the items the news view cites."
    )

    def for_side(self, sign: int) -> bool:
        """Whether the market, or news of more than one source, speaks for this side."""
        if self.signal == ("long" if sign > 0 else "short"):
            return True
        if any(_sure(view, sign) for view in (self.technical, self.chart)):
            return True
        return _sure(self.news, sign) and self.news_sources >= LEAST_SOURCES


def _sure(view: float | None, sign: int) -> bool:
    return view is not None and view * sign >= LEAST_CONVICTION
