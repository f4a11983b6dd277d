"""What the risk officer may call: read limits and breaker, and submit verdicts."""

from typing import Any

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from records.table import answer
from records.verdict import Verdicts
from tools.risk.desk import RiskDesk
from tools.risk.views import breaker_view, limits_view


class NoArgs(BaseModel):
    """Takes no arguments."""

    model_config = ConfigDict(extra="forbid")


class GetLimitsTool(BaseTool):
    """The bounds in force and the room left under them."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "get_limits"
    description: str = (
        "The limits a trade must keep by its own numbers, locked markets, and the room left. "
        "The desk checks all its limits itself."
    )
    args_schema: type[BaseModel] = NoArgs
    desk: RiskDesk

    def _run(self) -> str:
        desk = self.desk
        held, locks = desk.holdings(""), desk.locks()
        return answer(limits_view(desk.limits, held, locks, desk.halted(), desk.shortlist))


class GetCircuitBreakerTool(BaseTool):
    """The circuit breaker's state and what it measured."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "get_circuit_breaker"
    description: str = "The circuit breaker's state and the drops it measured."
    args_schema: type[BaseModel] = NoArgs
    desk: RiskDesk

    def _run(self) -> str:
        return answer(breaker_view(self.desk.breaker))


class SubmitVerdictTool(BaseTool):
    """Record verdicts and let the gate decide; the officer cannot approve by words alone."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "submit_verdict"
    description: str = (
        "Submit your verdict on every proposal, all in one call. It ends your task. "
        "A verdict may only tighten: veto, or lower quantity, closer stop, lower leverage."
    )
    args_schema: type[BaseModel] = Verdicts
    result_as_answer: bool = True
    desk: RiskDesk

    def _run(self, verdicts: list[Any]) -> str:
        written = Verdicts.model_validate({"verdicts": verdicts})
        return self.desk.submit(written.verdicts).model_dump_json()
