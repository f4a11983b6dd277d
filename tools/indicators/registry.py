"""
The list of indicators. To add one: a file here with `compute`, and its name below.

`compute(series)` is pure, takes closed candles and returns named arrays as long as the
series: the same names for any series, NaN where there are not enough candles yet.
Files are imported on first use, so that listing ADX does not load pandas.
"""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from records.candles import CandleSeries
from tools.indicators.smoothing import Array

Indicator = Callable[[CandleSeries], dict[str, Array]]

INDICATORS: tuple[str, ...] = (
    "ema",
    "macd",
    "rsi",
    "atr",
    "bollinger",
    "adx",
    "volume_z",
)


def indicator(name: str) -> Indicator:
    """The pure function of one registered indicator."""
    return cast(Indicator, import_module(f"tools.indicators.{name}").compute)


def latest(series: CandleSeries) -> dict[str, float | None]:
    """Every indicator's value at the last bar; None where it is missing."""
    values: dict[str, float | None] = {}
    for name in INDICATORS:
        for key, array in indicator(name)(series).items():
            values[key] = last(array)
    return values


def last(array: Array) -> float | None:
    """The newest value of an array; None when it is missing or there is none."""
    if array.size == 0 or not abs(array[-1]) < float("inf"):
        return None
    return float(array[-1])
