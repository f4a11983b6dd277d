"""
What the numbers cost: `uv run python -m benchmarks.sight [--rounds N]` prints JSON.

All indicators, VuManChu and all signals of a watch list, from candles in memory, in one
process and one thread, each indicator of a series computed once: medians over the rounds,
the first one (imports, first calls) told apart. Alone, signals compute what they need
themselves. Parts are those of one series. Where other processes compete, read CPU time.
Leaves with 1 when a wall median is over its target.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import perf_counter, process_time
from typing import Any

from records.candles import CandleSeries
from records.clock import FixedClock
from records.ports import MarketRequest
from records.signal import SignalRules
from tools.exchange.demo import DemoMarket
from tools.indicators.registry import (
    FRAMED,
    INDICATORS,
    Known,
    arrays,
    framed_indicator,
    indicator,
)
from tools.signals.measured import Measured
from tools.signals.registry import all_signals, signals_at

AT = datetime(2026, 11, 2, tzinfo=UTC)
CANDLES = 600
WATCH_LIST = (20, ("1h", "4h"))
SHORT_LIST = (10, ("1h",))
_TARGET_MS = {"20_symbols_2_intervals": 250, "10_symbols_1_interval": 60}

Market = Mapping[str, CandleSeries]


def main() -> None:
    """Measure everything and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    document = {
        "20_symbols_2_intervals": _seen(rounds, *WATCH_LIST),
        "10_symbols_1_interval": _seen(rounds, *SHORT_LIST),
        "one_series_us": _parts(rounds),
        "targets": {name: {"median_ms": target} for name, target in _TARGET_MS.items()},
    }
    print(json.dumps(document, indent=2))
    sys.exit(int(any(document[name]["median_ms"] > most for name, most in _TARGET_MS.items())))


def _seen(rounds: int, count: int, intervals: tuple[str, ...]) -> dict[str, Any]:
    markets, rules = _markets(count, intervals), SignalRules()

    def everything() -> None:
        for frames in markets:
            known: Known = {}
            for interval in frames:
                arrays(frames, interval, known)
                signals_at(Measured(frames, interval, known=known), rules)

    def indicators() -> None:
        for frames in markets:
            for interval in frames:
                arrays(frames, interval)

    def signals() -> None:
        for frames in markets:
            for interval in frames:
                all_signals(frames, interval, rules)

    first, *taken = _times_ms(everything, rounds + 1)
    cpu = _times_ms(everything, rounds, clock=process_time)
    return {
        "median_ms": round(statistics.median(taken), 1),
        "min_ms": round(min(taken), 1),
        "cpu_median_ms": round(statistics.median(cpu), 1),
        "first_ms": round(first, 1),
        "indicators_alone_ms": round(statistics.median(_times_ms(indicators, rounds)), 1),
        "signals_alone_ms": round(statistics.median(_times_ms(signals, rounds)), 1),
    }


def _parts(rounds: int) -> dict[str, int]:
    """Microseconds of each indicator and of all signals for one series."""
    (frames,) = _markets(1, WATCH_LIST[1])
    interval = WATCH_LIST[1][0]
    found: dict[str, Callable[[], object]] = {
        name: lambda name=name: indicator(name)(frames[interval]) for name in INDICATORS
    }
    for name in FRAMED:
        found[name] = lambda name=name: framed_indicator(name)(frames, interval)
    found["all_signals"] = lambda: all_signals(frames, interval, SignalRules())
    return {
        name: round(1000 * statistics.median(_times_ms(part, 5 * rounds)))
        for name, part in found.items()
    }


def _markets(count: int, intervals: tuple[str, ...]) -> list[Market]:
    """So many markets that move differently: the demo's, each with a seed of its own."""
    request = MarketRequest(symbols=("BTC/USDT",), intervals=intervals, candles=CANDLES)
    clock = FixedClock(AT)
    seen = [DemoMarket(seed, clock).observe(request) for seed in range(count)]
    markets = [one.markets["BTC/USDT"].frames for one in seen]
    assert {len(series) for frames in markets for series in frames.values()} == {CANDLES}
    return list(markets)


def _times_ms(
    part: Callable[[], object], rounds: int, *, clock: Callable[[], float] = perf_counter
) -> list[float]:
    taken = []
    for _ in range(rounds):
        began = clock()
        part()
        taken.append(1000 * (clock() - began))
    return taken


if __name__ == "__main__":
    main()
