"""What a strategy says of one market, and the thresholds by which strategies judge."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from records.base import Ratio, Record, Symbol, UtcTime

SignalAction = Literal["buy", "sell", "hold"]

Strategy = Literal["strength", "momentum", "mean_reversion", "breakout", "vumanchu", "hybrid"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
"""In the order in which they are asked; each is a file of that name in tools/signals."""

Weight = Annotated[Ratio, Field(ge=0, le=10)]
Bars = Annotated[int, Field(ge=1, le=20)]
VolumeZ = Annotated[Ratio, Field(ge=-3, le=10)]


class TradingSignal(Record):
    """One strategy's view of one market and interval, from closed candles only."""

    symbol: Symbol
    interval: str
    as_of: UtcTime = Field(description="Close of the last candle used.")
    strategy: Strategy
    action: SignalAction
    strength: Annotated[int, Field(ge=0, le=5)] = Field(
        description="How many of five conditions speak for the action."
    )
    confidence: Annotated[Ratio, Field(ge=0, le=1)] = Field(
        description="How clearly they do; ranks signals and is no probability."
    )
    reasons: tuple[str, ...] = Field(description="One fact with its figure each.")
    confirmed: bool | None = Field(
        default=None,
        description="Whether the next larger frame trends the same way; "
        "None: there is none, it has no trend, or nothing is to be confirmed.",
    )


class SignalRules(Record):
    """
    Every threshold of the strategies. A sale's are the purchase's, mirrored.

    Source: domain reference, Strategies.
    """

    cross_bars: Bars = Field(default=3, description="Bars for which a crossing or a mark is news.")
    momentum_rsi_from: Annotated[Ratio, Field(ge=50, le=100)] = Field(
        default=50, description="RSI 14 from which there is momentum."
    )
    momentum_rsi_to: Annotated[Ratio, Field(ge=50, le=100)] = Field(
        default=70, description="RSI 14 up to which momentum has room left."
    )
    loud_volume_z: VolumeZ = Field(
        default=1,
        description="Volume that counts as loud, deviations above its 20-bar mean.",
    )
    votes_to_trade: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="strength: votes of five that make an action."
    )
    momentum_volume_z: VolumeZ = Field(
        default=0, description="momentum: volume above its mean by this many deviations."
    )
    exhausted_rsi: Annotated[Ratio, Field(ge=50, le=99)] = Field(
        default=75, description="momentum: RSI 14 above which it sells."
    )
    extreme_rsi: Annotated[Ratio, Field(ge=1, le=50)] = Field(
        default=20, description="mean_reversion: RSI 14 below which a market fell too far."
    )
    breakout_bars: Annotated[int, Field(ge=5, le=200)] = Field(
        default=20, description="breakout: bars whose range is left."
    )
    breakout_volume_z: VolumeZ = Field(
        default=1, description="breakout: volume above its mean by this many deviations."
    )
    tight_range_atr: Annotated[Ratio, Field(gt=0, le=100)] = Field(
        default=4, description="breakout: a range of at most this many ATR 14 is tight."
    )
    failed_bars: Bars = Field(
        default=3, description="breakout: bars within which a return makes it a failed one."
    )
    hybrid_agree: Annotated[int, Field(ge=1, le=5)] = Field(
        default=2, description="hybrid: strategies that must agree."
    )
    hybrid_min_strength: Annotated[int, Field(ge=1, le=5)] = Field(
        default=3, description="hybrid: weaker signals do not count."
    )
    hybrid_weights: Mapping[Strategy, Weight] = Field(
        default={"momentum": 1, "mean_reversion": 1, "breakout": 1, "vumanchu": 1},
        description="hybrid: what each strategy weighs; one without a weight is not asked.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.momentum_rsi_from >= self.momentum_rsi_to:
            raise ValueError("momentum_rsi_from is not below momentum_rsi_to")
        if "hybrid" in self.hybrid_weights:
            raise ValueError("hybrid_weights: hybrid cannot agree with itself")
        asked = sum(weight > 0 for weight in self.hybrid_weights.values())
        if self.hybrid_agree > asked:
            raise ValueError(
                f"hybrid_agree is {self.hybrid_agree}, but hybrid_weights gives a weight above 0 "
                f"to {asked} strategies, so hybrid would never act; lower it or add weights"
            )
        return self
