"""
`read_chart`: the geometry of the shortlisted markets' charts, as numbers.

The pictures of the same markets reach a model that can see beside its prompt, not through
this tool: a tool's answer is text. The tool reads this cycle's snapshot alone and opens no file.
"""

from collections.abc import Sequence
from typing import Any

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from records.candles import CandleSeries
from records.market import MarketSnapshot
from records.table import answer, table
from tools.chart.geometry import ChartGeometry, geometry
from tools.indicators.asked import SymbolsArgs, refusal
from tools.indicators.sets import six_digits

COLUMNS = (
    "symbol",
    "trend",
    "slope_pct_per_bar",
    "support",
    "support_touches",
    "resistance",
    "resistance_touches",
    "range_low",
    "range_high",
    "pattern",
    "pattern_level",
)
LINE_COLUMNS = ("symbol", "line", "line_price", "line_touches", "line_distance_atr")
LARGER_COLUMNS = ("larger_trend", "larger_support", "larger_resistance", "larger_pattern")


class ReadChartTool(BaseTool):
    """The shape of shortlisted markets' charts, as numbers."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "read_chart"
    description: str = (
        "Chart geometry of these markets: trend of the last 100 candles, nearest support and "
        "resistance, the range, trend lines where there are any, a pattern and the price it turns "
        "on; the larger interval in short. null: not there."
    )
    args_schema: type[BaseModel] = SymbolsArgs
    snapshot: MarketSnapshot
    shortlist: tuple[str, ...]
    interval: str
    larger: str | None

    def _run(self, symbols: list[str]) -> str:
        if (refused := refusal(symbols, self.shortlist)) is not None:
            return answer(refused)
        rows = [self._row(symbol) for symbol in self.shortlist if symbol in symbols]
        columns = (*COLUMNS, *(LARGER_COLUMNS if self.larger else ()))
        return answer(
            {
                "as_of": self.snapshot.as_of,
                "interval": self.interval,
                "larger_interval": self.larger,
                "synthetic": self.snapshot.synthetic,
                **table(columns, rows),
                **self._lines(symbols),
            }
        )

    def _row(self, symbol: str) -> list[Any]:
        return [
            symbol,
            *_deciding(self._shape(symbol, self.interval)),
            *(_larger(self._shape(symbol, self.larger)) if self.larger else ()),
        ]

    def _lines(self, symbols: Sequence[str]) -> dict[str, Any]:
        """The trend lines that are there, price now and distance of the close."""
        rows = [
            [symbol, name, six_digits(line.price), line.touches, round(line.distance_atr, 1)]
            for symbol in self.shortlist
            if symbol in symbols and (shape := self._shape(symbol, self.interval)) is not None
            for name, line in (("under lows", shape.low_line), ("over highs", shape.high_line))
            if line is not None
        ]
        return {"lines": table(LINE_COLUMNS, rows)} if rows else {}

    def _shape(self, symbol: str, interval: str) -> ChartGeometry | None:
        market = self.snapshot.markets.get(symbol)
        series: CandleSeries | None = market.frames.get(interval) if market else None
        return geometry(series) if series is not None and len(series) else None


def _deciding(shape: ChartGeometry | None) -> Sequence[Any]:
    """The cells of COLUMNS after the symbol."""
    if shape is None:
        return [None] * (len(COLUMNS) - 1)
    slope = shape.slope_pct_per_bar
    return [
        shape.trend,
        None if slope is None else float(f"{slope:.3g}"),
        six_digits(shape.support),
        shape.support_touches,
        six_digits(shape.resistance),
        shape.resistance_touches,
        six_digits(shape.range_low),
        six_digits(shape.range_high),
        shape.pattern,
        six_digits(shape.pattern_level),
    ]


def _larger(shape: ChartGeometry | None) -> Sequence[Any]:
    if shape is None:
        return [None] * len(LARGER_COLUMNS)
    levels = six_digits(shape.support), six_digits(shape.resistance)
    return [shape.trend, *levels, shape.pattern]
