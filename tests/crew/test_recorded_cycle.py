"""
A whole cycle recorded through a model server on loopback, and played back offline.

The committed cassette was recorded from that loopback server, which answers by the
rulebook; no provider was asked. `python -m tests.crew.test_recorded_cycle` records anew.
"""

import json
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crew.cassettes import NotRecorded, recording, replaying
from crew.cycle import run_cycle
from crew.home import CHECKOUT
from crew.replay import replay_cycle
from records.clock import FixedClock
from records.cycle import CycleRecord
from records.errors import SettingsError
from tests.crew.desks import a_desk, one_cycle
from tests.model_server import ModelServer

CASSETTE = Path(__file__).parents[1] / "cassettes" / "one_cycle.yaml"
KEY = "sk-this-key-must-not-be-recorded"
AT = datetime(2026, 11, 3, 1, tzinfo=UTC)


def asked_over_http(base_url: str, *more: str) -> tuple[str, ...]:
    """Settings that ask an OpenAI-compatible server at this address."""
    return (
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
    assert record.model.calls == 10


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
        one_cycle(tmp_path, "model=rulebook/balanced", at=AT)


def test_a_missing_cassette_is_an_error(tmp_path: Path) -> None:
    """Nothing is recorded by accident."""
    with pytest.raises(NotRecorded, match="no recording"):
        replayed(tmp_path / "home", tmp_path / "none.yaml")


def test_a_cycle_recorded_with_its_market_replays_identically(tmp_path: Path) -> None:
    """`record: true` keeps market, news, ledger and models; `desk replay` needs nothing else."""
    with ModelServer() as server:
        settings = asked_over_http(server.base_url, "record=true")
        clock = FixedClock(AT)
        one_cycle(tmp_path, *settings, at=clock)
        clock.advance(minutes=30)
        with a_desk(tmp_path, *settings, at=clock) as desk:
            second = run_cycle(desk, print)
    with no_network(), a_desk(tmp_path, *settings, at=clock) as desk:
        assert replay_cycle(desk, second.cycle_id) == ()


def test_prices_asked_for_again_are_part_of_the_recording(tmp_path: Path) -> None:
    """Before an order is sent its price is fresh; the replay must see the same one."""
    settings = ("model=rulebook/bold", "record=true", "quote_max_age_s=0")
    record = one_cycle(tmp_path, *settings, at=AT)

    with no_network(), a_desk(tmp_path, at=AT) as desk:
        assert replay_cycle(desk, record.cycle_id) == ()
    assert record.outcome == "traded"


def test_a_replay_names_what_differs(tmp_path: Path) -> None:
    """A recording is evidence: one changed figure must show."""
    record = one_cycle(tmp_path, "model=rulebook/bold", "record=true", at=AT)
    market = tmp_path / "recordings" / record.cycle_id / "market.json"
    document = json.loads(market.read_bytes())
    symbol = record.orders[0].intent.symbol
    (observed,) = document["observed"].values()
    ticker = observed["markets"][symbol]["ticker"]
    ticker["ask"] = str(Decimal(ticker["ask"]) * 2)
    market.write_text(json.dumps(document))

    with a_desk(tmp_path, at=AT) as desk:
        differences = replay_cycle(desk, record.cycle_id)

    assert any(line.startswith("orders differ") for line in differences)


def test_a_cycle_that_was_not_recorded_says_so(tmp_path: Path) -> None:
    """Recording is off by default."""
    record = one_cycle(tmp_path, at=AT)

    with a_desk(tmp_path, at=AT) as desk, pytest.raises(SettingsError, match="was not recorded"):
        replay_cycle(desk, record.cycle_id)


if __name__ == "__main__":
    CASSETTE.unlink(missing_ok=True)
    home = CASSETTE.parent / "recording-home"
    print(recorded(home, CASSETTE).outcome, file=sys.stderr)
    shutil.rmtree(home)
