"""What binds a proposal: the limits it meets, the locks that follow losses, the exit rules."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from records.base import Amount, Leverage, PositiveAmount, Ratio, Record, number

Percent = Annotated[PositiveAmount, Field(le=100)]
Whole = Annotated[int, BeforeValidator(number)]
"""A whole number as people write it: Python's `1_0`, which is ten, is refused."""


class RiskLimits(Record):
    """
    Every bound the gate enforces, on by default. Percent of equity unless said otherwise.

    Source: domain reference, Risk.
    """

    risk_per_trade_pct: Percent = Field(default=Decimal(1), description="Loss at the stop.")
    max_position_pct: Percent = Field(default=Decimal(10), description="Value of one position.")
    max_symbol_pct: Percent = Field(
        default=Decimal(20),
        description="Value of everything in one market: held, approved and resting.",
    )
    max_correlated_pct: Percent = Field(
        default=Decimal(40), description="Value of positions that move together."
    )
    correlation_from: Annotated[Ratio, Field(gt=0, le=1)] = Field(
        default=0.8, description="Correlation of returns from which positions count together."
    )
    max_total_exposure_pct: Annotated[Percent, Field(le=80)] = Field(
        default=Decimal(50), description="Value of all positions."
    )
    max_open_positions: Annotated[Whole, Field(ge=1, le=100)] = Field(
        default=5, description="Positions held or approved at once."
    )
    max_orders_per_cycle: Annotated[Whole, Field(ge=1, le=20)] = Field(
        default=3, description="Entries in one cycle."
    )
    max_orders_per_day: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        default=20, description="Entries in one day, UTC."
    )
    max_leverage: Leverage = Field(default=5, description="Highest leverage an entry may name.")
    min_stop_pct: Percent = Field(
        default=Decimal("0.3"), description="Closest stop, percent of the entry price."
    )
    max_stop_pct: Percent = Field(
        default=Decimal(10), description="Farthest stop, percent of the entry price."
    )
    min_reward_risk: PositiveAmount = Field(
        default=Decimal("1.5"), description="Way to the target over way to the stop."
    )
    require_take_profit: bool = Field(
        default=True, description="An entry names its target, or it is refused."
    )
    max_day_loss_pct: Percent = Field(
        default=Decimal(5), description="Loss since 00:00 UTC that ends the day's entries."
    )
    max_week_loss_pct: Percent = Field(
        default=Decimal(10), description="Loss since Monday 00:00 UTC that ends the week's."
    )
    max_month_loss_pct: Percent = Field(
        default=Decimal(15), description="Loss since the month began, UTC, that ends its entries."
    )
    max_drawdown_pct: Percent = Field(
        default=Decimal(15), description="Fall from the highest equity that halts the desk."
    )
    drawdown_recovered_pct: Percent = Field(
        default=Decimal(10), description="Drawdown at which that halt ends by itself."
    )
    max_spread_pct: Percent = Field(
        default=Decimal("0.5"), description="Widest spread, percent of the mid price."
    )
    max_slippage_pct: Percent = Field(
        default=Decimal("0.5"),
        description="How far into the order book an entry may reach, percent of its best price.",
    )
    max_price_deviation_pct: Percent = Field(
        default=Decimal(2),
        description="How far an entry's price may be from the market and from the decision.",
    )
    price_band_pct: Percent = Field(
        default=Decimal("0.5"), description="How far the price may move after the approval."
    )
    max_data_age_candles: Annotated[Whole, Field(ge=1, le=10)] = Field(
        default=2, description="Age of the newest decision candle, in candles."
    )
    max_quote_age_s: Annotated[Whole, Field(ge=1, le=3600)] = Field(
        default=300, description="Age of the price an entry is judged at, seconds."
    )
    approval_ttl_s: Annotated[Whole, Field(ge=1, le=3600)] = Field(
        default=300, description="Seconds an approval, and an entry that rests, lives."
    )
    require_evidence: bool = Field(
        default=True,
        description="An entry needs the desk's signal, a reader of the market, or two news "
        "sources on its side.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        pairs = (
            ("min_stop_pct", "max_stop_pct"),
            ("drawdown_recovered_pct", "max_drawdown_pct"),
        )
        for low, high in pairs:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} is above {high}")
        return self

    def scaled(self, share_pct: Decimal) -> Self:
        """The same limits with smaller sizes, as after the breaker recovered."""
        sizes = ("risk_per_trade_pct", "max_position_pct", "max_symbol_pct", "max_correlated_pct")
        return self.model_copy(
            update={name: getattr(self, name) * share_pct / 100 for name in sizes}
        )


