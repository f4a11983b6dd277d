"""The bounds that hold for everything read from the web."""

from typing import Annotated

from pydantic import Field

from records.base import Record


class WebLimits(Record):
    """What one reading may cost."""

    max_bytes: Annotated[int, Field(ge=1)] = Field(
        description="Of one answer, as sent and again as unpacked."
    )
    deadline_s: Annotated[float, Field(gt=0)] = Field(
        description="From the first connection to the last byte, redirects included."
    )
    max_redirects: Annotated[int, Field(ge=0)] = Field(default=3, description="Same host only.")
    allow_private: bool = Field(
        default=False, description="Also read from this machine or its private network."
    )
