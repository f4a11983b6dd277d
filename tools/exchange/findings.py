"""
What is odd about the frames of one market, in words; it repairs nothing.

What makes a frame unusable is refused where the series is made: see records.candle_faults.
Here stands what the agents should know of frames that can be used, and the one rule by
which a whole market is not: its decision candles, or its finest ones, have stopped.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from records.base import Record
from records.candle_faults import shown_time
from records.candles import CandleSeries, interval_ms
from records.errors import BadCandles, StaleCandles
from tools.exchange.agreement import disagreement

SPIKE_TIMES_MEDIAN = 15
"""A candle whose range is this many times its frame's median; docs/market-data.md says why."""
_LEAST_FOR_MEDIAN = 10
_MOST_TURNOVER_A_DAY = 1e12
"""In dollars: fifty times the busiest market in the world; then volume is not in base units."""
_DOLLARS = frozenset({"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI"})
_DAY_MS = 86_400_000

FindingKind = Literal[
    "short", "stale", "gap", "off_grid", "no_volume", "no_trade", "spike", "units", "disagrees"
]


class Finding(Record):
    """One odd thing about one frame."""

    kind: FindingKind
    interval: str
    count: int
    """Candles it concerns."""
    sentence: str

    def __str__(self) -> str:
        return f"{self.interval}: {self.sentence}"


def market_findings(frames: Sequence[CandleSeries], wanted: int, now_ms: int) -> list[Finding]:
    """
    Everything odd about the frames of one market, in the order they were asked for.

    Raises StaleCandles when the first frame, which decisions are made on, or the finest is
    stale, or any has no candle at all; BadCandles when one still holds a forming candle.
    """
    if not frames:
        return []
    if empty := [one.interval for one in frames if not len(one)]:
        raise StaleCandles(f"{empty[0]}: no closed candle yet")
    finest = min(frames, key=lambda one: interval_ms(one.interval))
    for needed in (frames[0], finest):
        if (stale := stale_finding(needed, now_ms)) is not None:
            raise StaleCandles(str(stale))
    found = [finding for one in frames for finding in frame_findings(one, wanted, now_ms)]
    return found + list(_between(frames))


def frame_findings(series: CandleSeries, wanted: int, now_ms: int) -> list[Finding]:
    """Everything odd about one frame of closed candles; BadCandles when the last is forming."""
    if not len(series):
        return [_finding("short", series, wanted, f"0 closed candles, {wanted} were asked for")]
    if _end_ms(series) > now_ms:
        raise BadCandles(
            f"{series.symbol} {series.interval}",
            f"its last candle, of {_when(series, -1)}, has not closed yet",
        )
    questions = (_short(series, wanted), stale_finding(series, now_ms), _gaps(series))
    more = (_off_grid(series), _without_trade(series), _spikes(series), _units(series))
    return [finding for finding in (*questions, *more) if finding is not None]


