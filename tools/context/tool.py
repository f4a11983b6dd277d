"""
`get_market_context`: the market as a whole, the same for every agent of the cycle.

It asks nothing: what came from outside was read beside the market, before any agent spoke.
"""

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from records.context import MarketContext
from records.table import answer
from tools.context.document import context_document


class GetMarketContextArgs(BaseModel):
    """Nothing to choose."""

    model_config = ConfigDict(extra="forbid")


class GetMarketContextTool(BaseTool):
    """Mood, trend, regime and extremes, each with its source and age."""

    name: str = "get_market_context"
    description: str = (
        "The market as a whole, by source with its age: Fear & Greed (0 fear, 100 greed), "
        "Bitcoin's trend and dominance, regime, breadth, volatility, funding per funding "
        "interval, open interest, correlations. What is missing says why."
    )
    args_schema: type[BaseModel] = GetMarketContextArgs
    context: MarketContext

    def _run(self) -> str:
        return answer(context_document(self.context))
