"""
How often the screen convenes the crew: `uv run python -m benchmarks.shortlists` prints JSON.

Real candles of ../shared, every strategy at every bar as the screen would ask it, and for
each choice of strategies the signals that count: per market and day, and of the six hourly
markets together the hours a day in which at least one counts, which is what models cost.
`after_pct` is hindsight: the mean move in a signal's direction over the next twelve bars,
of overlapping stretches, without fees.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from crew.screening import counts
from crew.sections import ScreenSettings
from records.candles import CandleSeries
from records.signal import STRATEGIES, SignalRules, Strategy, TradingSignal
from tests.tools.indicators.samples import REAL
from tools.exchange.aggregate import aggregate
from tools.exchange.candle_files import described, read
from tools.signals.measured import Measured
from tools.signals.registry import signals_at

COINS = ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE")
HOURLY = "{coin}_USDT-{interval}.202409-202506.parquet"
FINE = "BCH_USDT-3m.202412-202503.parquet"
WARM_UP_BARS = 600
LATER_BARS = 12
CHOICES: Mapping[str, tuple[Strategy, ...]] = {
    "strength": ("strength",),
    "strength, hybrid (default)": ("strength", "hybrid"),
    "hybrid": ("hybrid",),
    "strength, hybrid, breakout": ("strength", "hybrid", "breakout"),
    "strength, hybrid, vumanchu": ("strength", "hybrid", "vumanchu"),
    "all": STRATEGIES,
}

Judged = Mapping[int, Sequence[TradingSignal]]
"""What all strategies say, by bar."""


def main() -> None:
    """Judge every bar, and print what each choice would have convened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="judge every n-th bar only")
    every = parser.parse_args().every
    if not REAL.exists():
        sys.exit("The candles of ../shared/data are not here. Nothing was measured.")
    hourly = {coin: _hourly(coin) for coin in COINS}
    judged = {coin: _judged(frames, "1h", every) for coin, frames in hourly.items()}
    fine = _fine()
    document = {
        "hourly_six_markets": _six(list(judged.values()), every),
        "bch_3m": _one(_judged(fine, "3m", 3 * every)),
        "hourly_by_strategy": _by_strategy(hourly, judged),
    }
    print(json.dumps(document, indent=2))


def _six(judged: Sequence[Judged], every: int) -> dict[str, Any]:
    found = {}
    for name, screen, side in _alternatives():
        hits = [{bar for bar, said in one.items() if _any(said, screen, side)} for one in judged]
        share = np.mean([len(hit) / len(one) for hit, one in zip(hits, judged, strict=True)])
        together = len(set().union(*hits)) / len(judged[0])
        found[f"{name}; {side}"] = {
            "per_market_and_day": round(24 * float(share), 2),
            "meetings_a_day": round(24 * together, 1),
        }
    return found


def _one(judged: Judged) -> dict[str, float]:
    return {
        f"{name}; {side}": round(
            480 * sum(_any(said, screen, side) for said in judged.values()) / len(judged), 1
        )
        for name, screen, side in _alternatives()
    }


def _by_strategy(
    frames: Mapping[str, Mapping[str, CandleSeries]], judged: Mapping[str, Judged]
) -> dict[str, Any]:
    """Share of bars with an action of strength 3 or more, and what the larger frame said of it."""
    bars = sum(len(one) for one in judged.values())
    found: dict[str, Any] = {}
    for name in STRATEGIES:
        for action in ("buy", "sell"):
            hits = [
                (signal.confirmed, _after(frames[coin]["1h"], bar, action))
                for coin, one in judged.items()
                for bar, said in one.items()
                for signal in said
                if (signal.strategy, signal.action) == (name, action) and signal.strength >= 3
            ]
            found[f"{name} {action}"] = {
                "share_of_bars_pct": round(100 * len(hits) / bars, 2),
                **{
                    word: _told([after for confirmed, after in hits if confirmed is value])
                    for word, value in (("agrees", True), ("unknown", None), ("against", False))
                },
            }
    return found


def _told(after: Sequence[float]) -> dict[str, float]:
    known = [one for one in after if np.isfinite(one)]
    return {"count": len(after), "after_pct": round(float(np.mean(known)), 3) if known else 0.0}


def _after(series: CandleSeries, bar: int, action: str) -> float:
    if bar + LATER_BARS >= len(series):
        return float("nan")
    move = 100 * (series.close[bar + LATER_BARS] / series.close[bar] - 1)
    return float(move if action == "buy" else -move)


def _alternatives() -> Iterable[tuple[str, ScreenSettings, str]]:
    for name, strategies in CHOICES.items():
        for against in (False, True):
            screen = ScreenSettings(strategies=strategies, against_larger_frame=against)
            for side in ("spot", "perpetual"):
                yield name + (", against too" if against else ""), screen, side


def _any(said: Sequence[TradingSignal], screen: ScreenSettings, side: str) -> bool:
    followed = ("buy",) if side == "spot" else ("buy", "sell")
    return any(
        one.strategy in screen.strategies and one.action in followed and counts(one, screen)
        for one in said
    )


def _judged(frames: Mapping[str, CandleSeries], interval: str, every: int) -> Judged:
    whole, rules = Measured(frames, interval), SignalRules()
    bars = range(WARM_UP_BARS, len(frames[interval]), every)
    return {bar: signals_at(whole.at(bar), rules) for bar in bars}


def _hourly(coin: str) -> dict[str, CandleSeries]:
    files = {i: REAL / HOURLY.format(coin=coin, interval=i) for i in ("1h", "4h")}
    return {interval: read(described(file)) for interval, file in files.items()}


def _fine() -> dict[str, CandleSeries]:
    series = read(described(REAL / FINE))
    return {"3m": series} | {larger: aggregate(series, larger) for larger in ("1h", "4h")}


if __name__ == "__main__":
    main()
