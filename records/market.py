"""What the desk saw: one frozen snapshot of every market, shared by all agents of a cycle."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from pydantic import ConfigDict, Field

from records.base import (
    Amount,
    Leverage,
    NonNegativeAmount,
    PositiveAmount,
    Record,
    Symbol,
    UtcTime,
)
from records.candles import CandleSeries
from records.skipped import Skipped as Skipped

Level = tuple[PositiveAmount, PositiveAmount]
"""One book level: price, quantity in base units."""


class SymbolRules(Record):
    """What the venue accepts for one market."""

    tick: PositiveAmount = Field(description="Smallest price step, quote currency.")
    step: PositiveAmount = Field(description="Smallest quantity step, base currency.")
    min_quantity: NonNegativeAmount
    min_notional: NonNegativeAmount = Field(description="Smallest order value, quote currency.")
    perpetual: bool = Field(
        default=False, description="A perpetual contract: shorts, leverage and funding exist."
    )
    max_leverage: Leverage = 1
    maintenance_pct: NonNegativeAmount = Field(
        default=Decimal(0), description="Equity a position needs to live, percent of its value."
    )


class Ticker(Record):
    """Best prices at one instant, in the quote currency."""

    last: PositiveAmount
    bid: PositiveAmount
    ask: PositiveAmount
    at: UtcTime

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2

    @property
    def spread_pct(self) -> Decimal:
        return (self.ask - self.bid) / self.mid * 100


class OrderBook(Record):
    """The top of the book, best price first on both sides."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class SymbolMarket(Record):
    """Everything the desk knows of one market in this cycle."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    symbol: Symbol
    ticker: Ticker
    book: OrderBook
    rules: SymbolRules
    frames: Mapping[str, CandleSeries] = Field(description="Closed candles by interval.")
    funding_rate_pct: Amount | None = Field(
        description="Per funding interval, percent; None: unknown."
    )
    open_interest: NonNegativeAmount | None = Field(description="In base units; None: unknown.")
    findings: tuple[str, ...] = Field(
        default=(), description="What is odd about this data, in words."
    )


class MarketSnapshot(Record):
    """One frozen view of all markets; closed and stale were judged by the venue's clock."""

    venue: str
    synthetic: bool
    as_of: UtcTime = Field(description="The venue's clock when the snapshot was taken.")
    markets: Mapping[str, SymbolMarket]
    skipped: tuple[Skipped, ...] = ()

    def is_quiet(self, symbols: Collection[str]) -> bool:
        """Whether none of these markets trades now, and nothing broke: an outage of the venue."""
        causes = {one.cause for one in self.skipped if one.symbol in symbols}
        traded = self.markets.keys() & set(symbols)
        return not traded and "stale" in causes and "failed" not in causes

    def digest(self) -> str:
        """A fingerprint of all candles and prices, for the ledger and for replay."""
        from hashlib import sha256

        fingerprint = sha256()
        for symbol in sorted(self.markets):
            market = self.markets[symbol]
            fingerprint.update(market.model_dump_json(exclude={"frames"}).encode())
            for interval in sorted(market.frames):
                fingerprint.update(market.frames[interval].digest().encode())
        return fingerprint.hexdigest()
