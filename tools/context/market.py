"""
The market as a whole, from one snapshot and what was read beside it: a pure function.

Nothing is asked here. What cannot be computed is missing and says why: no candles, old ones,
too few, a venue that is silent, a source that was not asked. Source: domain reference,
Market context.
"""

from collections.abc import Sequence
from typing import Literal

from records.context import MarketContext, Outside, Reading
from records.market import MarketSnapshot
from tools.context.candles import Candles
from tools.context.pairs import Pairs
from tools.context.telling import Teller
from tools.context.venue import Venue


def market_context(
    snapshot: MarketSnapshot, symbols: Sequence[str], frame: str, outside: Outside
) -> MarketContext:
    """
    Everything known of the market as a whole.

    `symbols` are the desk's markets, over which breadth, extremes and correlations go;
    `frame` is the interval whose candles trend, breadth and volatility are of.
    """
    venue = Venue(snapshot, tuple(symbols))
    candles, pairs, before = Candles(venue, frame), Pairs(venue), outside.open_interest
    fear_greed = outside.fear_greed or _unasked("fear_greed", "points", snapshot)
    return MarketContext(
        as_of=snapshot.as_of,
        fear_greed=fear_greed,
        btc_dominance=outside.dominance or _unasked("btc_dominance", "percent", snapshot),
        btc_price=venue.price("BTC"),
        btc_change_24h=venue.change_24h("BTC"),
        eth_price=venue.price("ETH"),
        eth_change_24h=venue.change_24h("ETH"),
        btc_trend=candles.trend,
        btc_trend_strength=candles.strength,
        breadth=candles.breadth,
        market_trend=candles.market_trend,
        market_regime=candles.regime(fear_greed),
        volatility_level=candles.volatility_level,
        btc_volatility=candles.volatility,
        funding_highest=venue.funding("highest"),
        funding_lowest=venue.funding("lowest"),
        btc_open_interest=venue.btc_open_interest(),
        open_interest_rise_24h=venue.open_interest_change("rise", before),
        open_interest_fall_24h=venue.open_interest_change("fall", before),
        correlation_mean=pairs.mean,
        correlation_highest=pairs.highest,
        correlation_lowest=pairs.lowest,
    )


def _unasked(name: str, unit: Literal["points", "percent"], snapshot: MarketSnapshot) -> Reading:
    """A reading that nobody asked for: switched off, or a market that is not of now."""
    teller = Teller("nowhere", snapshot.as_of, snapshot.as_of, "it was not asked for")
    return teller.reading(name, None, unit)
