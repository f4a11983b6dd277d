"""
What agents see of the market and of the account: finished numbers in one compact table.

Pure functions of the snapshot and the account, so that they serve without CrewAI too.
What cannot be computed is null; nothing is estimated.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from records.candles import CandleSeries, interval_ms
from records.clock import epoch_ms
from records.market import MarketSnapshot, SymbolMarket
from records.order import AccountState, PositionMark
from records.table import table

MARKET_COLUMNS = (
    "symbol",
    "last",
    "spread_pct",
    "change_24h_pct",
    "volume_24h_millions",
    "perpetual",
    "funding_rate_pct",
)
PORTFOLIO_COLUMNS = (
    "symbol",
    "side",
    "quantity",
    "entry_price",
    "mark_price",
    "unrealised_pct",
    "stop",
    "take_profit",
    "opened_at",
    "invalidation_price",
    "deadline_at",
    "thesis",
)
_DAY_MS = 86_400_000


def market_document(snapshot: MarketSnapshot, symbols: Sequence[str]) -> dict[str, Any]:
    """Prices, costs and the last day of these markets, which must be in the snapshot."""
    now_ms = epoch_ms(snapshot.as_of)
    seen = {symbol: snapshot.markets[symbol] for symbol in symbols}
    findings = {symbol: one.findings for symbol, one in seen.items() if one.findings}
    skipped = [one.symbol for one in snapshot.skipped]
    return {
        "venue": snapshot.venue,
        "synthetic": snapshot.synthetic,
        "as_of": snapshot.as_of,
        **table(MARKET_COLUMNS, [_market_row(market, now_ms) for market in seen.values()]),
        **({"findings": findings} if findings else {}),
        **({"skipped": skipped} if skipped else {}),
    }


def portfolio_document(account: AccountState, views: Mapping[str, str]) -> dict[str, Any]:
    """
    Equity, exposure, every open position, and by market what the signal says of it.

    `must_review` names the positions whose thesis has failed, and how.
    """
    exposure = sum((mark.notional for mark in account.positions), Decimal(0))
    share = _rounded(exposure / account.equity * 100, 2) if account.equity > 0 else None
    held = [_position_row(mark) for mark in account.positions]
    return {
        "currency": account.currency,
        "equity": _rounded(account.equity, 2),
        "cash": _rounded(account.cash, 2),
        "exposure_pct": share,
        "open_positions": len(account.positions),
        **(table(PORTFOLIO_COLUMNS, held) if held else {}),
        **({"must_review": failed} if (failed := failed_theses(account)) else {}),
        **({"position_view": dict(views)} if views else {}),
    }


def failed_theses(account: AccountState) -> dict[str, str]:
    """By market how the thesis of the position held there has failed, and since when."""
    now = account.as_of
    return {
        held.symbol: f"{failure} at {held.thesis_failed_at(now):%Y-%m-%dT%H:%M:%SZ}"
        for held in (mark.position for mark in account.positions)
        if (failure := held.thesis_failure(now)) is not None
    }


def last_day(market: SymbolMarket, now_ms: int) -> tuple[float | None, float | None]:
    """Change in percent and volume in the quote currency over 24 hours, or None for each."""
    frame = _day_frame(market)
    if frame is None or not len(frame):
        return None, None
    day = frame.since(now_ms - _DAY_MS - interval_ms(frame.interval) + 1)
    if not len(day) or day.open_time_ms[0] > now_ms - _DAY_MS:  # too short, or a gap there
        return None, None
    change = (float(market.ticker.last) / float(day.open[0]) - 1) * 100
    return round(change, 2), round(float((day.volume * day.close).sum()))


def _day_frame(market: SymbolMarket) -> CandleSeries | None:
    """The hourly frame, else the largest of at most an hour, else none."""
    fitting = [one for one in market.frames if interval_ms(one) <= interval_ms("1h")]
    return market.frames[max(fitting, key=interval_ms)] if fitting else None


def _market_row(market: SymbolMarket, now_ms: int) -> list[Any]:
    change, volume = last_day(market, now_ms)
    ticker = market.ticker
    return [
        market.symbol,
        ticker.last,
        _rounded(ticker.spread_pct, 4),
        change,
        None if volume is None else float(f"{volume / 1e6:.3g}"),
        market.rules.perpetual,
        market.funding_rate_pct,
    ]


def _position_row(mark: PositionMark) -> list[Any]:
    position = mark.position
    return [
        position.symbol,
        position.side,
        position.quantity,
        position.entry_price,
        mark.mark_price,
        _rounded(mark.unrealised_pct, 2),
        position.stop,
        position.take_profit,
        position.opened_at,
        position.invalidation_price,
        position.deadline_at,
        position.thesis,
    ]


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places))
