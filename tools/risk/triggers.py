"""
What the breaker looks at: every trigger of the domain reference, measured or missing.

Source: domain reference, Circuit breaker. Figures are rounded towards not triggering, and
never across a limit: 14.99999 % is not 15 %. A figure that is missing is kept as stale
while it holds something: it does not trigger, and it does not clear either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from records.breaker import BreakerLimits, BreakerReading, BreakerState
from records.market import MarketSnapshot
from tools.risk.drops import drop
from tools.risk.frames import EXACT
from tools.risk.volume import volume_share_pct

BITCOIN, ETHER = "BTC/USDT", "ETH/USDT"
MAJORS = (BITCOIN, ETHER)
WINDOWS = (("5m", 5), ("1h", 60), ("4h", 240))
VOLUME = f"{BITCOIN} volume fall"
_SHOWN_DIGITS, _MOST_DIGITS = 4, 60
_LARGEST = Decimal(10) ** 59
"""The largest figure that can be recorded."""


@dataclass(frozen=True, slots=True)
class Input:
    """One figure the settings ask for; None where it cannot be measured."""

    trigger: str
    value: Decimal | None
    limit: Decimal
    below: bool = False


def readings(
    snapshot: MarketSnapshot,
    stood: BreakerState,
    limits: BreakerLimits,
    watched: Sequence[str],
    fear_greed: Decimal | None,
) -> Iterator[BreakerReading]:
    """Every input that can be measured, and those that are missing but hold something."""
    known = {reading.trigger: reading for reading in stood.readings}
    for one in _inputs(snapshot, stood, limits, tuple(dict.fromkeys(watched)), fear_greed):
        last = known.get(one.trigger)
        if one.value is not None:
            yield _reading(one, one.value, limits)
        elif last is not None and (stood.status == "TRIGGERED" or warns(last, limits)):
            yield last.model_copy(update={"stale": True})


def warns(reading: BreakerReading, limits: BreakerLimits) -> bool:
    """Whether a figure is near its limit; quiet hours are ordinary and never warn."""
    return reading.trigger != VOLUME and reading.near(limits.warning_share)


def words(reading: BreakerReading) -> str:
    """The figure and its limit; a figure of before says so."""
    figure = shown(reading.value)
    if reading.below:
        text = f"{reading.trigger} {figure} (below {reading.limit:f})"
    else:
        text = f"{reading.trigger} {figure} % (limit {reading.limit:f} %)"
    return f"{text}, as last known" if reading.stale else text


def shown(value: Decimal) -> str:
    """Two digits after the point, cut off rather than rounded up to a limit."""
    return f"{_floor(value, 2):f}"


def _inputs(
    snapshot: MarketSnapshot,
    stood: BreakerState,
    limits: BreakerLimits,
    watched: tuple[str, ...],
    fear_greed: Decimal | None,
) -> Iterator[Input]:
    yield from _drops(snapshot, stood, limits)
    if len(watched) > 1:
        together = _together_pct(snapshot, stood, watched)
        yield Input("all markets 1h drop", together, limits.all_drop_1h_pct)
    if limits.fear_greed_below:
        index = fear_greed if _is_index(fear_greed) else None
        yield Input("Fear & Greed", index, Decimal(limits.fear_greed_below), below=True)
    for symbol in watched:
        yield Input(f"{symbol} funding", _funding_pct(snapshot, symbol), limits.funding_pct)
    yield Input(VOLUME, _volume_fall_pct(snapshot), limits.volume_drop_pct)
    for symbol in dict.fromkeys(limits.peg_markets):
        yield Input(f"{symbol} peg", _off_peg_pct(snapshot, symbol), limits.peg_pct)


def _drops(snapshot: MarketSnapshot, stood: BreakerState, limits: BreakerLimits) -> Iterator[Input]:
    bounds = {
        BITCOIN: (limits.btc_drop_5m_pct, limits.btc_drop_1h_pct, limits.btc_drop_4h_pct),
        ETHER: (limits.eth_drop_5m_pct, limits.eth_drop_1h_pct, limits.eth_drop_4h_pct),
    }
    for symbol in MAJORS:
        for (window, minutes), bound in zip(WINDOWS, bounds[symbol], strict=True):
            fall = drop(snapshot, symbol, minutes, stood.reset_at)
            yield Input(f"{symbol} {window} drop", None if fall is None else fall.pct, bound)


def _together_pct(
    snapshot: MarketSnapshot, stood: BreakerState, watched: tuple[str, ...]
) -> Decimal | None:
    """What every market fell by at least; None unless all of them can be measured."""
    falls = [drop(snapshot, symbol, 60, stood.reset_at) for symbol in watched]
    measured = [fall.pct for fall in falls if fall is not None]
    return min(measured) if len(measured) == len(falls) else None


def _is_index(value: Decimal | None) -> bool:
    return value is not None and value.is_finite() and 0 <= value <= 100


def _funding_pct(snapshot: MarketSnapshot, symbol: str) -> Decimal | None:
    market = snapshot.markets.get(symbol)
    if market is None or market.funding_rate_pct is None:
        return None
    return abs(market.funding_rate_pct)


def _volume_fall_pct(snapshot: MarketSnapshot) -> Decimal | None:
    share = volume_share_pct(snapshot, BITCOIN)
    return None if share is None else max(Decimal(0), 100 - share)


def _off_peg_pct(snapshot: MarketSnapshot, symbol: str) -> Decimal | None:
    market = snapshot.markets.get(symbol)
    return None if market is None else abs(market.ticker.mid - 1) * 100


def _reading(one: Input, value: Decimal, limits: BreakerLimits) -> BreakerReading:
    """Cut off at the digits that limit and warning are written with, so neither is crossed."""
    near = one.limit * limits.warning_share / 100
    places = max(_SHOWN_DIGITS, *(_places(bound) for bound in (one.limit, near)))
    return BreakerReading(
        trigger=one.trigger,
        value=_floor(min(value, _LARGEST), min(places, _MOST_DIGITS)),
        limit=one.limit,
        below=one.below,
    )


def _places(value: Decimal) -> int:
    """Digits after the point."""
    return max(0, -int(value.as_tuple().exponent))


def _floor(value: Decimal, places: int) -> Decimal:
    """Cut off after so many digits, without zeros at the end."""
    cut = value.quantize(Decimal(1).scaleb(-places), ROUND_FLOOR, EXACT)
    return Decimal(f"{cut.normalize(EXACT):f}")
