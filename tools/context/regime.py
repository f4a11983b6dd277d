"""
What the markets of the desk say together: breadth, trend of the market, risk on or off.

Pure functions of figures; a missing figure casts no vote, and no vote at all is no answer.
"""

from collections.abc import Sequence
from statistics import median

from records.context import BtcTrend, MarketTrend, Regime

BROAD_FROM, NARROW_TO = 60.0, 40.0
GREED_FROM, FEAR_TO = 55, 45
_FEWEST_SHARE = 0.5


def breadth_pct(above: Sequence[bool | None]) -> float | None:
    """Markets above their average, percent of those known; None: fewer than half are."""
    known = [one for one in above if one is not None]
    if not known or len(known) < len(above) * _FEWEST_SHARE:
        return None
    return 100 * sum(known) / len(known)


def market_trend(breadth: float | None, changes_pct: Sequence[float]) -> MarketTrend | None:
    """
    Bullish when breadth is 60 % or more and the median change of a day is a rise, bearish
    when it is 40 % or less and the median a fall, else neutral; None: one of them is missing.
    """
    if breadth is None or not changes_pct:
        return None
    middle = median(changes_pct)
    if breadth >= BROAD_FROM and middle > 0:
        return "bullish"
    return "bearish" if breadth <= NARROW_TO and middle < 0 else "neutral"


def votes(
    trend: BtcTrend | None, breadth: float | None, fear_greed: float | None
) -> tuple[int, ...]:
    """
    One vote from each that is known: 1 risk on, -1 risk off, 0 neither.

    Bitcoin's trend up or down; breadth from 60 % on or up to 40 %; Fear & Greed from 55 on
    or up to 45.
    """
    cast: list[int] = []
    if trend is not None:
        cast.append(trend.startswith("up") - trend.startswith("down"))
    if breadth is not None:
        cast.append((breadth >= BROAD_FROM) - (breadth <= NARROW_TO))
    if fear_greed is not None:
        cast.append((fear_greed >= GREED_FROM) - (fear_greed <= FEAR_TO))
    return tuple(cast)


def regime(cast: Sequence[int]) -> Regime | None:
    """Risk on or off by the majority of the votes; None: they are even, or there are none."""
    total = sum(cast)
    if total == 0:
        return None
    return "risk_on" if total > 0 else "risk_off"
