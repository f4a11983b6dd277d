"""How often a pattern stands, by chance and in truth: `python -m tests.tools.chart.rates`."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from time import perf_counter

from records.candles import CandleSeries
from tests.tools.chart.drawn import walk
from tests.tools.indicators.samples import REAL
from tools.chart.geometry import geometry

WALKS, BARS, EVERY = 60, 1500, 13
SEEN, LOOKS = 300, 1200
FILES = (
    "BTC_USDT-1h.202409-202506",
    "SOL_USDT-1h.202409-202506",
    "ETH_USDT-15m.202401-202409",
    "XRP_USDT-4h.201805-202210",
)


def main() -> int:
    """Count patterns and lines over random walks, and over real candles where they are."""
    _told("random walks", _cuts((walk(BARS, seed) for seed in range(WALKS)), EVERY))
    if REAL.is_dir():
        for_each = (_real(name) for name in FILES)
        _told("real candles", (cut for one in for_each for cut in _cuts([one], len(one) // LOOKS)))
    return 0


def _told(title: str, cuts: Iterable[CandleSeries]) -> None:
    counted: Counter[str] = Counter()
    looks, spent_s = 0, 0.0
    for cut in cuts:
        began = perf_counter()
        shape = geometry(cut)
        spent_s += perf_counter() - began
        looks += 1
        counted[shape.pattern] += 1
        counted["a line under the lows"] += shape.low_line is not None
        counted["a line over the highs"] += shape.high_line is not None
    print(f"{title}: {looks} looks, {1000 * spent_s / looks:.2f} ms each")
    for name, count in counted.most_common():
        print(f"  {name}: {100 * count / looks:.2f} %")


def _cuts(all_series: Iterable[CandleSeries], every: int) -> Iterator[CandleSeries]:
    """What a desk would have seen at every so many bars."""
    for series in all_series:
        for end in range(SEEN, len(series), every):
            yield series.closed_by(int(series.open_time_ms[end])).last(SEEN)


def _real(name: str) -> CandleSeries:
    import pandas as pd

    frame = pd.read_parquet(REAL / f"{name}.parquet")
    block = frame[["open", "high", "low", "close", "volume"]].to_numpy(dtype="float64")
    times = frame["timestamp"].to_numpy(dtype="int64")
    return CandleSeries.checked("BTC/USDT", name.split("-")[1].split(".")[0], times, block)


if __name__ == "__main__":
    sys.exit(main())
