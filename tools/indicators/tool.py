"""
`get_indicators`: every finished number of the shortlisted markets, in one call.

It computes nothing that the cycle has not fixed: the snapshot, the signals and the
numbers are handed in, and two agents that ask get the same answer.
"""

from collections.abc import Sequence
from typing import Any

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from records.market import MarketSnapshot
from records.reports import IndicatorSet
from records.signal import TradingSignal
from records.table import answer, table
from tools.indicators.asked import SymbolsArgs, refusal
from tools.indicators.sets import IndicatorNumbers, six_digits


class GetIndicatorsTool(BaseTool):
    """The indicators and signals of shortlisted markets."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "get_indicators"
    description: str = (
        "Indicators of every interval at the last closed candle, and the signal, of these "
        "markets. Prices, EMA, MACD, ATR and bands are in the quote currency; null means not "
        "enough candles yet."
    )
    args_schema: type[BaseModel] = SymbolsArgs
    snapshot: MarketSnapshot
    shortlist: tuple[str, ...]
    signals: tuple[TradingSignal, ...]
    numbers: IndicatorNumbers

    def _run(self, symbols: list[str]) -> str:
        if (refused := refusal(symbols, self.shortlist)) is not None:
            return answer(refused)
        sets = [one for one in self.numbers.sets() if one.symbol in symbols]
        return answer(
            {
                "as_of": self.snapshot.as_of,
                **self._numbers(sets),
                "signals": self._signals(symbols),
            }
        )

    def _numbers(self, sets: Sequence[IndicatorSet]) -> dict[str, Any]:
        names = list(dict.fromkeys(name for one in sets for name in one.values))
        rows = [[one.symbol, one.interval, self._close(one), *_rounded(one, names)] for one in sets]
        return table(["symbol", "interval", "close", *names], rows)

    def _close(self, one: IndicatorSet) -> float | None:
        series = self.snapshot.markets[one.symbol].frames[one.interval]
        return six_digits(float(series.close[-1]))

    def _signals(self, symbols: Sequence[str]) -> dict[str, Any]:
        rows = [
            [signal.symbol, signal.direction, signal.strength, signal.reasons]
            for signal in self.signals
            if signal.symbol in symbols
        ]
        return table(["symbol", "direction", "strength", "reasons"], rows)


def _rounded(one: IndicatorSet, names: Sequence[str]) -> list[float | None]:
    return [six_digits(one.values.get(name)) for name in names]
