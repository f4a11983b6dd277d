"""
Computes indicator sets in a process of its own: `python -m tools.indicators.compute`.

pandas and pandas-ta take longer to import than to compute with, so a cold cycle has them
imported beside CrewAI, not after it. Candles come in on stdin, one set goes out a line.
"""

import sys
from collections.abc import Iterable

import numpy as np
import orjson

from records.candles import CandleSeries
from records.reports import IndicatorSet
from tools.indicators.registry import latest

_MAX_BYTES = 32_000_000


def main() -> int:
    """Answer the document on stdin."""
    document = sys.stdin.buffer.read(_MAX_BYTES + 1)
    if len(document) > _MAX_BYTES:
        return 2
    for given in orjson.loads(document):
        times = np.array(given["open_time_ms"], dtype=np.int64)
        ohlcv = np.array(given["ohlcv"], dtype=np.float64)
        series = CandleSeries.checked(given["symbol"], given["interval"], times, ohlcv)
        sys.stdout.write(indicator_set(series).model_dump_json() + "\n")
    return 0


def indicator_set(series: CandleSeries) -> IndicatorSet:
    """Every indicator of one market and interval."""
    return IndicatorSet(
        symbol=series.symbol,
        interval=series.interval,
        as_of=series.closes_at,
        values=latest(series),
    )


def document_of(all_series: Iterable[CandleSeries]) -> bytes:
    """What `main` reads."""
    return orjson.dumps(
        [
            {
                "symbol": series.symbol,
                "interval": series.interval,
                "open_time_ms": series.open_time_ms.tolist(),
                "ohlcv": np.column_stack(
                    (series.open, series.high, series.low, series.close, series.volume)
                ).tolist(),
            }
            for series in all_series
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
