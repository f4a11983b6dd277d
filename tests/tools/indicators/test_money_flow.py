"""Money flow, by hand."""

import numpy as np

from records.candles import CandleSeries
from tests.tools.indicators.samples import HOUR_MS, START_MS
from tools.indicators.money_flow import money_flow


def _bars(rows: list[list[float]]) -> CandleSeries:
    times = START_MS + HOUR_MS * np.arange(len(rows), dtype=np.int64)
    return CandleSeries.checked("BTC/USDT", "1h", times, np.array(rows))


def test_the_mean_of_sixty_shares_of_body() -> None:
    """Forty bars rise half their range, twenty do not move at all: 150 * 20 / 60 = 50."""
    rising, still = [10.0, 11, 9, 11, 1], [10.0, 10, 10, 10, 1]
    series = _bars([rising] * 40 + [still] * 20)
    assert money_flow(series, shift=0)[-1] == 50
    assert money_flow(series)[-1] == 47.5


def test_fifty_nine_bars_are_too_few() -> None:
    """Missing, not a mean of what there is."""
    found = money_flow(_bars([[10.0, 11, 9, 11, 1]] * 60))
    assert np.isnan(found[:59]).all()
    assert found[59] == 72.5


def test_a_bar_outside_the_sixty_is_forgotten() -> None:
    """A plain mean has no memory beyond its window."""
    falling, rising = [11.0, 11, 9, 9, 1], [9.0, 11, 9, 11, 1]
    assert money_flow(_bars([falling] + [rising] * 60), shift=0)[-1] == 150
