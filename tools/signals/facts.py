"""
What several strategies ask of a market, each with its figure in few words.

Figures that depend on the price are percent of it, so that markets and days compare.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tools.signals.measured import Measured

Sign = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class Lean:
    """Which way a fact leans: +1 up, -1 down, 0 neither."""

    sign: Sign
    fact: str


def macd_crossing(at: Measured, bars: int) -> Lean | None:
    """The last crossing of MACD and its signal within these bars; None: MACD is missing."""
    recent = at.array("macd", "macd_hist")[-bars - 1 :]
    if recent.size <= bars or bool(np.isnan(recent).any()):
        return None
    above = recent > 0
    figure = f"(hist {100 * recent[-1] / at.close[-1]:+.3f} %)"
    changes = np.flatnonzero(above[1:] != above[:-1])
    if not changes.size or recent[-1] == 0:
        return Lean(0, f"MACD no cross in {bars} bars {figure}")
    age = bars - 1 - int(changes[-1])
    way = "up" if above[-1] else "down"
    return Lean(1 if above[-1] else -1, f"MACD crossed {way} {age} bars ago {figure}")


def ema_alignment(at: Measured) -> Lean | None:
    """Whether EMA 20, 50 and 200 stand in line; None: EMA 200 is missing."""
    fast, middle, slow = (at.value("ema", f"ema_{length}") for length in (20, 50, 200))
    if fast is None or middle is None or slow is None:
        return None
    gaps = f"{100 * (fast / middle - 1):+.2f}/{100 * (middle / slow - 1):+.2f} %"
    if fast > middle > slow:
        return Lean(1, f"EMA 20/50/200 aligned up {gaps}")
    if fast < middle < slow:
        return Lean(-1, f"EMA 20/50/200 aligned down {gaps}")
    return Lean(0, f"EMA 20/50/200 not aligned {gaps}")


def in_bands(place_pct: float) -> str:
    """Where the close stands between the Bollinger bands: 0 lower, 100 upper."""
    return f"close at {place_pct:.0f} % of bands"


def loudness(deviations: float) -> str:
    """Volume against the twenty bars before."""
    return f"volume {deviations:+.1f} sd"
