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
from tools.context.tool import GetMarketContextTool
from tools.exchange.tool import GetMarketSnapshotTool, GetPortfolioTool
from tools.indicators.tool import GetIndicatorsTool
from tools.news.tool import GetNewsTool
from tools.orders.desk import OrderDesk
from tools.orders.tool import GetOrderTool, PlaceOrderTool
from tools.risk.desk import RiskDesk
from tools.risk.tool import GetCircuitBreakerTool, GetLimitsTool, SubmitVerdictTool
from tools.signals.holding import position_view


def build_tools(
    seen: Evidence, risk: RiskDesk, orders: OrderDesk, stopping: Stopping
) -> Mapping[str, BaseTool]:
    """Every tool by its name."""
    market = {"snapshot": seen.snapshot, "shortlist": seen.shortlist}
    tools: list[BaseTool] = [
        GetMarketSnapshotTool(**market),
        GetPortfolioTool(account=seen.account, views=position_views(seen)),
        GetIndicatorsTool(
            **market, signals=seen.signals, leading=seen.leading, numbers=seen.numbers
        ),
        GetNewsTool(
            reading=seen.news,
            shortlist=seen.shortlist,
            cycle_id=seen.cycle_id,
            clock=seen.clock,
            half_life_h=seen.news_half_life_h,
        ),
        GetMarketContextTool(context=seen.context),
        ReadChartTool(**market, interval=seen.chart_interval, larger=seen.chart_larger),
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


def position_views(seen: Evidence) -> dict[str, str]:
    """By market what the screen's signal says of the position held there."""
    return {
        (held := mark.position).symbol: position_view(
            held.side, mark.unrealised_pnl, seen.leading.get(held.symbol)
        )
        for mark in seen.account.positions
    }


def briefing(tool: BaseTool, shortlist: tuple[str, ...]) -> str:
    """A tool's answer for these markets, in short where it has a short form."""
    return _called(getattr(tool, "brief", tool._run), tool, shortlist)


def whole_answer(tool: BaseTool, shortlist: tuple[str, ...]) -> str:
    """A tool's answer for these markets, as an agent that calls it gets it."""
    return _called(tool._run, tool, shortlist)


def _called(run: Callable[..., object], tool: BaseTool, shortlist: tuple[str, ...]) -> str:
    arguments: dict[str, Callable[[], object]] = {"symbols": lambda: list(shortlist)}
    asked = tool.args_schema.model_fields
    return str(run(**{name: arguments[name]() for name in asked}))
