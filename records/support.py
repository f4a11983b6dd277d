"""What speaks for one side of a market, besides the words of the proposal itself."""

from typing import Annotated

from pydantic import Field

from records.base import Record
from records.reports import Conviction
from records.signal import SignalAction

LEAST_CONVICTION = 0.1
"""A reader less sure than this takes no side."""
LEAST_SOURCES = 2
"""News of fewer sources is one uncorroborated story."""


class Support(Record):
    """What the screen's signal says and what each reader concluded; None: it said nothing."""

    signal: SignalAction = "hold"
    technical: Conviction | None = None
    chart: Conviction | None = None
    news: Conviction | None = None
    news_sources: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Different sources among the items the news view cites."
    )

    def for_side(self, sign: int) -> bool:
        """Whether the market, or news of more than one source, speaks for this side."""
        if self.signal == ("buy" if sign > 0 else "sell"):
            return True
        if any(_sure(view, sign) for view in (self.technical, self.chart)):
            return True
        return _sure(self.news, sign) and self.news_sources >= LEAST_SOURCES


def _sure(view: float | None, sign: int) -> bool:
    return view is not None and view * sign >= LEAST_CONVICTION
