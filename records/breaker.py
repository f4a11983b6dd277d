"""The circuit breaker: what triggers it and what ends it, what it measured, how it stands."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from records.base import Amount, NonNegativeAmount, PositiveAmount, Record, Symbol, UtcTime
from records.risk import Percent, Whole

BreakerStatus = Literal["SAFE", "WARNING", "TRIGGERED", "RECOVERING"]


class BreakerLimits(Record):
    """What triggers the circuit breaker, and what ends it. Source: domain reference."""

    btc_drop_5m_pct: Percent = Field(
        default=Decimal(10), description="Fall of Bitcoin within 5 minutes that triggers."
    )
    btc_drop_1h_pct: Percent = Field(
        default=Decimal(15), description="Fall of Bitcoin within 1 hour that triggers."
    )
    btc_drop_4h_pct: Percent = Field(
        default=Decimal(20), description="Fall of Bitcoin within 4 hours that triggers."
    )
    eth_drop_5m_pct: Percent = Field(
        default=Decimal(12), description="Fall of Ether within 5 minutes that triggers."
    )
    eth_drop_1h_pct: Percent = Field(
        default=Decimal(15), description="Fall of Ether within 1 hour that triggers."
    )
    eth_drop_4h_pct: Percent = Field(
        default=Decimal(25), description="Fall of Ether within 4 hours that triggers."
    )
    all_drop_1h_pct: Percent = Field(
        default=Decimal(15),
        description="Fall within 1 hour, by every market of the desk, that triggers.",
    )
    fear_greed_below: Annotated[Whole, Field(ge=0, le=100)] = Field(
        default=10, description="A Fear & Greed index below this triggers; 0: never."
    )
    funding_pct: PositiveAmount = Field(
        default=Decimal(1), description="Funding rate per 8 hours, of either sign, that triggers."
    )
    volume_drop_pct: Percent = Field(
        default=Decimal(90),
        description="Fall of Bitcoin's volume in an hour below its 24 h mean that triggers.",
    )
    peg_pct: Percent = Field(
        default=Decimal(3), description="Distance of a stablecoin from its peg that triggers."
    )
    peg_markets: Annotated[tuple[Symbol, ...], Field(max_length=5)] = Field(
        default=("USDC/USDT",), description="Stablecoins watched, where the venue lists them."
    )
    atr_jump_pct: PositiveAmount = Field(
        default=Decimal(30),
        description="Change of a market's ATR 14 within one candle that pauses that market.",
    )
    atr_pause_s: Annotated[Whole, Field(ge=60, le=604_800)] = Field(
        default=1800, description="Seconds such a market is paused, from its last jump on."
    )
    warning_share: Percent = Field(
        default=Decimal(60), description="Share of a trigger that raises a warning, percent."
    )
    calm_s: Annotated[Whole, Field(ge=60, le=86_400)] = Field(
        default=1800, description="Seconds without a further drop before recovery."
    )
    calm_drop_pct: Percent = Field(
        default=Decimal(5), description="A further drop of this restarts the wait."
    )
    volume_back_pct: Percent = Field(
        default=Decimal(70),
        description="Bitcoin's volume in an hour must be above this share of its mean.",
    )
    regain_pct: Percent = Field(
        default=Decimal(50), description="Share of its fall that Bitcoin must have regained."
    )
    half_size_s: Annotated[Whole, Field(ge=0, le=604_800)] = Field(
        default=3600, description="Seconds of smaller sizes after recovery."
    )
    half_size_pct: Percent = Field(
        default=Decimal(50), description="Size in that time, percent of the ordinary one."
    )
    flatten: bool = Field(default=False, description="Close every position when it triggers.")


class BreakerReading(Record):
    """One measured figure against its trigger."""

    trigger: str = Field(description="Such as BTC/USDT 1h drop.")
    value: Amount = Field(description="In the trigger's unit: percent, or points of an index.")
    limit: NonNegativeAmount
    below: bool = Field(default=False, description="Triggers below its limit, not above.")
    stale: bool = Field(
        default=False, description="The last figure known: it cannot be measured now."
    )

    @property
    def tripped(self) -> bool:
        """Whether it triggers; what cannot be measured now never does."""
        if self.stale:
            return False
        return self.value < self.limit if self.below else self.value >= self.limit

    @property
    def share(self) -> Decimal:
        """How much of the way to its limit the figure has come; 1: reached."""
        part, whole = (self.limit, self.value) if self.below else (self.value, self.limit)
        return part / whole if whole > 0 else Decimal(1)

    def near(self, share_pct: Decimal) -> bool:
        """Whether the figure has come this share of the way to its limit."""
        if self.below:
            return self.value * share_pct < self.limit * 100
        return self.value * 100 >= self.limit * share_pct


class Fall(Record):
    """How far a market fell: the close before it, and the lowest price since."""

    symbol: Symbol
    before: PositiveAmount = Field(description="The price it fell from.")
    lowest: PositiveAmount = Field(description="The lowest price since.")
    as_of: UtcTime = Field(description="Up to when the lowest price is known.")

    @property
    def pct(self) -> Decimal:
        """Percent of the price it fell from; a rise is no fall."""
        return max(Decimal(0), self.before - self.lowest) / self.before * 100


class BreakerState(Record):
    """The circuit breaker as it stands, with what it measured: all that the next cycle needs."""

    status: BreakerStatus
    since: UtcTime = Field(
        description="When this status began; while TRIGGERED, when the last new trigger tripped."
    )
    reasons: tuple[str, ...] = ()
    readings: tuple[BreakerReading, ...] = ()
    triggered_by: tuple[BreakerReading, ...] = Field(
        default=(), description="What tripped, as last seen tripped; empty while not TRIGGERED."
    )
    falls: tuple[Fall, ...] = Field(default=(), description="Empty while it is not TRIGGERED.")
    until: UtcTime | None = Field(default=None, description="When RECOVERING ends.")
    reset_at: UtcTime | None = Field(
        default=None, description="The last manual reset; drops are measured from then on."
    )


class AtrJump(Record):
    """A market whose range changed too much within its last closed candle."""

    symbol: Symbol
    change_pct: Amount = Field(description="Change of ATR 14, percent.")
    at: UtcTime = Field(description="When that candle closed.")
