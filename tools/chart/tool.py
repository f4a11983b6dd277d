"""
`read_chart`: the geometry of the shortlisted markets' charts, and where the pictures are.

`chart_file` is where the picture is drawn to, beside the crew; one that fails is missing, and
the numbers stand without it. The tool reads this cycle's snapshot alone and opens no file.
"""

from collections.abc import Mapping
from typing import Any

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from records.market import MarketSnapshot
from records.table import answer, table
from tools.chart.geometry import geometry
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
)


class ReadChartTool(BaseTool):
    """The shape of shortlisted markets' charts, as numbers and a file name."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "read_chart"
    description: str = (
        "Chart geometry of these markets: trend of the last 100 candles, nearest support and "
        "resistance with their touches, the 100-candle range, a pattern, and the picture's file. "
        "Prices are in the quote currency; null means not there."
    )
    args_schema: type[BaseModel] = SymbolsArgs
    snapshot: MarketSnapshot
    shortlist: tuple[str, ...]
    interval: str
    chart_files: Mapping[str, str]

    def _run(self, symbols: list[str]) -> str:
        if (refused := refusal(symbols, self.shortlist)) is not None:
            return answer(refused)
        rows = [self._row(symbol) for symbol in self.shortlist if symbol in symbols]
        return answer(
            {
                "as_of": self.snapshot.as_of,
                "interval": self.interval,
                "synthetic": self.snapshot.synthetic,
                **table([*COLUMNS, "chart_file"], rows),
            }
        )

    def _row(self, symbol: str) -> list[Any]:
        market = self.snapshot.markets.get(symbol)
        series = market.frames.get(self.interval) if market else None
        if series is None or not len(series):
            return [symbol, *[None] * len(COLUMNS)]
        shape = geometry(series)
        return [
            *(_rounded(getattr(shape, column)) for column in COLUMNS),
            self.chart_files.get(symbol),
        ]


def _rounded(value: Any) -> Any:
    return six_digits(value) if isinstance(value, float) else value
