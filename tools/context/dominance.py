"""
Bitcoin's share of the value of all coins, in percent, as CoinGecko's `/api/v3/global` has it.

Asked beside the market and at most every five minutes. Believed only as one plain JSON object
with a share above 0 and below 100 and a time of the last hours.
Source: domain reference, Market context; CoinGecko API, Crypto Global Market Data.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from records.base import PositiveAmount
from records.clock import from_epoch_ms
from tools.context.cache import Source
from tools.context.question import Question, host_of

URL = "https://api.coingecko.com/api/v3/global"
MAX_BYTES = 65_536


def _a_number(value: object) -> object:
    """CoinGecko writes numbers as numbers; what stands in quotes is another interface."""
    if isinstance(value, str):
        raise ValueError("a number is not written in quotes")
    return value


class _Shares(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    btc: Annotated[PositiveAmount, BeforeValidator(_a_number), Field(lt=100)]


class _Global(BaseModel):
    """What is read of the market as a whole: shares in percent, seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    market_cap_percentage: _Shares
    updated_at: Annotated[int, Field(strict=True, gt=0, lt=10**10)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    data: _Global


class Dominance(Question[_Answer]):
    """The question of one cycle: `start` it, observe the market, then take the `value`."""

    answer = _Answer
    max_bytes = MAX_BYTES

    def figure(self, answer: _Answer) -> tuple[Decimal, datetime]:
        found = answer.data
        return found.market_cap_percentage.btc, from_epoch_ms(found.updated_at * 1000)

    def source(self, url: str) -> Source:
        return Source(
            name="btc_dominance",
            unit="percent",
            host=host_of(url),
            plausible=lambda value: 0 < value < 100,
            fresh=timedelta(minutes=5),
            oldest=timedelta(hours=6),
            stale=timedelta(hours=6),
        )
