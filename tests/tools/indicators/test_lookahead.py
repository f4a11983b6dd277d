"""No indicator knows the future: what it says of a candle stands when later ones arrive."""

from collections.abc import Callable

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.lookahead import (
    Compute,
    Frames,
    changed_later,
    some_bars,
    until,
    verdicts_changed_later,
)
from tests.tools.indicators.samples import REAL, real, wandering
from tools.indicators.higher_frames import resampled
from tools.indicators.registry import FRAMED, INDICATORS, framed_indicator, indicator
from tools.indicators.smoothing import Array

MOMENTS = 500


def _generated() -> tuple[Frames, str]:
    """Quarter hours, so that the larger candles close at some of them only."""
    series = wandering(900, seed=11, interval="15m")
    return {"15m": series} | {larger: resampled(series, larger) for larger in ("1h", "4h")}, "15m"


def _real() -> tuple[Frames, str]:
    if not REAL.exists():
        pytest.skip("the shared candles are not here")
    return {"1h": real("BTC", count=900), "4h": real("BTC", 760, 300, interval="4h")}, "1h"


SOURCES = pytest.mark.parametrize("market", [_generated, _real])


def _of_series(compute: Callable[[CandleSeries], dict[str, Array]]) -> Compute:
    return lambda frames, interval: compute(frames[interval])


def _found(compute: Compute, market: Callable[[], tuple[Frames, str]]) -> dict[str, int]:
    frames, interval = market()
    bars = some_bars(MOMENTS, of=len(frames[interval]), seed=5)
    return changed_later(compute, frames, interval, bars)


@SOURCES
@pytest.mark.parametrize("name", INDICATORS)
def test_no_indicator_looks_ahead(name: str, market: Callable[[], tuple[Frames, str]]) -> None:
    """The value from the candles up to a moment is the value from all of them, to the bit."""
    assert _found(_of_series(indicator(name)), market) == {}


@SOURCES
@pytest.mark.parametrize("name", FRAMED)
def test_no_indicator_of_several_intervals_looks_ahead(
    name: str, market: Callable[[], tuple[Frames, str]]
) -> None:
    """A larger candle counts when it has closed, not while it is being made."""
    assert _found(framed_indicator(name), market) == {}


def _centred(series: CandleSeries) -> dict[str, Array]:
    """An average that takes one bar from tomorrow."""
    values = np.full(len(series), np.nan)
    values[1:-1] = (series.close[:-2] + series.close[1:-1] + series.close[2:]) / 3
    return {"peeking": values}


def _scaled(series: CandleSeries) -> dict[str, Array]:
    """A figure in terms of everything there is, the time after it included."""
    return {"peeking": series.close / series.close.mean()}


def _repainted(series: CandleSeries) -> dict[str, Array]:
    """A turn that is drawn where it was, once it is known that it was one."""
    values = np.zeros(len(series))
    top = (series.high[2:-2] > series.high[:-4]) & (series.high[2:-2] > series.high[4:])
    values[2:-2] = top
    return {"peeking": values}


@pytest.mark.parametrize("peeking", [_centred, _scaled, _repainted])
def test_an_indicator_that_looks_ahead_is_caught(
    peeking: Callable[[CandleSeries], dict[str, Array]],
) -> None:
    """The proof can fail: the usual ways of peeking are found by it."""
    assert list(_found(_of_series(peeking), _generated)) == ["peeking"]


def _unclosed_hour(frames: Frames, interval: str) -> dict[str, Array]:
    """The close of the hour that each candle lies in, before that hour has closed."""
    series, hours = frames[interval], frames["1h"]
    place = np.searchsorted(hours.open_time_ms, series.open_time_ms, "right") - 1
    known = place < len(hours)
    values = np.full(len(series), np.nan)
    values[known] = hours.close[place[known]] if len(hours) else np.nan
    return {"peeking": values}


def test_an_unclosed_larger_candle_is_caught() -> None:
    """The commonest fault of indicators over several intervals."""
    assert list(_found(_unclosed_hour, _generated)) == ["peeking"]


def test_a_verdict_that_looks_ahead_is_caught() -> None:
    """The same for anything that is no array: a judgement of one candle."""
    frames, interval = _generated()
    bars = some_bars(20, of=900, seed=1)

    def honest(seen: Frames, name: str) -> bool:
        return bool(seen[name].close[-1] > seen[name].close.mean())

    def of_bar(seen: Frames, name: str, bar: int) -> bool:
        return honest(until(seen, name, bar), name)

    def peeking(seen: Frames, name: str, bar: int) -> bool:
        return bool(seen[name].close[bar] > seen[name].close.mean())

    assert verdicts_changed_later(honest, of_bar, frames, interval, bars) == []
    assert verdicts_changed_later(honest, peeking, frames, interval, bars) != []
