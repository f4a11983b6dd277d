"""What a cycle read beside the market is in its recording, and stands in on replay."""

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crew.cassettes import NotRecorded
from crew.cycle import run_cycle
from crew.recording import recorded_outside
from crew.replay import Rerun, replay_cycle
from records.context import Earlier, Outside, Reading
from records.cycle import CycleRecord
from tests.crew.desks import a_desk

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
MOOD = Reading(
    name="fear_greed", value=Decimal(34), unit="points", source="api.example",
    at=AT - timedelta(hours=1), read_at=AT,
)  # fmt: skip
OUTSIDE = Outside(
    fear_greed=MOOD,
    dominance=MOOD.model_copy(
        update={"name": "btc_dominance", "value": Decimal("56.28"), "unit": "percent"}
    ),
    open_interest={"BTC/USDT": Earlier(open_interest=Decimal(9), at=AT - timedelta(hours=24))},
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CycleRecord]:
    """A cycle that read all that can be read, and its state folder."""
    home = tmp_path_factory.mktemp("home")
    with a_desk(home, "record=true", at=AT) as desk:
        desk.recorded_outside = OUTSIDE
        return home, run_cycle(desk, lambda _text: None)


def told(record: CycleRecord) -> str:
    """What the sentiment reader says of the whole market."""
    assert record.reports.sentiment is not None
    return record.reports.sentiment.views[0].reasons[-1]


def test_the_agents_see_it_and_the_transcript_holds_it(
    recorded: tuple[Path, CycleRecord],
) -> None:
    """The sentiment reader has the tool, the cycle's own readings are in its answer."""
    home, record = recorded
    transcript = (home / "transcripts" / f"{record.cycle_id}.jsonl").read_text()

    assert "Fear & Greed 34" in told(record)
    assert '"btc_dominance"' in transcript
    assert "open_interest_rise_24h_pct" in transcript


def test_a_replay_hears_the_same(recorded: tuple[Path, CycleRecord]) -> None:
    """Nothing is asked again, and nothing differs."""
    home, record = recorded
    folder = home / "recordings" / record.cycle_id

    assert recorded_outside(folder) == OUTSIDE
    assert told(Rerun(folder, record).record) == told(record)
    with a_desk(home, "record=true", at=AT) as desk:
        assert replay_cycle(desk, record.cycle_id) == ()


def test_a_recording_without_it_gives_nothing(
    recorded: tuple[Path, CycleRecord], tmp_path: Path
) -> None:
    """On demo and replay nothing is asked beside the market."""
    home, record = recorded
    folder = tmp_path / "recording"
    shutil.copytree(home / "recordings" / record.cycle_id, folder)
    (folder / "outside.json").unlink()

    again = Rerun(folder, record)

    assert recorded_outside(folder) is None
    with pytest.raises(NotRecorded, match="its prompt changed"):
        again.differences()
