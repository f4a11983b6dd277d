"""What the ledger keeps of a cycle besides its record: the start, the market seen, the equity."""

from collections.abc import Mapping

from pydantic import Field

from records.base import (
    Amount,
    Mode,
    NonNegativeAmount,
    PositiveAmount,
    Record,
    Symbol,
    UtcTime,
)


class CycleStart(Record):
    """A cycle that began; one without an ending was killed."""

    cycle_id: str
    started_at: UtcTime
    venue: str
    mode: Mode
    synthetic: bool
    symbols: tuple[str, ...]


class MarketSummary(Record):
    """One market of a snapshot, without its candles."""

    last: PositiveAmount
    bid: PositiveAmount
    ask: PositiveAmount
    funding_rate_pct: Amount | None
    open_interest: NonNegativeAmount | None
    candles_to: Mapping[str, UtcTime | None] = Field(
        description="Close of the last candle by interval; None: no candle."
    )


class SnapshotSummary(Record):
    """What a cycle saw, small enough to keep for ever; the digest fixes the rest."""

    cycle_id: str
    as_of: UtcTime
    venue: str
    synthetic: bool
    digest: str
    markets: Mapping[Symbol, MarketSummary]


class EquityPoint(Record):
    """The account's worth at the end of one cycle, in the quote currency."""

    cycle_id: str
    as_of: UtcTime
    currency: str
    equity: Amount
    cash: Amount
