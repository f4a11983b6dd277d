"""The loopback model server, through the client that real providers are called with."""

from typing import Any

import pytest
from crewai import LLM
from openai import InternalServerError

from crew.models.embedded import RulebookLLM
from records.proposal import TradeProposals
from records.reports import TechnicalReport
from tests.crew.models.desk_case import ANALYST_BLOCKS, approved_case, prompt
from tests.crew.models.test_embedded import events, run_crew, tool_named
from tests.model_server import Fault, ModelServer

__all__ = ["events"]

pytestmark = pytest.mark.filterwarnings("ignore:(.* )?deprecated:DeprecationWarning")

TECHNICAL = prompt("Answer with one JSON object: TechnicalReport", {}, [])
PROPOSALS = prompt("Answer with one JSON object: TradeProposals", approved_case(), ANALYST_BLOCKS)


def client(server: ModelServer, *, stream: bool = False, timeout: float = 5) -> Any:
    return LLM(
        model="openai/rulebook-balanced",
        base_url=server.base_url,
        api_key="x",
        max_retries=0,
        timeout=timeout,
        stream=stream,
    )


@pytest.mark.parametrize("stream", [False, True])
def test_a_real_client_gets_what_the_embedded_model_gives(events: list[Any], stream: bool) -> None:
    """One rulebook, two ways to reach it: a recorded cycle decides as the embedded one."""
    embedded = RulebookLLM(model="rulebook/balanced")
    expected = run_crew(embedded, TECHNICAL, [tool_named("get_indicators")], TechnicalReport)

    with ModelServer() as server:
        model = client(server, stream=stream)
        given = run_crew(model, TECHNICAL, [tool_named("get_indicators")], TechnicalReport)

    assert given == expected
    assert len(server.bodies) == 2
    assert model.get_token_usage_summary().total_tokens > 0


def test_the_analyst_without_tools_is_served_too(events: list[Any]) -> None:
    """That request carries a response format instead of tools."""
    with ModelServer() as server:
        given = run_crew(client(server), PROPOSALS, [], TradeProposals)

    assert [draft.action for draft in given.proposals] == ["open_long"]
    assert "tools" not in server.bodies[0]


@pytest.mark.parametrize("fault", ["error_500", "not_json", "html_page", "hang"])
def test_a_broken_provider_raises_and_answers_nothing(fault: Fault) -> None:
    """No usable answer means no decision; the desk then holds."""
    with (
        ModelServer(fault=fault) as server,
        pytest.raises((InternalServerError, ConnectionError, ValueError, AttributeError)),
    ):
        client(server, timeout=0.3).call(PROPOSALS)

    assert len(server.bodies) == 1


def test_a_fault_can_pass(events: list[Any]) -> None:
    """Rate limits end; the second try gets a whole answer."""
    with ModelServer(fault="error_429", faulty_calls=1) as server:
        given = client(server).call(PROPOSALS)

    assert '"open_long"' in str(given)
    assert len(server.bodies) == 2


def test_a_truncated_answer_is_not_json_any_more() -> None:
    """The desk must see a cut answer as refused, not as a shorter one."""
    with ModelServer(fault="truncated") as server:
        given = str(client(server).call(PROPOSALS))

    assert given.startswith('{"proposals":[')
    assert not given.endswith("}")


def test_wrong_tool_arguments_never_reach_the_tool(events: list[Any]) -> None:
    """The tool's schema refuses them and the model is told."""
    tool = tool_named("get_indicators")

    with ModelServer(fault="wrong_tool_args", faulty_calls=1) as server:
        given = run_crew(client(server), TECHNICAL, [tool], TechnicalReport)

    assert tool.asked == []
    assert given.views[0].bias == "neutral"


def test_an_unknown_model_or_path_is_refused() -> None:
    """A typo in a model's name must not be answered by a default."""
    import httpx

    with ModelServer() as server:
        body = {"model": "gpt-x", "messages": []}
        answered = httpx.post(f"{server.base_url}/chat/completions", json=body)

    assert answered.status_code == 404
