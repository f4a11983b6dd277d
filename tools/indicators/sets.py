"""
The numbers of a whole snapshot, computed at most once per cycle.

Several agents read them, some at the same time; all of them get the same ones. A
market or interval the snapshot does not hold has no set: it is left out, not guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from records.candles import CandleSeries
from records.market import MarketSnapshot
from records.reports import IndicatorSet
from tools.indicators.extra import ExtraName
from tools.indicators.extra_numbers import ExtraNumbers
from tools.indicators.registry import Computed, Frames, Known, arrays, last


def indicator_sets(
    snapshot: MarketSnapshot,
    symbols: Iterable[str],
    intervals: Iterable[str],
    computed: Computed | None = None,
) -> tuple[IndicatorSet, ...]:
    """
    Every indicator of these markets and intervals, in the order asked.

    What `computed` holds of a market is not computed again, and what is computed is left there.
    """
    computed = {} if computed is None else computed
    return tuple(
        indicator_set(
            _frames(snapshot, series.symbol),
            series.interval,
            computed.setdefault(series.symbol, {}),
        )
        for series in _series(snapshot, symbols, tuple(intervals))
    )


def indicator_set(frames: Frames, interval: str, known: Known) -> IndicatorSet:
    """Every indicator of one market and interval, its other intervals at hand."""
    series = frames[interval]
    return IndicatorSet(
        symbol=series.symbol,
        interval=interval,
        as_of=series.closes_at,
        values={name: last(array) for name, array in arrays(frames, interval, known).items()},
    )


class IndicatorNumbers:
    """The sets of one cycle's shortlist, all intervals; computed when first asked for."""

    def __init__(
        self,
        snapshot: MarketSnapshot,
        symbols: tuple[str, ...],
        *,
        computed: Computed | None = None,
        extra: Sequence[ExtraName] = (),
    ) -> None:
        """`computed` is what the screen has left; `extra` is added where the desk decides."""
        self._snapshot = snapshot
        self._symbols = symbols
        self._computed = computed
        self._extra = ExtraNumbers(extra)
        self._sets: tuple[IndicatorSet, ...] | None = None
        self._lock = Lock()

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """The names that the extras have in the sets of the deciding interval."""
        return self._extra.columns

    def start(self) -> None:
        """Begin with the extras, if there are any, in a process of their own."""
        deciding = intervals_of(self._snapshot)[:1]
        self._extra.start(_series(self._snapshot, self._symbols, deciding))

    def sets(self) -> tuple[IndicatorSet, ...]:
        """The same tuple for every caller of this cycle."""
        with self._lock:
            if self._sets is None:
                self._sets = self._all()
            return self._sets

    def close(self) -> None:
        """End the other process, if nobody has asked for its numbers."""
        with self._lock:
            self._extra.stop()

    def _all(self) -> tuple[IndicatorSet, ...]:
        known = intervals_of(self._snapshot)
        sets = indicator_sets(self._snapshot, self._symbols, known, self._computed)
        more = self._extra.finish()
        return tuple(
            one.model_copy(update={"values": {**one.values, **found}})
            if (found := more.get((one.symbol, one.interval)))
            else one
            for one in sets
        )


def _series(
    snapshot: MarketSnapshot, symbols: Iterable[str], intervals: tuple[str, ...]
) -> Iterator[CandleSeries]:
    for symbol in symbols:
        market = snapshot.markets.get(symbol)
        for interval in intervals if market is not None else ():
            series = market.frames.get(interval) if market is not None else None
            if series is not None and len(series):
                yield series


def _frames(snapshot: MarketSnapshot, symbol: str) -> dict[str, CandleSeries]:
    """The market's series that hold candles."""
    frames = snapshot.markets[symbol].frames
    return {interval: series for interval, series in frames.items() if len(series)}


def intervals_of(snapshot: MarketSnapshot) -> tuple[str, ...]:
    """Every interval some market has, in the order they first appear."""
    return tuple(dict.fromkeys(i for market in snapshot.markets.values() for i in market.frames))


def rounded(value: float | None) -> float | None:
    """As models read an indicator: five significant digits, each of which costs."""
    return None if value is None else float(f"{value:.5g}")


def six_digits(value: float | None) -> float | None:
    """As models read it: six significant digits, and missing stays missing."""
    return None if value is None else float(f"{value:.6g}")
