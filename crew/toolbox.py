"""
The tools of one cycle, each a line: name -> the typed tool, reading this cycle's snapshot.

A new tool is its folder's tool.py, a line here and in crew.desk.TOOL_NAMES, and its
name in agents.yaml.
"""

from collections.abc import Callable, Mapping

from crewai.tools import BaseTool

from crew.evidence import Evidence
from crew.stopping import Stopping
from memory.tool import RecallLessonsTool
from tools.chart.tool import ReadChartTool
from tools.exchange.tool import GetMarketSnapshotTool, GetPortfolioTool
from tools.indicators.tool import GetIndicatorsTool
from tools.news.tool import GetNewsTool
from tools.orders.desk import OrderDesk
from tools.orders.tool import GetOrderTool, PlaceOrderTool
from tools.risk.desk import RiskDesk
from tools.risk.tool import GetCircuitBreakerTool, GetLimitsTool, SubmitVerdictTool


def build_tools(
    seen: Evidence, risk: RiskDesk, orders: OrderDesk, stopping: Stopping
) -> Mapping[str, BaseTool]:
    """Every tool by its name."""
    market = {"snapshot": seen.snapshot, "shortlist": seen.shortlist}
    tools: list[BaseTool] = [
        GetMarketSnapshotTool(**market),
        GetPortfolioTool(account=seen.account),
        GetIndicatorsTool(**market, signals=seen.signals, numbers=seen.numbers),
        GetNewsTool(
            reading=seen.news, shortlist=seen.shortlist, cycle_id=seen.cycle_id, clock=seen.clock
        ),
        ReadChartTool(**market, interval=seen.chart_interval, chart_files=seen.chart_files),
        GetLimitsTool(desk=risk),
        GetCircuitBreakerTool(desk=risk),
        SubmitVerdictTool(desk=risk),
        PlaceOrderTool(desk=orders, shield=stopping.shielded),
        GetOrderTool(desk=orders),
        RecallLessonsTool(
            memory=seen.memory,
            shortlist=seen.shortlist,
            situations=seen.situations,
            before=seen.snapshot.as_of,
        ),
    ]
    return {tool.name: tool for tool in tools}


def briefing(tool: BaseTool, shortlist: tuple[str, ...]) -> str:
    """A tool's answer for the whole shortlist, called by the desk instead of by a model."""
    arguments: dict[str, Callable[[], object]] = {"symbols": lambda: list(shortlist)}
    asked = tool.args_schema.model_fields
    return str(tool._run(**{name: arguments[name]() for name in asked}))
