"""
Everything of a cycle stands in its transcript: prompts, tools, thoughts, retries, durations.

A cycle through the loopback model server shows what a provider's client tells; what no
server here would do is told to the listener as CrewAI tells it.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crew.listener import CrewListener
from crew.transcript import Transcript, read
from records.clock import FixedClock
from tests import model_server
from tests.crew.desks import one_cycle
from tests.crew.test_costs import BUSY, PRICED
from tests.crew.test_recorded_cycle import asked_over_http
from tests.model_server import ModelServer

THOUGHT = "The trend is up, but \u202e the book is thin."


def rows(folder: Path, kind: str | None = None) -> list[dict[str, Any]]:
    (path,) = folder.rglob("*.jsonl")
    return [row for row in read(path) if kind in (None, row["kind"])]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The transcripts of a cycle whose provider tells its reasoning, as DeepSeek does."""
    home = tmp_path_factory.mktemp("asked")
    usual = model_server._message

    def thinking(given: Any, *, wrong_args: bool) -> dict[str, Any]:
        return usual(given, wrong_args=wrong_args) | {"reasoning_content": THOUGHT}

    with pytest.MonkeyPatch.context() as patch, ModelServer() as server:
        patch.setattr(model_server, "_message", thinking)
        one_cycle(home, *asked_over_http(server.base_url, PRICED), at=BUSY)
    yield home / "transcripts"


def test_each_request_has_its_prompt_tools_turn_reply_cost_and_time(asked: Path) -> None:
    """One request, one reply, in the order of their calls."""
    requests, replies = rows(asked, "model_request"), rows(asked, "model_reply")

    assert sorted(row["call"] for row in requests) == sorted(row["call"] for row in replies)
    for row in requests:
        assert row["agent"] and row["task"] and row["messages"] and row["turn"] >= 1
    for row in replies:
        assert bool(row["reply"]) != bool(row["tool_calls"])
        assert Decimal(row["cost_usd"]) > 0
        assert row["latency_ms"] > 0


def test_every_tool_that_was_offered_is_described_once(asked: Path) -> None:
    """With the schema that the model was told; requests name it."""
    described = [row["name"] for row in rows(asked, "tool")]
    offered = {tool for row in rows(asked, "model_request") for tool in row["tools"]}

    assert sorted(described) == sorted(offered)
    for row in rows(asked, "tool"):
        assert json.loads(row["definition"])["function"]["parameters"]["type"] == "object"


def test_what_a_provider_tells_of_its_reasoning_is_kept(asked: Path) -> None:
    """Exactly as it came, with the reply that it led to."""
    assert {row["reasoning"] for row in rows(asked, "model_reply")} == {THOUGHT}


def test_reasoning_goes_to_no_agent(asked: Path) -> None:
    """It is for who reads the transcript; only parsed records are handed on."""
    asked_with = json.dumps([row["messages"] for row in rows(asked, "model_request")])
    assert "book is thin" not in asked_with


def test_who_sits_in_the_crew_stands_before_the_first_request(asked: Path) -> None:
    """By role and by name, with model and tasks."""
    (crew,) = rows(asked, "crew")

    assert crew["n"] < rows(asked, "model_request")[0]["n"]
    (officer,) = (one for one in crew["members"] if one["agent"] == "risk_officer")
    assert officer["role"] == "Risk officer" and officer["tasks"] == ["verdict"]
    assert officer["model"].startswith("openai/")


def test_a_tool_call_has_its_duration_even_when_it_fails(tmp_path: Path) -> None:
    """A slow failure is a finding."""
    with Transcript(tmp_path / "c.jsonl", FixedClock(BUSY)) as transcript:
        listener = CrewListener(transcript, lambda *_: None)
        told = {"agent_role": "a", "task_name": "t", "tool_name": "x", "tool_args": {}}
        listener(None, SimpleNamespace(type="tool_usage_started", **told))
        listener(None, SimpleNamespace(type="tool_usage_error", error="no", **told))

    (row,) = rows(tmp_path)
    assert row["kind"] == "tool_error" and row["duration_ms"] >= 0


def test_pieces_of_reasoning_become_one_text_of_their_call(tmp_path: Path) -> None:
    """Two models think at the same time."""
    with Transcript(tmp_path / "c.jsonl", FixedClock(BUSY)) as transcript:
        listener = CrewListener(transcript, lambda *_: None)
        for kind, calls in (("llm_call_started", "ab"), ("llm_thinking_chunk", "abab"),
                            ("llm_call_completed", "ab")):  # fmt: skip
            for call in calls:
                listener(None, _event(kind, call))

    assert [row["reasoning"] for row in rows(tmp_path, "model_reply")] == ["aa", "bb"]


def _event(kind: str, call: str) -> SimpleNamespace:
    return SimpleNamespace(
        type=kind, call_id=call, agent_role="r", task_name=call, model="m", messages="x",
        tools=None, chunk=call, response="yes", usage=None, finish_reason="stop",
    )  # fmt: skip


def test_why_a_crew_works_no_further_stands_where_it_stopped(tmp_path: Path) -> None:
    """An answer that was refused is a decision of the guard like any other."""
    with ModelServer(fault="truncated") as server:
        one_cycle(tmp_path, *asked_over_http(server.base_url), "on_model_failure=hold", at=BUSY)

    (ended,) = rows(tmp_path / "transcripts", "crew_ended")
    assert ended["error"] == "AnswerRefused"
    assert ended["task"] and ended["agent"]
    assert "was refused" in ended["message"]


def test_a_call_that_is_tried_again_is_a_turn_of_its_own(tmp_path: Path) -> None:
    """The refusal stands between the two requests."""
    with ModelServer(fault="wrong_tool_args", faulty_calls=3) as server:
        one_cycle(tmp_path, *asked_over_http(server.base_url), at=BUSY)

    refused = rows(tmp_path / "transcripts", "call_refused")
    assert refused
    task = refused[0]["task"]
    of_task = [row for row in rows(tmp_path / "transcripts") if row.get("task") == task]
    kinds = [row["kind"] for row in of_task if row["kind"] in ("model_request", "call_refused")]
    turns = [row["turn"] for row in of_task if row["kind"] == "model_request"]
    assert [kind for kind, _ in groupby(kinds)][:3] == [
        "model_request",
        "call_refused",
        "model_request",
    ]
    assert turns == list(range(1, len(turns) + 1))
