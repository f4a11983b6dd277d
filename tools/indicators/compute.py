"""
Computes the extra indicators in a process of its own: `python -m tools.indicators.compute`.

pandas and pandas-ta take longer to import than to compute with, so they are imported beside
CrewAI, not before it, and only where a setting asks for them. Names and candles come in on
stdin, one set goes out a line.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson

from records.candles import CandleSeries
from records.reports import IndicatorSet
from tools.indicators.extra import LEAST_BARS, ExtraName, columns_of, extra
from tools.indicators.registry import last
from tools.indicators.smoothing import Array

_MAX_BYTES = 32_000_000


def main() -> int:
    """Answer the document on stdin."""
    document = sys.stdin.buffer.read(_MAX_BYTES + 1)
    if len(document) > _MAX_BYTES:
        return 2
    _alone()
    asked = orjson.loads(document)
    for given in asked["markets"]:
        found = extra_set(_series_of(given), asked["names"])
        sys.stdout.write(found.model_dump_json() + "\n")
    return 0


def extra_set(series: CandleSeries, names: Sequence[ExtraName]) -> IndicatorSet:
    """The newest value of each of these indicators; missing with too few candles."""
    values: dict[str, float | None] = dict.fromkeys(columns_of(names))
    if len(series) >= LEAST_BARS:
        for name in names:
            values |= {column: last(a) for column, a in extra_arrays(series, name).items()}
    return IndicatorSet(
        symbol=series.symbol, interval=series.interval, as_of=series.closes_at, values=values
    )


def extra_arrays(series: CandleSeries, name: ExtraName) -> dict[str, Array]:
    """
    One indicator with the parameters pandas-ta has by default, as long as the series.

    What pandas-ta cannot say of these candles (None, an exception) is missing.
    """
    wanted = extra(name)
    found = _asked(series, name, wanted.reads)
    missing = np.full(len(series), np.nan)
    return {column: found.get(theirs, missing) for column, theirs in wanted.columns.items()}


def document_of(all_series: Iterable[CandleSeries], names: Sequence[ExtraName]) -> bytes:
    """What `main` reads."""
    return orjson.dumps({"names": names, "markets": [_candles(series) for series in all_series]})


def _alone() -> None:
    """
    No compiler, which takes seconds for a few hundred candles, and no TA-Lib.

    Many parts of pandas-ta ask TA-Lib where it is installed, whatever they are told: the same
    candles would give other figures on another machine.
    """
    os.environ["NUMBA_DISABLE_JIT"] = "1"
    sys.modules["talib"] = None  # type: ignore[assignment] # importlib's sign for "not there"


def _asked(series: CandleSeries, name: ExtraName, reads: Sequence[str]) -> dict[str, Array]:
    """What pandas-ta returns, by its own names."""
    import pandas as pd
    import pandas_ta

    columns = {"open_" if n == "open" else n: pd.Series(getattr(series, n)) for n in reads}
    try:
        found = getattr(pandas_ta, name)(**columns, talib=False)
    except Exception:  # noqa: BLE001 - it raises whatever pandas raises
        return {}
    if isinstance(found, pd.Series):
        found = found.to_frame()
    if not isinstance(found, pd.DataFrame) or len(found) != len(series):
        return {}
    return {str(each): found[each].to_numpy(dtype=np.float64) for each in found.columns}


def _candles(series: CandleSeries) -> dict[str, Any]:
    ohlcv = (series.open, series.high, series.low, series.close, series.volume)
    return {
        "symbol": series.symbol,
        "interval": series.interval,
        "open_time_ms": series.open_time_ms.tolist(),
        "ohlcv": np.column_stack(ohlcv).tolist(),
    }


def _series_of(given: dict[str, Any]) -> CandleSeries:
    times = np.array(given["open_time_ms"], dtype=np.int64)
    ohlcv = np.array(given["ohlcv"], dtype=np.float64)
    return CandleSeries.checked(given["symbol"], given["interval"], times, ohlcv)


if __name__ == "__main__":
    sys.exit(main())