def stale_finding(series: CandleSeries, now_ms: int) -> Finding | None:
    """Set when the newest candle closed more than two intervals ago."""
    if not len(series) or not series.is_stale(now_ms):
        return None
    age = timedelta(seconds=(now_ms - _end_ms(series)) // 1000)
    return _finding("stale", series, 1, f"stale, the last candle closed {age} ago")


def _end_ms(series: CandleSeries) -> int:
    """When the last candle closes; the series must have one."""
    return int(series.open_time_ms[-1]) + interval_ms(series.interval)


def _short(series: CandleSeries, wanted: int) -> Finding | None:
    if (missing := wanted - len(series)) <= 0:
        return None
    words = f"{len(series)} closed candles, {wanted} were asked for"
    return _finding("short", series, missing, words)


def _gaps(series: CandleSeries) -> Finding | None:
    if _is_unbroken(series):
        return None
    absent = np.diff(series.open_time_ms) // interval_ms(series.interval) - 1
    gaps = np.flatnonzero(absent > 0)
    if not gaps.size:
        return None
    missing, longest = int(absent[gaps].sum()), int(np.argmax(absent))
    words = (
        f"{_counted('candle', missing)} missing in {_counted('gap', gaps.size)}, "
        f"at most {int(absent[longest])} in a row, after {_when(series, longest)}"
    )
    return _finding("gap", series, missing, words)


def _is_unbroken(series: CandleSeries) -> bool:
    """No two candles of a checked series stand closer than an interval, so the span tells."""
    times = series.open_time_ms
    return int(times[-1] - times[0]) == (len(series) - 1) * interval_ms(series.interval)


def _off_grid(series: CandleSeries) -> Finding | None:
    """Weeks and spans of days begin where the venue likes, so they are held to their first."""
    length_ms, times = interval_ms(series.interval), series.open_time_ms
    origin = 0 if length_ms <= _DAY_MS else int(times[0])
    if (int(times[0]) - origin) % length_ms == 0 and _is_unbroken(series):
        return None
    off = np.flatnonzero((times - origin) % length_ms)
    return _places("off_grid", series, off, "off the grid of their interval")


def _without_trade(series: CandleSeries) -> Finding | None:
    if series.volume.min() > 0:
        return None
    empty = np.flatnonzero(series.volume == 0)
    if empty.size == len(series):
        return _finding("no_volume", series, len(series), "no volume, so no figure of it counts")
    return _places("no_trade", series, empty, "without trade")


def _spikes(series: CandleSeries) -> Finding | None:
    """True ranges far beyond the frame's own; a crash is one as much as a wrong tick is."""
    if len(series) < _LEAST_FOR_MEDIAN:
        return None
    ranges_pct = _true_ranges_pct(series)
    widest = int(ranges_pct.argmax())
    limit_pct = ranges_pct[widest] / SPIKE_TIMES_MEDIAN
    if 2 * np.count_nonzero(ranges_pct > limit_pct) > len(series):
        return None  # The median is above that, and a median costs more than all the rest here.
    if not (usual_pct := float(np.median(ranges_pct))):
        return None
    count = np.count_nonzero(ranges_pct >= SPIKE_TIMES_MEDIAN * usual_pct)
    words = (
        f"{_counted('spike', count)}, the widest {_when(series, widest)}: range "
        f"{ranges_pct[widest]:.3g} %, {round(ranges_pct[widest] / usual_pct):.3g} times the median"
    )
    return _finding("spike", series, count, words) if count else None


def _true_ranges_pct(series: CandleSeries) -> NDArray[np.float64]:
    """
    From the close before, so that a tick without a range of its own is seen.

    Not over a gap: that move took longer than its candle says.
    """
    high, low = series.high.copy(), series.low.copy()
    after = np.flatnonzero(np.diff(series.open_time_ms) == interval_ms(series.interval)) + 1
    high[after] = np.maximum(high[after], series.close[after - 1])
    low[after] = np.minimum(low[after], series.close[after - 1])
    ranges_pct: NDArray[np.float64] = (high - low) / low * 100
    return ranges_pct


def _units(series: CandleSeries) -> Finding | None:
    """Only the impossible is told: volume in the quote of a dear coin, or in tiny contracts."""
    if series.symbol.partition("/")[2] not in _DOLLARS:
        return None
    days = len(series) * interval_ms(series.interval) / _DAY_MS
    turnover = float(series.volume @ series.close) / days
    if turnover < _MOST_TURNOVER_A_DAY:
        return None
    words = f"{turnover:.0e} dollars a day by its volume, which cannot be in base units"
    return _finding("units", series, len(series), words)


def _between(frames: Sequence[CandleSeries]) -> Iterator[Finding]:
    """Each frame beside the next finer one: revised history, or two sources that differ."""
    by_length = sorted(frames, key=lambda one: interval_ms(one.interval))
    for finer, larger in pairwise(by_length):
        found = disagreement(finer, larger)
        if found is not None:
            words = (
                f"{_counted('candle', len(found.at))} not as the {finer.interval} ones say, by "
                f"up to {found.most_pct:.2g} %, the first {_when(larger, found.at[0])}"
            )
            yield _finding("disagrees", larger, len(found.at), words)


def _places(
    kind: FindingKind, series: CandleSeries, at: NDArray[np.intp], what: str
) -> Finding | None:
    if not at.size:
        return None
    words = f"{_counted('candle', at.size)} {what}, the first {_when(series, at[0])}"
    return _finding(kind, series, at.size, words)


def _finding(kind: FindingKind, series: CandleSeries, count: int, sentence: str) -> Finding:
    return Finding(kind=kind, interval=series.interval, count=count, sentence=sentence)


def _when(series: CandleSeries, index: int) -> str:
    return shown_time(int(series.open_time_ms[index]))


def _counted(noun: str, count: int) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
