"""Small markets for the tests of the context: series under one roof, a figure changed at will."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from records.candles import CandleSeries
from records.context import Earlier, MarketContext, Outside, Reading
from records.market import MarketSnapshot
from tests.tools.indicators.samples import from_closes, snapshot
from tools.context.market import market_context

BTC, ETH, SOL, XRP = "BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT"
FOUR = (BTC, ETH, SOL, XRP)


def going(symbol: str, pct_per_bar: float, count: int = 200, last: float = 100) -> CandleSeries:
    """A straight way that ends at this price."""
    steps = np.arange(count - 1, -1, -1)
    return from_closes(last * (1 + pct_per_bar / 100) ** -steps, symbol=symbol)


def world(*series: CandleSeries, **changes: dict[str, Any]) -> MarketSnapshot:
    """These series as markets; `BTC={"funding_rate_pct": ...}` changes one of them."""
    found = snapshot(*series)
    markets = {
        symbol: market.model_copy(update=changes.get(symbol.split("/")[0], {}))
        for symbol, market in found.markets.items()
    }
    return found.model_copy(update={"markets": markets})


def told(seen: MarketSnapshot, outside: Outside | None = None, **more: Any) -> MarketContext:
    """The context of these markets on their hourly candles."""
    return market_context(seen, more.pop("symbols", FOUR), "1h", outside or Outside(), **more)


def index(seen: MarketSnapshot, value: int) -> Outside:
    """A Fear & Greed index of an hour ago."""
    at = seen.as_of - timedelta(hours=1)
    return Outside(
        fear_greed=Reading(
            name="fear_greed", value=Decimal(value), unit="points", source="api.example", at=at,
            read_at=seen.as_of,
        )
    )  # fmt: skip


def remembered(seen: MarketSnapshot, hours: float = 24, **amounts: int) -> Outside:
    """Open interest of so many hours ago, by coin."""
    at = seen.as_of - timedelta(hours=hours)
    return Outside(
        open_interest={
            f"{coin}/USDT": Earlier(open_interest=Decimal(amount), at=at)
            for coin, amount in amounts.items()
        }
    )
