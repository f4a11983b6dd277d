"""Every number agrees with two independent libraries once the warm-up is over."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from records.candles import CandleSeries
from tests.tools.indicators import formulas
from tests.tools.indicators.samples import REAL, real, wandering
from tools.indicators.registry import FRAMED, INDICATORS, indicator
from tools.indicators.ribbon import LENGTHS as RIBBON
from tools.indicators.smoothing import Array

pytestmark = pytest.mark.usefixtures("pandas_ta_loaded")

ta = pytest.importorskip("talib")

Oracle = Callable[[CandleSeries], Any]
PANDAS_TA_BAR = 560

TA_LIB: dict[str, Oracle] = {
    **{f"ema_{n}": partial(lambda s, n: ta.EMA(s.close, n), n=n) for n in (20, 50, 200)},
    **{f"ema_{n}": partial(lambda s, n: ta.EMA(s.close, n), n=n) for n in RIBBON},
    **{f"sma_{n}": partial(lambda s, n: ta.SMA(s.close, n), n=n) for n in (20, 50, 200)},
    "macd": lambda s: ta.MACD(s.close)[0],
    "macd_signal": lambda s: ta.MACD(s.close)[1],
    "macd_hist": lambda s: ta.MACD(s.close)[2],
    "rsi_7": lambda s: ta.RSI(s.close, 7),
    "rsi_14": lambda s: ta.RSI(s.close, 14),
    "stoch_rsi_k": lambda s: ta.SMA(ta.STOCHRSI(s.close, 14, 14, 1)[0], 3),
    "stoch_rsi_d": lambda s: ta.SMA(ta.SMA(ta.STOCHRSI(s.close, 14, 14, 1)[0], 3), 3),
    "mfi_14": lambda s: ta.MFI(s.high, s.low, s.close, s.volume, 14),
    "atr_3": lambda s: ta.ATR(s.high, s.low, s.close, 3),
    "atr_14": lambda s: ta.ATR(s.high, s.low, s.close, 14),
    "atr_pct_14": lambda s: ta.NATR(s.high, s.low, s.close, 14),
    "bb_upper": lambda s: ta.BBANDS(s.close, 20)[0],
    "bb_middle": lambda s: ta.BBANDS(s.close, 20)[1],
    "bb_lower": lambda s: ta.BBANDS(s.close, 20)[2],
    "range_high": lambda s: np.concatenate([[np.nan], ta.MAX(s.high, 20)[:-1]]),
    "range_low": lambda s: np.concatenate([[np.nan], ta.MIN(s.low, 20)[:-1]]),
    "adx_14": lambda s: ta.ADX(s.high, s.low, s.close, 14),
    "obv": lambda s: ta.OBV(s.close, s.volume),
}
"""What TA-Lib offers; from the first value on unless it is in SETTLED_BAR."""

FORMULAS: dict[str, Oracle] = {
    **{f"sma_{n}": partial(formulas.sma, length=n) for n in (20, 50, 200)},
    **{f"ema_{n}": partial(lambda s, n: formulas.ema(s.close, n), n=n) for n in (*RIBBON, 200)},
    "macd": lambda s: formulas.macd(s)[0],
    "macd_signal": lambda s: formulas.macd(s)[1],
    "macd_hist": lambda s: formulas.macd(s)[2],
    "schaff": formulas.schaff,
    "stoch_rsi_k": lambda s: formulas.stoch_rsi(s)[0],
    "stoch_rsi_d": lambda s: formulas.stoch_rsi(s)[1],
    "mfi_14": formulas.mfi,
    "volatility_pct_30": partial(formulas.volatility, bars_a_year=365 * 24),
    "bb_pct": formulas.bollinger_place,
    "range_high": lambda s: formulas.rolling_range(s)[0],
    "range_low": lambda s: formulas.rolling_range(s)[1],
    "range_height_atr": lambda s: formulas.rolling_range(s)[2],
    "adx_14": formulas.adx,
    "vwap": formulas.vwap,
    "obv": formulas.obv,
    "obv_net_pct_20": formulas.obv_net,
    "volume_z": formulas.volume_z,
    **{
        f"ha_{part}": partial(lambda s, part: formulas.heikin_ashi(s)[part], part=part)
        for part in ("open", "high", "low", "close", "colour")
    },
}
"""What is written out bar by bar from the formula, all of it from the first value on."""

SETTLED_BAR = {"macd": 220, "macd_signal": 220, "macd_hist": 220}
"""TA-Lib starts MACD's fast average later; from here on that no longer shows."""


