"""Every number agrees with two independent libraries once the warm-up is over."""

from collections.abc import Callable

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators.samples import REAL, real, wandering
from tools.indicators.registry import INDICATORS, indicator
from tools.indicators.smoothing import Array

pytestmark = pytest.mark.usefixtures("pandas_ta_loaded")

ta = pytest.importorskip("talib")

Oracle = Callable[[CandleSeries], Array]

TA_LIB: dict[str, Oracle] = {
    "ema_20": lambda s: ta.EMA(s.close, 20),
    "ema_50": lambda s: ta.EMA(s.close, 50),
    "ema_200": lambda s: ta.EMA(s.close, 200),
    "macd": lambda s: ta.MACD(s.close)[0],
    "macd_signal": lambda s: ta.MACD(s.close)[1],
    "macd_hist": lambda s: ta.MACD(s.close)[2],
    "rsi_7": lambda s: ta.RSI(s.close, 7),
    "rsi_14": lambda s: ta.RSI(s.close, 14),
    "atr_3": lambda s: ta.ATR(s.high, s.low, s.close, 3),
    "atr_14": lambda s: ta.ATR(s.high, s.low, s.close, 14),
    "atr_pct_14": lambda s: ta.NATR(s.high, s.low, s.close, 14),
    "bb_upper": lambda s: ta.BBANDS(s.close, 20)[0],
    "bb_middle": lambda s: ta.BBANDS(s.close, 20)[1],
    "bb_lower": lambda s: ta.BBANDS(s.close, 20)[2],
    "adx_14": lambda s: ta.ADX(s.high, s.low, s.close, 14),
}
"""What TA-Lib offers; the rest is checked against pandas-ta and by hand."""

FROM_THE_FIRST_VALUE = ("ema_20", "ema_50", "ema_200", "rsi_7", "rsi_14", "atr_3", "atr_14")
SETTLED_BAR = {"adx_14": 560}
MACD_SETTLED_BAR = 220


def _series() -> list[CandleSeries]:
    if not REAL.exists():
        return [wandering(seed=1), wandering(seed=2)]
    return [wandering(seed=1), real("BTC"), real("DOGE", end=5000)]


def _computed(series: CandleSeries) -> dict[str, Array]:
    return {key: a for name in INDICATORS for key, a in indicator(name)(series).items()}


@pytest.mark.parametrize("name", sorted(TA_LIB))
def test_values_agree_with_ta_lib_after_warm_up(name: str) -> None:
    """Within 1e-9 of the value; MACD crosses zero, so also within 1e-12 of the price."""
    for series in _series():
        start = SETTLED_BAR.get(name, MACD_SETTLED_BAR)
        ours, theirs = _computed(series)[name][start:], TA_LIB[name](series)[start:]
        floor = 1e-12 * series.close[start:] if name.startswith("macd") else 0.0
        assert np.all(np.abs(ours - theirs) <= 1e-9 * np.abs(theirs) + floor), name


@pytest.mark.parametrize("name", FROM_THE_FIRST_VALUE)
def test_seeded_averages_agree_with_ta_lib_from_the_first_value(name: str) -> None:
    """Same seed, same first bar: missing before it in both, equal from it on."""
    series = wandering(seed=5)
    ours, theirs = _computed(series)[name], TA_LIB[name](series)
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))
    assert np.allclose(ours, theirs, rtol=1e-9, atol=0, equal_nan=True)


def _pandas_ta(series: CandleSeries) -> dict[str, Array]:
    import pandas as pd
    import pandas_ta

    high, low, close = (pd.Series(column) for column in (series.high, series.low, series.close))
    macd = pandas_ta.macd(close, talib=False)
    bands = pandas_ta.bbands(close, 20, 2, talib=False, ddof=0)
    width = {"bb_lower": "BBL", "bb_middle": "BBM", "bb_upper": "BBU"}
    found = {
        "macd": macd["MACD_12_26_9"],
        "macd_signal": macd["MACDs_12_26_9"],
        "macd_hist": macd["MACDh_12_26_9"],
        "bb_pct": 100 * bands[next(c for c in bands if c.startswith("BBP"))],
        **{name: bands[next(c for c in bands if c.startswith(p))] for name, p in width.items()},
        **{f"ema_{n}": pandas_ta.ema(close, n, talib=False) for n in (20, 50, 200)},
        **{f"rsi_{n}": pandas_ta.rsi(close, n, talib=False) for n in (7, 14)},
        **{f"atr_{n}": pandas_ta.atr(high, low, close, n, talib=False) for n in (3, 14)},
    }
    return {name: column.to_numpy(dtype=np.float64) for name, column in found.items()}


def _near_zero(name: str, close: Array) -> Array | float:
    """What is left of a figure that crosses zero: there a relative difference means nothing."""
    if name == "macd_hist":
        return 1e-12 * close
    return 1e-9 if name == "bb_pct" else 0.0  # percent points of the band


def test_values_agree_with_pandas_ta_after_warm_up() -> None:
    """An oracle that shares no code with TA-Lib; it seeds from one value, so later."""
    for series in _series():
        ours = _computed(series)
        for name, theirs in _pandas_ta(series).items():
            floor = _near_zero(name, series.close[560:])
            off = np.abs(ours[name][560:] - theirs[560:])
            assert np.all(off <= 1e-9 * np.abs(theirs[560:]) + floor), name


def test_adx_is_the_same_with_and_without_ta_lib(monkeypatch: pytest.MonkeyPatch) -> None:
    """pandas-ta reaches for TA-Lib's ATR even when told not to; the index must not notice."""
    from pandas_ta.maps import Imports

    series = wandering(seed=3)
    with_it = indicator("adx")(series)["adx_14"]
    monkeypatch.setitem(Imports, "talib", False)
    without = indicator("adx")(series)["adx_14"]
    assert np.allclose(with_it[450:], without[450:], rtol=1e-9, atol=0)
