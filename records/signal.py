"""What the screen computes for one market: a direction, a strength and the facts behind them."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record, Symbol, UtcTime


class TradingSignal(Record):
    """An integer score of agreeing indicators, from closed candles only."""

    symbol: Symbol
    interval: str
    as_of: UtcTime = Field(description="Close of the last candle used.")
    direction: Literal["long", "short", "none"]
    strength: Annotated[int, Field(ge=0, le=5)] = Field(
        description="How many of the five indicators agree with the direction."
    )
    reasons: tuple[str, ...] = Field(description="One fact with its figure each.")
