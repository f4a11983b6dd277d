"""The limits a proposal meets, and the state of the circuit breaker, as records."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from records.base import Amount, Leverage, PositiveAmount, Record, UtcTime

Percent = Annotated[PositiveAmount, Field(le=100)]
BreakerStatus = Literal["SAFE", "WARNING", "TRIGGERED", "RECOVERING"]


class RiskLimits(Record):
    """Every bound the gate enforces. Percentages are percent of equity unless said otherwise."""

    risk_per_trade_pct: Percent = Field(description="Loss at the stop, percent of equity.")
    max_position_pct: Percent = Field(description="Value of one position, percent of equity.")
    max_total_exposure_pct: Percent = Field(
        description="Value of all positions, percent of equity."
    )
    max_open_positions: Annotated[int, Field(ge=1, le=100)] = Field(
        description="Positions held or approved at once."
    )
    max_leverage: Leverage = Field(description="Highest leverage an entry may name.")
    min_stop_pct: Percent = Field(description="Closest stop, percent of the entry price.")
    max_stop_pct: Percent = Field(description="Farthest stop, percent of the entry price.")
    min_reward_risk: PositiveAmount = Field(description="Way to the target over way to the stop.")
    max_spread_pct: Percent = Field(description="Widest spread, percent of the mid price.")
    price_band_pct: Percent = Field(description="How far the price may move after the approval.")
    approval_ttl_s: Annotated[int, Field(ge=1, le=3600)] = Field(
        description="Seconds an approval, and an entry that rests, lives."
    )


class BreakerLimits(Record):
    """The drops that trigger the circuit breaker, percent, and what ends it."""

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
    warning_share: Percent = Field(
        default=Decimal(60), description="Share of a trigger that raises a warning, percent."
    )
    calm_s: Annotated[int, Field(ge=60)] = Field(
        default=1800, description="Seconds without a further drop before recovery."
    )
    calm_drop_pct: Percent = Field(
        default=Decimal(5), description="A further drop of this restarts."
    )


class BreakerReading(Record):
    """One measured drop against its trigger."""

    trigger: str = Field(description="Such as BTC/USDT 1h drop.")
    value_pct: Amount
    limit_pct: Amount


class BreakerState(Record):
    """The circuit breaker as it stands, with what it measured."""

    status: BreakerStatus
    since: UtcTime
    reasons: tuple[str, ...] = ()
    readings: tuple[BreakerReading, ...] = ()


class ExitRules(Record):
    """When the desk leaves a position by itself, judged once a cycle, before any model is asked."""

    trailing_start_pct: Percent | None = Field(
        default=Decimal("1.5"), description="Profit that starts the trailing stop; null: none."
    )
    trailing_pct: Percent = Field(
        default=Decimal("1.5"), description="How far the trailing stop stays behind the best price."
    )
    early_exit_pct: Percent | None = Field(
        default=Decimal(80), description="Share of the way to the stop that closes; null: none."
    )
    break_even_pct: Percent | None = Field(
        default=None, description="Profit at which the stop goes to the entry price; null: never."
    )
    max_holding_h: Annotated[int, Field(ge=1, le=8760)] | None = Field(
        default=None, description="Hours after which a position is closed; null: no limit."
    )
