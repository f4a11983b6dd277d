"""
Fractals: a turn of a line, known two bars after it happened.

Source: VuManChu Cipher B, Fractal top and bottom. A turn is reported at the bar that
proves it; the turn itself stands two bars before. Equal neighbours are no turn, and two
values are equal when they differ by no more than rounding does on a scale of 100.
"""

import numpy as np

from tools.indicators.events import flag
from tools.indicators.smoothing import Array

SPAN = 5
LATE_BARS = 2
ROUNDING = 1e-9


def tops(line: Array) -> Array:
    """1 at the bar that proves a top: two bars ago stood above its four neighbours."""
    proved = np.full(line.size, np.nan)
    if line.size >= SPAN:
        before, after = np.maximum(line[:-4], line[1:-3]), np.maximum(line[3:-1], line[4:])
        above = line[2:-2] - np.maximum(before, after)
        proved[SPAN - 1 :] = flag(above > ROUNDING, above)
    return proved


def bottoms(line: Array) -> Array:
    """1 at the bar that proves a bottom: two bars ago stood below its four neighbours."""
    return tops(-line)
