"""
The models' HTTP traffic of a cycle, recorded from a server on loopback and played back.

The committed cassette was recorded from that loopback server, which answers by the
rulebook; no provider was asked. `python -m tests.crew.test_recorded_cycle` records anew.
"""

import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crew.cassettes import NotRecorded, recording, replaying
from crew.home import CHECKOUT
from records.cycle import CycleRecord
from tests.crew.desks import one_cycle
from tests.model_server import ModelServer

CASSETTE = Path(__file__).parents[1] / "cassettes" / "one_cycle.yaml"
KEY = "sk-this-key-must-not-be-recorded"
AT = datetime(2026, 11, 3, 1, tzinfo=UTC)


def asked_over_http(base_url: str, *more: str) -> tuple[str, ...]:
    """Settings that ask an OpenAI-compatible server here; the cassette is the only recording."""
    return (
        "record=false",
        "model=openai/rulebook-bold",
        f"llm.base_url={base_url}",
        f"llm.api_key={KEY}",
        "screen.max_shortlist=2",
        *more,
    )


def recorded(home: Path, cassette: Path, *more: str) -> CycleRecord:
    """A cycle with its model calls recorded from the loopback server."""
    with ModelServer() as server, recording(cassette):
        return one_cycle(home, *asked_over_http(server.base_url, *more), at=AT)


def replayed(home: Path, cassette: Path, *more: str) -> CycleRecord:
    """The same cycle, answered by the cassette alone."""
    with no_network(), replaying(cassette):
        return one_cycle(home, *asked_over_http("http://127.0.0.1:9/v1", *more), at=AT)


@contextmanager
def no_network() -> Iterator[None]:
    """Every attempt to connect fails."""

    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("the network was used")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "create_connection", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


def test_a_recorded_cycle_replays_offline_with_the_same_decisions(tmp_path: Path) -> None:
    """Same proposals, verdicts and orders, with no server and no network."""
    first = recorded(tmp_path / "a", tmp_path / "cassette.yaml")
    again = replayed(tmp_path / "b", tmp_path / "cassette.yaml")

    assert first.outcome == "traded"
    assert again.reports == first.reports
    assert again.proposals == first.proposals
    assert again.verdicts == first.verdicts
    assert again.orders == first.orders
    assert again.fills == first.fills


def test_the_committed_cassette_replays(tmp_path: Path) -> None:
    """People's own tests look like this one."""
    record = replayed(tmp_path, CASSETTE)

    assert record.outcome == "traded"
    assert record.model.calls == 9


def test_streaming_replays_as_well(tmp_path: Path) -> None:
    """Providers stream; the recording keeps the whole body."""
    first = recorded(tmp_path / "a", tmp_path / "cassette.yaml", "llm.stream=true")
    again = replayed(tmp_path / "b", tmp_path / "cassette.yaml", "llm.stream=true")

    assert again.proposals == first.proposals
    assert again.orders == first.orders


def test_no_key_is_in_a_cassette(tmp_path: Path) -> None:
    """Cassettes are committed."""
    recorded(tmp_path / "a", tmp_path / "cassette.yaml")

    text = (tmp_path / "cassette.yaml").read_text() + CASSETTE.read_text()

    assert KEY not in text
    assert "uthorization" not in text


def test_an_edited_goal_fails_loudly_and_names_the_agent(tmp_path: Path) -> None:
    """A replay that quietly used old answers for a new prompt would prove nothing."""
    agents = tmp_path / "agents.yaml"
    shutil.copy(CHECKOUT / "agents.yaml", agents)
    agents.write_text(agents.read_text().replace("Veto every proposal", "Welcome every proposal"))

    with pytest.raises(NotRecorded) as refused:
        replayed(tmp_path / "home", CASSETTE, f"agents_file={agents}")

    assert "agent 'Risk officer'" in str(refused.value)
    assert "Welcome every proposal" in str(refused.value)


def test_a_cycle_that_asks_less_than_was_recorded_fails(tmp_path: Path) -> None:
    """An unused recording means that the cycle took another way."""
    with pytest.raises(NotRecorded, match="were not asked for"), replaying(CASSETTE):
        one_cycle(tmp_path, "model=rulebook/balanced", "record=false", at=AT)


def test_a_missing_cassette_is_an_error(tmp_path: Path) -> None:
    """Nothing is recorded by accident."""
    with pytest.raises(NotRecorded, match="no recording"):
        replayed(tmp_path / "home", tmp_path / "none.yaml")


if __name__ == "__main__":
    CASSETTE.unlink(missing_ok=True)
    home = CASSETTE.parent / "recording-home"
    print(recorded(home, CASSETTE).outcome, file=sys.stderr)
    shutil.rmtree(home)