def _near_zero(name: str, close: Array) -> Array | float:
    """What is left of a figure that crosses zero: there a relative difference means nothing."""
    if name.startswith("macd"):
        return 1e-12 * close
    return NEAR_ZERO.get(name, 0.0)


NEAR_ZERO = {
    "bb_pct": 1e-9,
    "stoch_rsi_k": 1e-9,
    "stoch_rsi_d": 1e-9,
    "schaff": 1e-9,
    "obv_net_pct_20": 1e-9,
    "volume_z": 1e-11,
    "obv": 1e-6,
}
"""In the figure's own unit: percent points, deviations, lots of some ten thousand an hour."""


def _differs(name: str, ours: Array, theirs: Array, close: Array) -> float:
    """The largest difference, 1 being what is allowed: 1e-9 of the value, or its floor."""
    allowed = 1e-9 * np.abs(theirs) + _near_zero(name, close)
    with np.errstate(invalid="ignore"):
        return float(np.max(np.where(ours == theirs, 0.0, np.abs(ours - theirs) / allowed)))


def _series() -> list[CandleSeries]:
    generated = [wandering(seed=1), wandering(seed=2)]
    return [*generated, *_real()] if REAL.exists() else generated


def _real() -> list[CandleSeries]:
    return [real("BTC"), real("DOGE", end=5000)]


def _computed(series: CandleSeries) -> dict[str, Array]:
    return {key: a for name in INDICATORS for key, a in indicator(name)(series).items()}


def test_every_indicator_has_a_second_source() -> None:
    """A new one without an oracle fails here; those of FRAMED have theirs in files of their own."""
    assert set(_computed(wandering(5))) == set(TA_LIB) | set(FORMULAS)
    here = Path(__file__).parent
    assert all((here / f"test_{name}.py").exists() for name in FRAMED)


@pytest.mark.parametrize("name", sorted(TA_LIB))
def test_values_agree_with_ta_lib(name: str) -> None:
    """Missing at the same bars and equal from the first value on, where the seeds are the same."""
    for series in _series():
        ours, theirs = _computed(series)[name], TA_LIB[name](series)
        start = SETTLED_BAR.get(name, 0)
        if not start:
            assert np.array_equal(np.isnan(ours), np.isnan(theirs))
            start = int(np.isnan(ours).sum())
        assert _differs(name, ours[start:], theirs[start:], series.close[start:]) <= 1


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_values_agree_with_the_formula_bar_by_bar(name: str) -> None:
    """No array tricks in it, so none can be wrong in both; missing at the same bars."""
    for series in _series():
        ours, theirs = _computed(series)[name], np.array(FORMULAS[name](series))
        assert np.array_equal(np.isnan(ours), np.isnan(theirs))
        there = ~np.isnan(ours)
        assert _differs(name, ours[there], theirs[there], series.close[there]) <= 1


def _pandas_ta(series: CandleSeries) -> dict[str, Array]:
    import pandas as pd
    import pandas_ta

    columns = (series.open, series.high, series.low, series.close, series.volume)
    opened, high, low, close, volume = (pd.Series(column) for column in columns)
    stochastic = pandas_ta.stochrsi(close, talib=False)
    candles = pandas_ta.ha(opened, high, low, close)
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
        **{f"sma_{n}": pandas_ta.sma(close, n, talib=False) for n in (20, 50, 200)},
        **{f"ema_{n}": pandas_ta.ema(close, n, talib=False) for n in RIBBON},
        "stoch_rsi_k": stochastic["STOCHRSIk_14_14_3_3"],
        "stoch_rsi_d": stochastic["STOCHRSId_14_14_3_3"],
        "mfi_14": pandas_ta.mfi(high, low, close, volume, 14, talib=False),
        "adx_14": pandas_ta.adx(high, low, close, 14, talib=False)["ADX_14"],
        # It leaves the first bar's volume out, which TA-Lib and the formula count.
        "obv": pandas_ta.obv(close, volume, talib=False) + volume.iloc[0],
        **{f"ha_{part}": candles[f"HA_{part}"] for part in ("open", "high", "low", "close")},
    }
    return {name: column.to_numpy(dtype=np.float64) for name, column in found.items()}


def test_values_agree_with_pandas_ta_after_warm_up() -> None:
    """An oracle that shares no code with TA-Lib; it seeds from one value, so later."""
    for series in _series():
        ours, close = _computed(series), series.close[PANDAS_TA_BAR:]
        for name, theirs in _pandas_ta(series).items():
            off = _differs(name, ours[name][PANDAS_TA_BAR:], theirs[PANDAS_TA_BAR:], close)
            assert off <= 1, name
