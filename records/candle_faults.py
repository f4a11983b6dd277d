"""What makes rows of candles unusable: every kind of fault, how often, and where first."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from records.interval import interval_ms

Rows = NDArray[np.float64]
"""(n, 5): open, high, low, close, volume."""

_LEAST_PRICE, _MOST_PRICE, _MOST_VOLUME = 1e-15, 1e12, 1e18
"""No market is quoted beyond these; figures derived from such a candle would leave all bounds."""


def candle_faults(times: NDArray[np.int64], rows: Rows, interval: str) -> str | None:
    """All faults in one sentence without its full stop; None when every row can be used."""
    if _sound(times, rows, interval_ms(interval)):
        return None
    found = (
        f"{what} in {len(at)} {'rows' if len(at) > 1 else 'row'}, first row {at[0] + 1} "
        f"({shown_time(int(times[at[0]]))})"
        for what, at in _kinds(times, rows, interval)
        if len(at)
    )
    return "; ".join(found)


def shown_time(at_ms: int) -> str:
    """UTC to the minute; takes any number, as a hostile file may hold."""
    return str(np.datetime64(at_ms, "ms"))[:16].replace("T", " ")


def _sound(times: NDArray[np.int64], rows: Rows, length_ms: int) -> bool:
    """The same questions as `_kinds`, asked of all rows at once: they are nearly always sound."""
    if not times.size:
        return True
    high, low = rows[:, 1], rows[:, 2]
    return bool(
        np.isfinite(rows).all()
        and ((times[1:] - times[:-1]) >= length_ms).all()
        and low.min() >= _LEAST_PRICE
        and high.max() <= _MOST_PRICE
        and rows[:, 4].min() >= 0
        and rows[:, 4].max() <= _MOST_VOLUME
        and (high >= rows[:, 0]).all()
        and (high >= rows[:, 3]).all()
        and (low <= rows[:, 0]).all()
        and (low <= rows[:, 3]).all()
        and (low <= high).all()
    )


def _kinds(
    times: NDArray[np.int64], rows: Rows, interval: str
) -> Iterator[tuple[str, NDArray[np.intp]]]:
    steps, length_ms = np.diff(times), interval_ms(interval)
    prices, volume = rows[:, :4], rows[:, 4]
    top, bottom = prices[:, [0, 2, 3]].max(axis=1), prices[:, [0, 1, 3]].min(axis=1)
    yield "a value that is not a number", np.flatnonzero(~np.isfinite(rows).all(axis=1))
    yield "earlier than the row before it", np.flatnonzero(steps < 0) + 1
    again, same = np.flatnonzero(steps == 0) + 1, (rows[1:] == rows[:-1]).all(axis=1)
    yield "the open time of the row before it, with other numbers", again[~same[again - 1]]
    yield "the same candle twice", again[same[again - 1]]
    overlapping = np.flatnonzero((steps > 0) & (steps < length_ms)) + 1
    yield f"opens before the {interval} candle before it has closed", overlapping
    yield "a price that is not above 0", np.flatnonzero((prices <= 0).any(axis=1))
    beyond = ((prices > 0) & (prices < _LEAST_PRICE)) | (prices > _MOST_PRICE)
    yield "a price beyond sense", np.flatnonzero((beyond & np.isfinite(prices)).any(axis=1))
    yield "negative volume", np.flatnonzero(volume < 0)
    yield "a volume beyond sense", np.flatnonzero((volume > _MOST_VOLUME) & np.isfinite(volume))
    inside = (prices[:, 1] < top) | (prices[:, 2] > bottom)
    yield "its high or low inside its body", np.flatnonzero(inside)
