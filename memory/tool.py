"""
`recall_lessons`: how situations like the present ones turned out.

It only reads: lessons are written by code when an outcome is booked, never by an agent, so
nothing an agent says outlives its cycle.
"""

from collections.abc import Mapping
from datetime import datetime

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict, SkipValidation

from memory.document import Recaller, recalled_document
from records.table import answer
from tools.indicators.asked import SymbolsArgs, refusal


class RecallLessonsTool(BaseTool):
    """Lessons on shortlisted markets, learned before this cycle."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "recall_lessons"
    description: str = (
        "How trades opened in situations like the present ones ended, after fees, and how many "
        "of them won. Few cases prove little."
    )
    args_schema: type[BaseModel] = SymbolsArgs
    memory: SkipValidation[Recaller]
    shortlist: tuple[str, ...]
    situations: Mapping[str, str]
    before: datetime

    def _run(self, symbols: list[str]) -> str:
        if (refused := refusal(symbols, self.shortlist)) is not None:
            return answer(refused)
        asked = [symbol for symbol in self.shortlist if symbol in symbols]
        return answer(recalled_document(self.memory, asked, self.situations, self.before))
