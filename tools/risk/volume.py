"""
Trade in the last hour against what is usual: a market nobody trades in has no price to trust.

The last full 60 minutes of closed candles against the mean hour of the 24 hours before them.
Missing candles, or candles without any trade in that hour, are a fault of the data or an
outage of the venue: then there is no figure, and an empty feed is no crash.
"""

from decimal import Decimal

from records.candles import CandleSeries
from records.clock import epoch_ms
from records.interval import interval_ms
from records.market import MarketSnapshot
from tools.risk.frames import HOUR_MS, exact, fresh_frames, unbroken

_HOURS = 24


def volume_share_pct(snapshot: MarketSnapshot, symbol: str) -> Decimal | None:
    """Volume of the last hour, percent of its 24 h mean; None when it cannot be measured."""
    if (market := snapshot.markets.get(symbol)) is None:
        return None
    for series in fresh_frames(market, epoch_ms(snapshot.as_of)):
        per_hour, rest = divmod(HOUR_MS, interval_ms(series.interval))
        day = series.last(per_hour * (_HOURS + 1))
        if not rest and len(day) == per_hour * (_HOURS + 1) and unbroken(day):
            return _share_pct(day, per_hour)
    return None


def _share_pct(series: CandleSeries, per_hour: int) -> Decimal | None:
    volumes = [exact(volume) for volume in series.volume]
    last, before = volumes[-per_hour:], sum(volumes[:-per_hour])
    if not before or not all(last):
        return None
    return sum(last, Decimal(0)) * _HOURS / before * 100
