"""
`get_indicators`: every finished number of the shortlisted markets, in one call.

It computes nothing that the cycle has not fixed: the snapshot, the signals and the
numbers are handed in, and two agents that ask get the same answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from records.market import MarketSnapshot
from records.reports import IndicatorSet
from records.signal import TradingSignal
from records.table import answer, table
from tools.indicators.asked import SymbolsArgs, refusal
from tools.indicators.registry import SHOWN, SHOWN_BRIEFLY, SHOWN_LARGER
from tools.indicators.sets import IndicatorNumbers, intervals_of, rounded

SIGNAL_COLUMNS = (
    "symbol",
    "action",
    "strength",
    "confidence",
    "strategy",
    "larger_frame",
    "others",
)
_LARGER_FRAME = {True: "agrees", False: "against", None: None}
_LEAST_STRENGTH = 3
"""Weaker signals of other strategies are noise that every cycle would pay for."""


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
    leading: Mapping[str, TradingSignal]
    """Of each market the signal by which it came to the table."""
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

    def brief(self, symbols: list[str]) -> str:
        """The same in short: the interval that decides and the next larger one."""
        known = intervals_of(self.snapshot)[:2]
        sets = [
            one for one in self.numbers.sets() if one.symbol in symbols and one.interval in known
        ]
        rows = [self._signal(self.leading[name])[:3] for name in symbols if name in self.leading]
        return answer(
            {**self._table(sets, SHOWN_BRIEFLY), "signals": table(SIGNAL_COLUMNS[:3], rows)}
        )

    def _numbers(self, sets: Sequence[IndicatorSet]) -> dict[str, Any]:
        """The interval that decides in full, of the larger ones what shows trend and room."""
        first = intervals_of(self.snapshot)[:1]
        deciding = [one for one in sets if one.interval in first]
        larger = [one for one in sets if one.interval not in first]
        shown = (*SHOWN, *self.numbers.extra_columns)
        return {**self._table(deciding, shown), "larger": self._table(larger, SHOWN_LARGER)}

    def _table(self, sets: Sequence[IndicatorSet], names: Sequence[str]) -> dict[str, Any]:
        rows = [[one.symbol, one.interval, self._close(one), *_values(one, names)] for one in sets]
        return table(["symbol", "interval", "close", *names], rows)

    def _close(self, one: IndicatorSet) -> float | None:
        series = self.snapshot.markets[one.symbol].frames[one.interval]
        return rounded(float(series.close[-1]))

    def _signals(self, symbols: Sequence[str]) -> dict[str, Any]:
        rows = [self._signal(self.leading[name]) for name in symbols if name in self.leading]
        return table(SIGNAL_COLUMNS, rows)

    def _signal(self, lead: TradingSignal) -> list[Any]:
        """The signal a market came to the table by, and what the other strategies would do."""
        others = [
            f"{one.strategy} {one.action} {one.strength}"
            for one in self.signals
            if one.symbol == lead.symbol and one.strategy != lead.strategy and _is_strong(one)
        ]
        return [
            lead.symbol,
            lead.action,
            lead.strength,
            round(lead.confidence, 2),
            lead.strategy,
            _LARGER_FRAME[lead.confirmed],
            ", ".join(others) or None,
        ]


def _is_strong(signal: TradingSignal) -> bool:
    return signal.action != "hold" and signal.strength >= _LEAST_STRENGTH


def _values(one: IndicatorSet, names: Sequence[str]) -> list[float | None]:
    return [rounded(one.values.get(name)) for name in names]
