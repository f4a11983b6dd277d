"""
The Fear & Greed index, a daily figure of 0 to 100 points, for the circuit breaker and the agents.

Asked beside the market and at most once an hour. Believed only as one plain JSON object with
a whole number and a date of the last days. Source: domain reference, Market context.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from records.clock import from_epoch_ms
from tools.context.cache import Source
from tools.context.question import DEADLINE_S as DEADLINE_S
from tools.context.question import Question, host_of

URL = "https://api.alternative.me/fng/?limit=1"
MAX_BYTES = 65_536


class _Day(BaseModel):
    """One day of the index as the source writes it: numbers in strings, seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: Annotated[str, Field(pattern="^(0|[1-9][0-9]?|100)$")]
    timestamp: Annotated[str, Field(pattern="^[1-9][0-9]{0,9}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    data: tuple[_Day]


class FearGreed(Question[_Answer]):
    """The question of one cycle: `start` it, observe the market, then take the `value`."""

    answer = _Answer
    max_bytes = MAX_BYTES

    def figure(self, answer: _Answer) -> tuple[Decimal, datetime]:
        (day,) = answer.data
        return Decimal(day.value), from_epoch_ms(int(day.timestamp) * 1000)

    def source(self, url: str) -> Source:
        return Source(
            name="fear_greed",
            unit="points",
            host=host_of(url),
            plausible=lambda value: 0 <= value <= 100 and value % 1 == 0,
            fresh=timedelta(hours=1),
            oldest=timedelta(days=3),
        )
