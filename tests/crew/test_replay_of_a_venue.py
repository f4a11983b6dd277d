"""A cycle on a real client: model server and exchange on loopback, then both gone."""

from pathlib import Path

import pytest

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.replay import replay_cycle
from records.cycle import CycleRecord
from tests.crew.desks import settings
from tests.model_server import ModelServer
from tests.tools.exchange.loopback import LoopbackVenue, running, venue

__all__ = ["running", "venue"]

_MARKETS = (
    "venue=binanceusdm",
    "symbols=[BTC/USDT, ETH/USDT]",
    "intervals=[5m, 1h, 4h]",
    "news.feeds=['sample']",
    "screen.min_strength=1",
    "context.fear_greed_url=null",
    "context.dominance_url=null",
    "llm.api_key=sk-of-nobody-at-all",
    "model=openai/rulebook-bold",
)


@pytest.fixture
def met(tmp_path: Path, venue: LoopbackVenue) -> CycleRecord:
    """A cycle in which venue and models were asked over HTTP."""
    with ModelServer() as server:
        wanted = settings(*_MARKETS, f"exchange_url={venue.url}", f"llm.base_url={server.base_url}")
        with open_desk(wanted, tmp_path) as desk:
            return run_cycle(desk, lambda _text: None)


def test_it_replays_identically_with_both_gone(tmp_path: Path, met: CycleRecord) -> None:
    """Nothing but the recording is left: no server answers, and no connection is made."""
    with open_desk(settings("venue=binanceusdm"), tmp_path, for_crew=False) as desk:
        found = replay_cycle(desk, met.cycle_id)

    assert met.model.calls > 0, met.message
    assert found == ()