class Protections(Record):
    """
    Locks that follow bad trades, each until a time.

    Source: domain reference, Risk; the four protections are freqtrade's.
    """

    cooldown_s: Annotated[Whole, Field(ge=0, le=2_592_000)] = Field(
        default=3600, description="After a stop, seconds its market is left alone; 0: none."
    )
    stop_guard_count: Annotated[Whole, Field(ge=0, le=100)] = Field(
        default=4, description="Stops within the window that lock the desk; 0: none."
    )
    stop_guard_window_s: Annotated[Whole, Field(ge=60, le=2_592_000)] = Field(
        default=86_400, description="Seconds in which those stops count."
    )
    stop_guard_lock_s: Annotated[Whole, Field(ge=60, le=2_592_000)] = Field(
        default=21_600, description="Seconds the desk is locked then."
    )
    low_profit_trades: Annotated[Whole, Field(ge=0, le=100)] = Field(
        default=4, description="Trades of one market within the window that are judged; 0: none."
    )
    low_profit_pct: Annotated[Amount, Field(ge=-100, le=100)] = Field(
        default=Decimal(-2),
        description="Sum of their results, percent, at or below which it is locked.",
    )
    low_profit_window_s: Annotated[Whole, Field(ge=60, le=31_536_000)] = Field(
        default=604_800, description="Seconds in which those trades count."
    )
    low_profit_lock_s: Annotated[Whole, Field(ge=60, le=31_536_000)] = Field(
        default=86_400, description="Seconds the market is locked then."
    )
    drawdown_pct: Annotated[Amount, Field(ge=0, le=100)] = Field(
        default=Decimal(8), description="Fall of equity, percent, that locks the desk; 0: none."
    )
    drawdown_window_s: Annotated[Whole, Field(ge=60, le=31_536_000)] = Field(
        default=172_800, description="Seconds over which that fall is measured."
    )
    drawdown_lock_s: Annotated[Whole, Field(ge=60, le=31_536_000)] = Field(
        default=43_200, description="Seconds the desk is locked then."
    )
    lock_on_alarm: bool = Field(
        default=True, description="An alarm locks the desk until a person has looked at it."
    )


class Budget(Record):
    """What the models may cost. Reached: the cycle holds."""

    max_calls: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        default=30, description="Model calls in a cycle."
    )
    max_tokens: Annotated[Whole, Field(ge=1000, le=10_000_000)] = Field(
        default=250_000, description="Tokens in a cycle, prompts and answers."
    )
    max_usd: PositiveAmount = Field(default=Decimal(1), description="USD in a cycle.")
    max_usd_per_day: PositiveAmount = Field(default=Decimal(10), description="USD in a day, UTC.")
    max_seconds: Annotated[Whole, Field(ge=1, le=3600)] = Field(
        default=120, description="Seconds the crew may deliberate."
    )


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
    max_holding_h: Annotated[Whole, Field(ge=1, le=8760)] | None = Field(
        default=None, description="Hours after which a position is closed; null: no limit."
    )
    thesis_deadline_h: Annotated[Whole, Field(ge=1, le=8760)] | None = Field(
        default=None,
        description="Hours a thesis has to come true, if its proposal named no fewer; null: none.",
    )
    exit_on_invalidation: bool = Field(
        default=False,
        description="Close when a decision candle closes at or beyond the invalidation price.",
    )
    exit_on_deadline: bool = Field(
        default=False, description="Close when the thesis has not come true by its deadline."
    )
