"""A sample of the proof that `python -m tests.crew.replays` runs at length."""

from pathlib import Path

from tests.crew.replays import DESKS, replays


def test_recorded_cycles_of_every_desk_replay_identically(tmp_path: Path) -> None:
    """Trades, vetoes and holds, while the clock goes on."""
    found = list(replays(2 * len(DESKS), tmp_path))

    assert len(found) == 2 * len(DESKS)
    assert [(record.cycle_id, differs) for record, differs in found if differs] == []
    assert {"traded", "vetoed"} <= {record.outcome for record, _ in found}
