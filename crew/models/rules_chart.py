"""
The chart view of a market, from the geometry that code measured; no picture is read.
"""

from collections.abc import Iterator
from decimal import Decimal as D

from crew.models.rules_figures import Row, row_for, short
from crew.models.rules_prompt import Prompt
from records.reports import ChartReport, ChartView

Point = tuple[D, str]

_TREND_POINTS = {"up": D("0.45"), "range": D(0), "down": D("-0.45")}
_PATTERN_POINTS = {
    **dict.fromkeys(("breakout", "breakout_retest", "double_bottom"), D("0.15")),
    **dict.fromkeys(("breakdown", "breakdown_retest", "double_top"), D("-0.15")),
    **dict.fromkeys(("bull_flag", "ascending_triangle"), D("0.1")),
    **dict.fromkeys(("bear_flag", "descending_triangle"), D("-0.1")),
    "symmetrical_triangle": D(0),
}
_STEEP_PCT_PER_BAR = D("0.1")


def chart_report(prompt: Prompt) -> ChartReport:
    """One view for each market of the shortlist."""
    views = tuple(_view(prompt, symbol) for symbol in prompt.shortlist)
    return ChartReport(read_from="geometry", views=views)


def _view(prompt: Prompt, symbol: str) -> ChartView:
    row = row_for(prompt.tool("read_chart"), symbol)
    trend = row.text("trend")
    if trend not in _TREND_POINTS:
        reasons: tuple[str, ...] = ("No usable chart this cycle, so no view.",)
        return ChartView(symbol=symbol, trend="range", conviction=0.0, reasons=reasons)
    points = [*_trend(row, trend), *_levels(row), *_pattern(row)]
    conviction = max(D(-1), min(D(1), sum((value for value, _ in points), D(0))))
    return ChartView(
        symbol=symbol,
        trend=trend,
        support=level(row, "support"),
        resistance=level(row, "resistance"),
        conviction=round(float(conviction), 3),
        reasons=tuple(fact for _, fact in points[:5]),
    )


def level(row: Row, name: str) -> D | None:
    """A price level of the chart; None when there is none."""
    price = row.number(name)
    return price if price is not None and price > 0 else None


def _trend(row: Row, trend: str) -> Iterator[Point]:
    slope = row.number("slope_pct_per_bar")
    steep = D(0)
    if slope is not None:
        steep = max(D(-1), min(D(1), slope / _STEEP_PCT_PER_BAR)) * D("0.2")
    figure = "unknown" if slope is None else f"{short(slope)} % per bar"
    yield _TREND_POINTS[trend] + steep, f"trend {trend}, slope {figure}"


def _levels(row: Row) -> Iterator[Point]:
    for name, points in (("support", D("0.1")), ("resistance", D("-0.1"))):
        price, touches = level(row, name), row.number(f"{name}_touches")
        if price is not None and touches is not None and touches >= 2:
            yield points, f"{name} {short(price, 8)} held {short(touches)} touches"


def _pattern(row: Row) -> Iterator[Point]:
    """Only patterns known here count; any other name is not repeated."""
    name = row.text("pattern").lower().replace(" ", "_")
    if name in _PATTERN_POINTS:
        yield _PATTERN_POINTS[name], f"pattern {name}"
