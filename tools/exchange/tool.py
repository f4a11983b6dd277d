"""
The market and the account as agents read them. Nothing here can send an order: the
writing side of a venue is not imported, and the tools hold frozen records only.
"""

from collections.abc import Mapping

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field

from records.errors import SettingsError
from records.market import MarketSnapshot
from records.order import AccountState
from records.table import answer
from tools.exchange.symbols import desk_symbol
from tools.exchange.views import market_document, portfolio_document


class GetMarketSnapshotArgs(BaseModel):
    """Which markets to read."""

    model_config = ConfigDict(extra="forbid")

    symbols: list[str] = Field(
        min_length=1, max_length=30, description="markets on this cycle's shortlist"
    )


class GetPortfolioArgs(BaseModel):
    """Nothing to choose."""

    model_config = ConfigDict(extra="forbid")


class GetMarketSnapshotTool(BaseTool):
    """Read this cycle's frozen snapshot; every agent sees the same one."""

    name: str = "get_market_snapshot"
    description: str = (
        "Price, spread, 24 h change and volume, funding, and what is odd about the data."
    )
    args_schema: type[BaseModel] = GetMarketSnapshotArgs
    snapshot: MarketSnapshot
    shortlist: tuple[str, ...]

    def _run(self, symbols: list[str]) -> str:
        try:
            wanted = list(dict.fromkeys(map(desk_symbol, symbols)))
        except SettingsError as problem:
            return answer({"error": {"code": "unknown_symbol", "message": str(problem)}})
        unknown = [one for one in wanted if not self._readable(one)]
        if unknown:
            message = (
                f"Not on this cycle's shortlist: {', '.join(unknown)}. "
                f"Ask for some of {', '.join(self.shortlist)}."
            )
            return answer({"error": {"code": "unknown_symbol", "message": message}})
        return answer(market_document(self.snapshot, wanted))

    def _readable(self, symbol: str) -> bool:
        return symbol in self.shortlist and symbol in self.snapshot.markets


class GetPortfolioTool(BaseTool):
    """Read the account as it stood when the cycle began to deliberate."""

    name: str = "get_portfolio"
    description: str = "Equity, cash, exposure and the open positions with their stops and theses."
    args_schema: type[BaseModel] = GetPortfolioArgs
    account: AccountState
    views: Mapping[str, str] = Field(default_factory=dict)
    """By market what its signal says of the position held there."""

    def _run(self) -> str:
        return answer(portfolio_document(self.account, self.views))
