"""The rulebook inside a real CrewAI crew: tools run, events come, reports are typed."""

import asyncio
from collections.abc import Iterator
from threading import Lock
from typing import Any

import pytest
from crewai import Agent, Crew, CrewOutput, Task
from crewai.events.stream_context import add_stream_sink, reset_stream_sinks
from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field

from crew.models.embedded import RulebookLLM
from records.errors import SettingsError
from records.proposal import TradeProposals
from records.reports import TechnicalReport
from tests.crew.models.desk_case import ANALYST_BLOCKS, approved_case, as_printed, prompt

pytestmark = pytest.mark.filterwarnings("ignore:(.* )?deprecated:DeprecationWarning")


class SymbolsArgs(BaseModel):
    """What every reading tool takes."""

    model_config = ConfigDict(extra="forbid")

    symbols: list[str] = Field(description="markets on this cycle's shortlist")


class PrintedTool(BaseTool):
    """Answers with one printed document and remembers what it was asked."""

    name: str
    description: str = "Figures of the market."
    args_schema: type[BaseModel] = SymbolsArgs
    printed: str
    asked: list[list[str]] = Field(default_factory=list)

    def _run(self, symbols: list[str]) -> str:
        self.asked.append(symbols)
        return self.printed


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[list[Any]]:
    """Every event of the crew, in order, and no file outside the test's folder."""
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path))
    monkeypatch.setenv("CREWAI_DISABLE_TELEMETRY", "true")
    seen: list[Any] = []
    lock = Lock()

    def sink(source: Any, event: Any) -> None:
        with lock:
            seen.append(event)

    token = add_stream_sink(sink)
    yield seen
    reset_stream_sinks(token)


def run_crew(model: Any, user: str, tools: list[BaseTool], record: type[BaseModel]) -> Any:
    """One agent, one task, no retries."""
    agent = Agent(
        role="Analyst", goal="Read.", backstory="Exact.", llm=model, tools=tools, max_retry_limit=0
    )
    task = Task(description=user, expected_output="JSON.", agent=agent, output_pydantic=record)
    ended = Crew(agents=[agent], tasks=[task]).kickoff()
    assert isinstance(ended, CrewOutput)
    return ended.pydantic


def tool_named(name: str) -> PrintedTool:
    return PrintedTool(name=name, printed=as_printed(name, approved_case()[name]))


def test_a_reader_runs_all_its_tools_in_one_turn_and_returns_its_record(events: list[Any]) -> None:
    """Two model calls a task: one that reads everything, one that answers."""
    tools = [tool_named("get_indicators"), tool_named("get_market_snapshot")]
    user = prompt("Answer with one JSON object: TechnicalReport", {}, [])

    given = run_crew(RulebookLLM(model="rulebook/balanced"), user, [*tools], TechnicalReport)

    assert isinstance(given, TechnicalReport)
    assert given.views[0].bias == "bullish"
    assert [tool.asked for tool in tools] == [[["BTC/USDT"]], [["BTC/USDT"]]]
    kinds = [event.type for event in events]
    assert kinds.count("llm_call_started") == kinds.count("llm_call_completed") == 2
    assert kinds.count("tool_usage_finished") == 2


def test_the_analyst_without_tools_returns_its_record_in_one_call(events: list[Any]) -> None:
    """CrewAI asks for the record by response_model here; the answer is the same JSON."""
    user = prompt("Answer with one JSON object: TradeProposals", approved_case(), ANALYST_BLOCKS)

    given = run_crew(RulebookLLM(model="rulebook/balanced"), user, [], TradeProposals)

    assert isinstance(given, TradeProposals)
    assert [draft.action for draft in given.proposals] == ["open_long"]
    assert [event.type for event in events].count("llm_call_completed") == 1


def test_every_call_reports_its_estimated_tokens(events: list[Any]) -> None:
    """The ledger counts tokens per call; an unreported call would look free of thought."""
    user = prompt("Answer with one JSON object: TechnicalReport", {}, [])
    model = RulebookLLM(model="rulebook/bold")
    run_crew(model, user, [tool_named("get_indicators")], TechnicalReport)

    ended = [event for event in events if event.type == "llm_call_completed"]
    totals = [event.usage["total_tokens"] for event in ended]

    assert {event.model for event in ended} == {"rulebook/bold"}
    assert all(total > 0 for total in totals)
    assert model.get_token_usage_summary().total_tokens == sum(totals)


def test_an_asynchronous_call_gives_the_same_answer() -> None:
    """The three readers run side by side."""
    user = prompt("Answer with one JSON object: TradeProposals", approved_case(), ANALYST_BLOCKS)
    model = RulebookLLM(model="rulebook/balanced")

    assert asyncio.run(model.acall(user)) == model.call(user)


@pytest.mark.parametrize("name", ["rulebook/brave", "rulebook/", "gpt"])
def test_an_unknown_temperament_is_refused_by_name(name: str) -> None:
    """A typo must not silently become the default temperament."""
    with pytest.raises(SettingsError, match="cautious, balanced, bold"):
        RulebookLLM(model=name)
