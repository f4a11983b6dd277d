"""
How the desk's markets move together: the mean correlation, and the extreme pairs.

Pearson's correlation of log returns, as the gate counts positions that move together.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from records.context import Reading
from tools.context.telling import Teller
from tools.context.venue import Venue
from tools.indicators.correlation import correlations, shared_until

Pair = tuple[str, str]


@dataclass(frozen=True)
class Pairs:
    """Every pair of the desk's markets."""

    venue: Venue

    @property
    def mean(self) -> Reading:
        """Over all pairs that are known."""
        known, pairs = self._known.values(), len(self._all)
        return self._teller(*self._known).reading(
            "correlation_mean",
            sum(known) / len(known) if known else None,
            "ratio",
            finding=None if len(known) == pairs else f"of {len(known)} of {pairs} pairs",
        )

    @property
    def highest(self) -> Reading:
        """The pair that moves most alike."""
        return self._extreme("correlation_highest", max(self._known, key=self._of, default=None))

    @property
    def lowest(self) -> Reading:
        """The pair that moves least alike."""
        return self._extreme("correlation_lowest", min(self._known, key=self._of, default=None))

    @cached_property
    def _all(self) -> tuple[Pair, ...]:
        return tuple(combinations(self.venue.symbols, 2))

    @cached_property
    def _known(self) -> dict[Pair, float]:
        found: dict[Pair, float] = {}
        symbols = self.venue.symbols
        for place, first in enumerate(symbols):
            others = symbols[place + 1 :]
            for other, value in correlations(first, others, self.venue.snapshot).items():
                if value is not None:
                    found[first, other] = value
        return found

    def _of(self, pair: Pair) -> float:
        return self._known[pair]

    def _extreme(self, name: str, pair: Pair | None) -> Reading:
        value = None if pair is None else self._known[pair]
        of = None if pair is None else " ".join(pair)
        return self._teller(*([pair] if pair else [])).reading(name, value, "ratio", of=of)

    def _teller(self, *pairs: Pair) -> Teller:
        """Of the oldest close at which one of these pairs was last compared."""
        snapshot = self.venue.snapshot
        closes = (shared_until(*pair, snapshot) for pair in pairs)
        at = min(closes, default=snapshot.as_of)
        source = f"{snapshot.venue} candles returns"
        why_not = "no two of the desk's markets share enough recent candles that moved"
        return Teller(source, at, snapshot.as_of, why_not)
