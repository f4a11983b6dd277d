"""
What the gate is told of a proposal's grounds: who is on its side, and which figures exist.

Both come from this cycle's own evidence and reports, never from the proposal.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crew.desk import Desk
from crew.evidence import Evidence
from crew.screening import screened
from crew.specs import ACTING_TOOLS, UNTRUSTED_TOOLS
from crew.toolbox import whole_answer
from records.reports import ChartReport, SentimentReport, SentimentView, TechnicalReport
from records.support import Support
from tools.risk.facts import Figures, printed_figures

if TYPE_CHECKING:
    from crewai.tools import BaseTool

_ASKED = frozenset({"symbols"})


class Grounds:
    """Support and figures of one crew; the figures are those its tools printed."""

    def __init__(self, desk: Desk, seen: Evidence) -> None:
        self._desk = desk
        self._seen = seen
        self._tools: Mapping[str, BaseTool] = {}
        self._documents: tuple[Mapping[str, Any], ...] | None = None

    def use(self, tools: "Mapping[str, BaseTool]") -> None:
        """The tools whose answers the agents read."""
        self._tools = tools

    def figures(self, symbol: str) -> Figures:
        """Every figure printed of this market, or of no market; the same all through a crew."""
        if self._documents is None:
            self._documents = tuple(self._answers())
        return printed_figures(self._documents, symbol)

    def support(self, symbol: str) -> Support:
        """What the signal and the readers say of this market."""
        written = [row.report for row in self._desk.ledger.cycles.reports(self._seen.cycle_id)]
        views: dict[type, Any] = {}
        for report in written:
            if isinstance(report, TechnicalReport | ChartReport | SentimentReport):
                about = [view for view in report.views if view.symbol == symbol]
                views[type(report)] = about[0] if about else None
        technical, chart = views.get(TechnicalReport), views.get(ChartReport)
        news: SentimentView | None = views.get(SentimentReport)
        return Support(
            signal=screened(self._seen.leading.get(symbol), self._desk.settings.screen),
            technical=technical.conviction if technical else None,
            chart=chart.conviction if chart else None,
            news=news.score if news else None,
            news_sources=self._sources(news) if news and news.items else 0,
        )

    def _sources(self, view: SentimentView) -> int:
        """Independent sources of the cited items that exist and are about this market."""
        reading = self._seen.news()
        cited = (item for item in reading.items if item.id in view.items)
        return reading.sources(item for item in cited if view.symbol in item.symbols)

    def _answers(self) -> list[Mapping[str, Any]]:
        answers = (
            whole_answer(tool, self._seen.shortlist)
            for name, tool in self._tools.items()
            if name not in ACTING_TOOLS | UNTRUSTED_TOOLS
            and set(tool.args_schema.model_fields) <= _ASKED
        )
        documents = (json.loads(answer, parse_float=Decimal) for answer in answers)
        return [document for document in documents if isinstance(document, dict)]
