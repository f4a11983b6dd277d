"""
Divergences: price and an oscillator turn at the same time and disagree about how far.

Source: VuManChu Cipher B, Divergences. Each turn (fractal) of the oscillator is compared
with the one before it that passed the same limit. All is dated by the bar at which it
becomes known, two bars after the turn. A turn without an earlier one to compare with
has no answer: that bar is missing, since the earlier one may lie before the series.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.indicators.fractals import LATE_BARS, ROUNDING, bottoms, tops
from tools.indicators.smoothing import Array


@dataclass(frozen=True, slots=True)
class Limits:
    """How high a top and how low a bottom of the oscillator must be to count."""

    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Turns:
    """
    The turns of one kind that count, dated by the bars that prove them.

    `known` is 0 for every bar at which a turn could be seen, NaN for the others;
    `proofs` are the bars that prove one, oldest first.
    """

    known: Array
    proofs: NDArray[np.intp]

    def before(self, values: Array, bars: int) -> Array:
        """The value at the newest turn that was proved so many bars ago or earlier."""
        found = np.full(values.size, np.nan)
        place = np.searchsorted(self.proofs, np.arange(values.size) - bars, side="right")
        found[place > 0] = values[self.proofs[place[place > 0] - 1] - LATE_BARS]
        return found


@dataclass(frozen=True, slots=True)
class Divergences:
    """Four flags for each bar; the regular ones warn of a turn, the hidden ones of its end."""

    bullish: Array
    bearish: Array
    hidden_bullish: Array
    hidden_bearish: Array


def top_turns(line: Array, limits: Limits | None) -> Turns:
    """The tops of a line that are high enough."""
    return _counting(tops(line), line, limits.top if limits else -np.inf)


def bottom_turns(line: Array, limits: Limits | None) -> Turns:
    """The bottoms of a line that are low enough."""
    return _counting(bottoms(line), -line, -limits.bottom if limits else -np.inf)


def divergences(
    oscillator: Array, high: Array, low: Array, limits: Limits | None = None
) -> Divergences:
    """
    Where turns of the oscillator and of price disagree; arrays of one length.

    bearish: a higher price high on a lower top; hidden bearish: a lower high on a higher
    top. bullish: a lower price low on a higher bottom; hidden bullish: a higher low on a
    lower bottom. Without limits every turn counts.
    """
    peaks, troughs = top_turns(oscillator, limits), bottom_turns(oscillator, limits)
    bearish, hidden_bearish = _disagreements(peaks, oscillator, high)
    bullish, hidden_bullish = _disagreements(troughs, -oscillator, -low)
    return Divergences(bullish, bearish, hidden_bullish, hidden_bearish)


def _counting(found: Array, line: Array, least: float) -> Turns:
    proofs = np.flatnonzero(found == 1)
    return Turns(0 * found, proofs[line[proofs - LATE_BARS] >= least])


def _disagreements(turns: Turns, line: Array, price: Array) -> tuple[Array, Array]:
    """Price further and the line less far than at the turn before; and the reverse."""
    at = turns.proofs - LATE_BARS
    line_more, price_more = np.diff(line[at]), np.diff(price[at])
    regular, hidden = turns.known.copy(), turns.known.copy()
    regular[turns.proofs[1:]] = (price_more > 0) & (line_more < -ROUNDING)
    hidden[turns.proofs[1:]] = (price_more < 0) & (line_more > ROUNDING)
    regular[turns.proofs[:1]] = hidden[turns.proofs[:1]] = np.nan
    return regular, hidden
