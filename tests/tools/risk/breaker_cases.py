"""Markets told as a story: the price from a minute on, in 3m candles, and the breaker after it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np

from records.breaker import BreakerLimits, BreakerState
from records.candles import CandleSeries, interval_ms
from records.clock import epoch_ms
from records.market import MarketSnapshot, Ticker
from tests.tools.risk.cases import NOW, candles, market
from tools.risk.breaker import evaluate

BTC, ETH, SOL, PEG = "BTC/USDT", "ETH/USDT", "SOL/USDT", "USDC/USDT"
WATCHED = (BTC, ETH)
LIMITS = BreakerLimits()
LONG_AGO = -100_000
COUNT = 600
"""Candles of a frame: 30 hours of 3m candles."""


def limits(**changes):
    return BreakerLimits.model_validate(LIMITS.model_dump() | changes)


def at(minute):
    """That many minutes after the story begins."""
    return NOW + timedelta(minutes=minute)


def told(story, minutes):
    """What holds at these minutes: the last entry that began by then."""
    starts = sorted(story)
    values = np.array([story[start] for start in starts], dtype=float)
    return values[np.searchsorted(starts, minutes, side="right") - 1]


def tape(symbol, story, minute=0, *, volume=None, interval="3m", count=COUNT):
    """Closed candles until that minute, closing at the price of the story."""
    length = interval_ms(interval) // 60_000
    until = minute // length * length
    minutes = until - length * np.arange(count)[::-1]
    series = candles(symbol, interval, told(story, minutes), until=at(until))
    return replace(series, volume=told(volume or {LONG_AGO: 10.0}, minutes))


def listed(symbol, *series, last=100.0, minute=0, funding=None):
    """A market with these frames, its last price and its funding."""
    seen = market(symbol, frames={one.interval: one for one in series})
    price = Decimal(str(float(last)))
    quote = Ticker(last=price, bid=price, ask=price, at=at(minute))
    return seen.model_copy(update={"ticker": quote, "funding_rate_pct": funding})


def shown(*markets, minute=0):
    """A snapshot of these markets."""
    found = {one.symbol: one for one in markets}
    return MarketSnapshot(venue="demo", synthetic=True, as_of=at(minute), markets=found)


def world(minute=0, *, btc=None, eth=None, volume=None, more=(), without=()):
    """Both majors at that minute: calm at 100 unless a story is given."""
    markets = []
    for symbol, story in ((BTC, btc), (ETH, eth)):
        story = {LONG_AGO: 100.0} | (story or {})
        if symbol not in without:
            one = tape(symbol, story, minute, volume=volume if symbol == BTC else None)
            markets.append(listed(symbol, one, last=told(story, minute), minute=minute))
    return shown(*markets, *more, minute=minute)


def kept(state):
    """The state as the next cycle reads it from the ledger."""
    again = BreakerState.model_validate_json(state.model_dump_json())
    assert again == state
    return again


def judged(snapshot, previous=None, bounds=LIMITS, *, watched=WATCHED, fear_greed=None):
    """The breaker's state after a restart, as it was kept."""
    before = None if previous is None else kept(previous)
    index = None if fear_greed is None else Decimal(str(fear_greed))
    return kept(evaluate(snapshot, before, bounds, watched=watched, fear_greed=index))


def readings(state):
    """By trigger: the figure measured."""
    return {r.trigger: r.value for r in state.readings if not r.stale}


def spliced(*parts):
    """One series of several, with the gaps between them."""
    names = ("open", "high", "low", "close", "volume")
    block = np.column_stack([np.concatenate([getattr(p, n) for p in parts]) for n in names])
    times = np.concatenate([part.open_time_ms for part in parts])
    return CandleSeries.checked(parts[0].symbol, parts[0].interval, times, block)


def spoilt(series, column, value):
    """The same candles with one number that no venue should send; unchecked on purpose."""
    values = getattr(series, column).copy()
    values[-1] = value
    return replace(series, **{column: values})


def ms(minute):
    return epoch_ms(at(minute))
