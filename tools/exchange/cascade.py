"""
Synthetic candles, top down: a candle of 512 days is split into eight of 64, each of
these into eight of 8 days, and so on to one minute.

Every number is a pure function of (seed, market, level, position), so any minute of any
year is reached in nine steps without history. A child inherits its place in the parent's
range and the parent's high and low are each met by one of its children, hence a larger
candle is the exact aggregate of the smaller ones by construction. Prices are logarithms
here; rounding to ticks is monotone and keeps the identity.

This is a toy market with the looks of a real one (clustered volatility, fat tails, jumps,
correlation). It knows nothing of any real price and must never be taken for data.

Sources: the multiplicative cascade of variance, Mandelbrot, Fisher and Calvet, "A
Multifractal Model of Asset Returns" (1997); the maximum of a Brownian bridge, Glasserman,
"Monte Carlo Methods in Financial Engineering" (2004), section 6.4; the hash, Steele, Lea
and Flood, "Fast Splittable Pseudorandom Number Generators" (2014), mix64.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS_MINUTES = (737_280, 92_160, 11_520, 1_440, 240, 60, 15, 3, 1)
"""512 days, 64, 8, 1 day, 4 h, 1 h, 15 m, 3 m, 1 m."""

_ROUGHNESS = 0.45  # spread of the log of a child's share of variance: how clustered volatility is
_SHARED_ROUGHNESS = 0.9  # how much of that all markets have in common
_SHARED_MOVE = 0.9  # loading of every market on the common move; its square is the correlation
_JUMP_CHANCE, _JUMP_SIZE = 0.0005, 25.0  # a jump: this child has 25 times its share of variance
_JUMP_LEVELS = frozenset({15, 3})
_KNOT_SPREAD = 0.18  # log spread of the 512-day knots around a market's usual price
_MOST_STRETCH = 2.0  # beyond it the parent's extreme becomes one child's wick
_MARKET = "market"


@dataclass(frozen=True, slots=True)
class Character:
    """What makes one synthetic market differ from another."""

    name: str
    usual_price: float
    daily_move: float
    daily_quanta: int


@dataclass(frozen=True, slots=True)
class Nodes:
    """
    Consecutive candles of one level, a row for each market.

    Log prices, the variance each candle has to spend, volume in quanta.
    """

    first: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    variance: Floats
    volume: Ints


Name = tuple[str | int, ...]
Markets = tuple[Character, ...]


@cache
def _key(seed: int, who: str, name: Name) -> int:
    text = "|".join(map(str, (seed, who, *name)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(seed: int, who: Sequence[str], name: Name, index: Ints) -> Floats:
    """Numbers in (0, 1), a block for each name in `who`; they depend on key and index alone."""
    keys = np.array([_key(seed, one, name) for one in who], dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = x + keys.reshape(-1, *[1] * index.ndim)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return ((x >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(seed: int, who: Sequence[str], name: Name, index: Ints) -> Floats:
    """Standard normal numbers that depend on key and index alone (Box and Muller, 1958)."""
    radius = np.sqrt(-2.0 * np.log(uniform(seed, who, (*name, "r"), index)))
    result: Floats = radius * np.cos(2.0 * np.pi * uniform(seed, who, (*name, "a"), index))
    return result


def nodes(seed: int, who: Markets, level: int, first: int, last: int) -> Nodes:
    """Candles `first` to `last - 1` of a level, counted from 1970 in the level's own length."""
    if level == 0:
        return _roots(seed, who, first, last)
    ratio = LEVELS_MINUTES[level - 1] // LEVELS_MINUTES[level]
    parents = nodes(seed, who, level - 1, first // ratio, -(-last // ratio))
    children = _split(seed, who, parents, level, ratio)
    skip = first - children.first
    cut = np.s_[:, skip : skip + last - first]
    return Nodes(
        first,
        children.open[cut],
        children.high[cut],
        children.low[cut],
        children.close[cut],
        children.variance[cut],
        children.volume[cut],
    )


def _roots(seed: int, who: Markets, first: int, last: int) -> Nodes:
    index = np.arange(first, last + 1, dtype=np.int64)
    days = LEVELS_MINUTES[0] / 1440
    usual = np.array([[np.log(one.usual_price)] for one in who])
    knots = usual + _KNOT_SPREAD * _blend(seed, who, ("knot",), index, _SHARED_MOVE)
    open_, close, blocks = knots[:, :-1], knots[:, 1:], index[:-1]
    variance = np.array([[one.daily_move**2 * days] for one in who]) * np.ones(blocks.size)
    high, low = _extremes(seed, 0, blocks, open_, close, variance)
    quanta = np.array([[int(one.daily_quanta * days)] for one in who], dtype=np.int64)
    volume = quanta * np.ones(blocks.size, dtype=np.int64)
    return Nodes(first, open_, high, low, close, variance, volume)


def _split(seed: int, who: Markets, parent: Nodes, level: int, ratio: int) -> Nodes:
    markets, count = parent.open.shape
    first = parent.first * ratio
    index = np.arange(first, first + count * ratio, dtype=np.int64).reshape(count, ratio)
    share = _shares(seed, who, level, index)
    variance = parent.variance[..., None] * share
    path = _bridge(seed, who, parent, level, index, share)
    high, low = _extremes(seed, level, index, path[..., :-1], path[..., 1:], variance)
    path, high, low = _fitted(parent, path, high, low)
    volume = _split_volume(seed, who, parent.volume, level, index, share)
    open_, close = path[..., :-1], path[..., 1:]
    row = (markets, -1)
    return Nodes(
        first,
        open_.reshape(row),
        high.reshape(row),
        low.reshape(row),
        close.reshape(row),
        variance.reshape(row),
        volume.reshape(row),
    )


def _blend(seed: int, who: Markets, name: Name, index: Ints, loading: float) -> Floats:
    """Normal numbers that all markets share to the given loading."""
    shared = normal(seed, (_MARKET,), name, index)
    own = normal(seed, [one.name for one in who], name, index)
    return loading * shared + float(np.sqrt(1 - loading**2)) * own


def _shares(seed: int, who: Markets, level: int, index: Ints) -> Floats:
    """Each child's share of its parent's variance; the shares of one parent sum to 1."""
    weight = np.exp(_ROUGHNESS * _blend(seed, who, ("share", level), index, _SHARED_ROUGHNESS))
    if LEVELS_MINUTES[level] in _JUMP_LEVELS:
        jumps = uniform(seed, (_MARKET,), ("jump", level), index) < _JUMP_CHANCE
        weight = np.where(jumps, weight * _JUMP_SIZE, weight)
    result: Floats = weight / weight.sum(axis=-1, keepdims=True)
    return result


def _bridge(
    seed: int, who: Markets, parent: Nodes, level: int, index: Ints, share: Floats
) -> Floats:
    """A random path from each parent's open to its close, with as many steps as children."""
    moves = _blend(seed, who, ("move", level), index, _SHARED_MOVE)
    walked = np.cumsum(np.sqrt(parent.variance[..., None] * share) * moves, axis=-1)
    passed = np.cumsum(share, axis=-1)
    missing = (parent.close - parent.open) - walked[..., -1]
    path = np.empty((*share.shape[:-1], share.shape[-1] + 1))
    path[..., 0] = parent.open
    path[..., 1:] = parent.open[..., None] + walked + passed * missing[..., None]
    path[..., -1] = parent.close
    return path


def _extremes(
    seed: int, level: int, index: Ints, open_: Floats, close: Floats, variance: Floats
) -> tuple[Floats, Floats]:
    """Highest and lowest point of a Brownian bridge between each open and close."""
    total, apart = open_ + close, (open_ - close) ** 2
    up = -2.0 * variance * np.log(uniform(seed, (_MARKET,), ("high", level), index))
    down = -2.0 * variance * np.log(uniform(seed, (_MARKET,), ("low", level), index))
    high = np.maximum((total + np.sqrt(apart + up)) / 2, np.maximum(open_, close))
    low = np.minimum((total - np.sqrt(apart + down)) / 2, np.minimum(open_, close))
    return high, low


def _fitted(
    parent: Nodes, path: Floats, high: Floats, low: Floats
) -> tuple[Floats, Floats, Floats]:
    """Stretch what lies outside the parent's body so that its high and low are met exactly."""
    top, bottom = np.maximum(parent.open, parent.close), np.minimum(parent.open, parent.close)
    above, below = high.max(axis=-1) - top, bottom - low.min(axis=-1)
    stretch_up = np.minimum((parent.high - top) / np.maximum(above, 1e-12), _MOST_STRETCH) - 1.0
    stretch_down = np.minimum((bottom - parent.low) / np.maximum(below, 1e-12), _MOST_STRETCH) - 1.0

    def fit(x: Floats) -> Floats:
        over = np.maximum(x - top[..., None], 0.0) * stretch_up[..., None]
        under = np.maximum(bottom[..., None] - x, 0.0) * stretch_down[..., None]
        inside: Floats = np.clip(x + over - under, parent.low[..., None], parent.high[..., None])
        return inside

    new = fit(path)
    new[..., 0], new[..., -1] = (
        parent.open,
        parent.close,
    )  # copied, so that neighbours agree exactly
    peak, trough = high.argmax(axis=-1)[..., None], low.argmin(axis=-1)[..., None]
    high, low = fit(high), fit(low)
    np.put_along_axis(high, peak, parent.high[..., None], axis=-1)
    np.put_along_axis(low, trough, parent.low[..., None], axis=-1)
    before, after = new[..., :-1], new[..., 1:]
    high = np.maximum(high, np.maximum(before, after))
    return new, high, np.minimum(low, np.minimum(before, after))


def _split_volume(
    seed: int, who: Markets, volume: Ints, level: int, index: Ints, share: Floats
) -> Ints:
    """Share out whole quanta of volume, more of them where the price moves more."""
    noise = normal(seed, [one.name for one in who], ("volume", level), index)
    passed = np.cumsum(np.sqrt(share) * np.exp(0.25 * noise), axis=-1)
    edges = np.floor(passed / passed[..., -1:] * volume[..., None]).astype(np.int64)
    edges[..., -1] = volume
    return np.diff(edges, axis=-1, prepend=0)
