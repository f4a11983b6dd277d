"""
The list of indicators. To add one: a file here with `compute`, and its name below.

`compute(series)` is pure, takes closed candles and returns named arrays as long as the
series: the same names for any series, NaN where there are not enough candles yet. An
indicator that needs the market's other intervals too has `compute_frames` instead and
its name in FRAMED. Files are imported on first use.

What agents read is a choice of its own, SHOWN: every column costs tokens for each market
and interval, so a new indicator is computed and tested, and shown only when named there.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from records.candles import CandleSeries
from tools.indicators.smoothing import Array

Frames = Mapping[str, CandleSeries]
"""A market's series by interval, all closed by the same moment."""
Indicator = Callable[[CandleSeries], dict[str, Array]]
FramedIndicator = Callable[[Frames, str], dict[str, Array]]

Known = dict[tuple[str, str], dict[str, Array]]
"""What has been computed of one market so far, by interval and indicator."""
Computed = dict[str, Known]
"""The same of several markets, by symbol: whoever comes later computes nothing again."""

INDICATORS: tuple[str, ...] = (
    "ema",
    "sma",
    "ribbon",
    "macd",
    "schaff",
    "rsi",
    "stoch_rsi",
    "mfi",
    "atr",
    "volatility",
    "bollinger",
    "rolling_range",
    "adx",
    "vwap",
    "obv",
    "volume_z",
    "heikin_ashi",
)

FRAMED: tuple[str, ...] = ("vumanchu",)
"""Indicators over several intervals: `compute_frames(frames, interval)`, as long as that one."""

SHOWN: tuple[str, ...] = (
    "ema_20",
    "ema_50",
    "ema_200",
    "macd_hist",
    "rsi_14",
    "mfi_14",
    "atr_pct_14",
    "bb_pct",
    "adx_14",
    "vwap",
    "volume_z",
)
"""The columns agents read at the interval the desk decides on."""

SHOWN_BRIEFLY: tuple[str, ...] = ("ema_20", "ema_50", "rsi_14", "atr_pct_14")
"""The columns of a briefing, for those who decide on what another agent has read in full."""

SHOWN_LARGER: tuple[str, ...] = (
    "ema_20",
    "ema_50",
    "rsi_14",
    "atr_pct_14",
)
"""The columns of the larger intervals, which are read for trend and room only."""


def indicator(name: str) -> Indicator:
    """The pure function of one indicator of INDICATORS."""
    return cast(Indicator, import_module(f"tools.indicators.{name}").compute)


def framed_indicator(name: str) -> FramedIndicator:
    """The pure function of one indicator of FRAMED."""
    return cast(FramedIndicator, import_module(f"tools.indicators.{name}").compute_frames)


def arrays(frames: Frames, interval: str, known: Known | None = None) -> dict[str, Array]:
    """
    Every indicator of one interval, each as long as its series; KeyError without it.

    What `known` holds of this market is not computed again, and what is computed is left in it.
    """
    known = {} if known is None else known
    found: dict[str, Array] = {}
    for name in (*INDICATORS, *FRAMED):
        if (interval, name) not in known:
            known[interval, name] = _computed(name, frames, interval)
        found |= known[interval, name]
    return found


def _computed(name: str, frames: Frames, interval: str) -> dict[str, Array]:
    if name in FRAMED:
        return framed_indicator(name)(frames, interval)
    return indicator(name)(frames[interval])


def latest(series: CandleSeries, frames: Frames | None = None) -> dict[str, float | None]:
    """Every indicator's value at the last bar; None where it is missing."""
    found = arrays({**(frames or {}), series.interval: series}, series.interval)
    return {name: last(array) for name, array in found.items()}


def last(array: Array) -> float | None:
    """The newest value of an array; None when it is missing or there is none."""
    if array.size == 0 or not abs(array[-1]) < float("inf"):
        return None
    return float(array[-1])
