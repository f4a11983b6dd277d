"""
What recording costs: `uv run python -m benchmarks.recorder [--runs N]` prints JSON.

Warm rulebook cycles at a moment with trades to decide, with and without a recording, turn
about in one process, and the replay of what was recorded. Medians and minima of wall and CPU
seconds; the CPU seconds are this process's own, without the processes beside it, and their
minima are what other work on the machine disturbs least.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.cycle import BUSY, FULL
from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.replay import Rerun
from crew.settings import load_settings, nested
from records.clock import FixedClock
from records.cycle import CycleRecord

_TARGETS = {"recording_adds_pct": 10, "replay_of_cycle_pct": 100}


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(_measured(runs, Path(folder)), indent=2))


def _measured(runs: int, root: Path) -> dict[str, Any]:
    taken: dict[str, list[tuple[float, float]]] = {"plain": [], "recorded": [], "replay": []}
    for number in range(runs + 1):
        for name, record in (("plain", "false"), ("recorded", "true")):
            home = root / f"{name}{number}"
            taken[name].append(_timed(lambda home=home, record=record: _cycle(home, record)))
        kept = _cycle_of(home)
        folder = home / "recordings" / kept.cycle_id
        taken["replay"].append(_timed(lambda folder=folder, kept=kept: Rerun(folder, kept)))
    medians = {name: _medians(found[1:]) for name, found in taken.items()}
    plain, recorded = medians["plain"], medians["recorded"]
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    return {
        **medians,
        "recording_adds_pct": round(100 * (recorded["wall_s"] / plain["wall_s"] - 1), 1),
        "recording_adds_cpu_pct": round(100 * (recorded["cpu_s_min"] / plain["cpu_s_min"] - 1), 1),
        "replay_of_cycle_pct": round(100 * medians["replay"]["wall_s"] / plain["wall_s"], 1),
        "bytes": sizes,
        "bytes_together": sum(sizes.values()),
        "targets": _TARGETS,
    }


def _cycle(home: Path, record: str) -> CycleRecord:
    home.mkdir()
    settings = load_settings(nested([*FULL, f"record={record}"]), env_file=None)
    with open_desk(settings, home, FixedClock(BUSY)) as desk:
        return run_cycle(desk, lambda _text: None)


def _cycle_of(home: Path) -> CycleRecord:
    settings = load_settings(nested([*FULL]), env_file=None)
    with open_desk(settings, home, FixedClock(BUSY)) as desk:
        found = desk.ledger.cycles.last_cycle()
    assert found is not None
    return found


def _timed(what: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = perf_counter(), process_time()
    what()
    return perf_counter() - wall, process_time() - cpu


def _medians(taken: list[tuple[float, float]]) -> dict[str, float]:
    walls, cpus = zip(*taken, strict=True)
    return {
        "wall_s": round(statistics.median(walls), 3),
        "wall_s_min": round(min(walls), 3),
        "cpu_s": round(statistics.median(cpus), 3),
        "cpu_s_min": round(min(cpus), 3),
    }


if __name__ == "__main__":
    main()
