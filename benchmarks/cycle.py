"""
What a cycle costs: `uv run python -m benchmarks.cycle [--runs N]` prints JSON.

Each cold figure is a process of its own with compiled bytecode: wall and CPU seconds and
peak memory as the operating system counts them, medians over the runs. CPU seconds
include the processes beside it (charts); peak memory is the cycle's own. The
market is the demo at a moment with trades to decide. Machines are noisy: compare ratios
within one run.
"""

import argparse
import compileall
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.home import CHECKOUT
from crew.settings import load_settings, nested
from crew.transcript import joined, read
from records.clock import FixedClock
from records.cycle import Event
from tools.ledger.ledger import Ledger

BUSY = datetime(2026, 11, 3, 1, tzinfo=UTC)
FULL = ("model=rulebook/bold",)
_TARGETS = {
    "halted": {"wall_s": 0.8, "peak_mb": 100},
    "hold": {"wall_s": 1.5, "peak_mb": 220},
    "full": {"wall_s": 5.0, "peak_mb": 420},
    "commit": {"p50_ms": 1.0},
}
_COMMITS = 500


def main() -> None:
    """Measure everything and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    for package in ("crew", "tools", "memory", "records", "benchmarks"):
        compileall.compile_dir(CHECKOUT / package, quiet=1)
    document = {
        "cold_halted": _cold(runs, halted=True),
        "cold_hold": _cold(runs, "screen.min_strength=5", at=BUSY + timedelta(minutes=30)),
        "cold_full": _cold(runs, *FULL),
        "warm_full": _warm(runs),
        "commit": _commits(),
        "targets": _TARGETS,
    }
    print(json.dumps(document, indent=2))


def _cold(
    runs: int, *assignments: str, halted: bool = False, at: datetime = BUSY
) -> dict[str, Any]:
    """Medians over cold processes; the ledger exists already, so nothing migrates."""
    measured: list[dict[str, float]] = []
    record: dict[str, Any] = {}
    for _ in range(runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            _prepare(home)
            if halted:
                (home / "HALT").write_text("benchmark")
            figures, record = _process(home, at, assignments)
            measured.append(figures)
    counted = measured[1:]
    return {
        **{key: round(statistics.median(run[key] for run in counted), 3) for key in counted[0]},
        "wall_s_min": min(run["wall_s"] for run in counted),
        "outcome": record["outcome"],
        "hold_reason": record["hold_reason"],
        "calls": record["model"]["calls"],
        "rounds": record["model"]["rounds"],
        "timings_ms": record["timings_ms"],
    }


def _prepare(home: Path) -> None:
    """A desk that has met before, and holds nothing."""
    earlier = FixedClock(BUSY - timedelta(days=1))
    with open_desk(_settings("model=rulebook/cautious"), home, earlier) as desk:
        run_cycle(desk, lambda _text: None)


def _process(
    home: Path, at: datetime, assignments: Sequence[str]
) -> tuple[dict[str, float], dict[str, Any]]:
    output = home / "out.json"
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "benchmarks.cold", str(home), at.isoformat(), *assignments]
    began = perf_counter()
    process = os.posix_spawn(
        sys.executable,
        command,
        {**environment, "PYTHONPATH": str(CHECKOUT)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, str(output), os.O_CREAT | os.O_WRONLY, 0o600)],
    )
    _, status, usage = os.wait4(process, 0)
    wall_s = perf_counter() - began
    if status:
        raise SystemExit(f"The cycle ended with status {status}. Nothing was measured.")
    document = json.loads(output.read_text())
    figures = {
        "wall_s": round(wall_s, 3),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": round(document["peak_mb"], 1),
    }
    return figures, document["record"]


def _warm(runs: int) -> dict[str, Any]:
    """A full cycle in a process that has run one before."""
    walls: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs + 1):
            home = Path(folder) / str(number)
            home.mkdir()
            began = perf_counter()
            with open_desk(_settings(*FULL), home, FixedClock(BUSY)) as desk:
                record = run_cycle(desk, lambda _text: None)
            walls.append(perf_counter() - began)
        entries = joined(read(home / "transcripts" / f"{record.cycle_id}.jsonl"))
    calls = [entry for entry in entries if entry["kind"] == "model_call"]
    return {
        "wall_s": round(statistics.median(walls[1:]), 3),
        "calls": record.model.calls,
        "rounds": record.model.rounds,
        "approvals": len(record.approvals),
        "prompt_characters": sum(len(json.dumps(call["messages"])) for call in calls),
        "prompt_tokens": record.model.prompt_tokens,
    }


def _commits() -> dict[str, float]:
    """One durable event after another."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.db") as ledger:
        for number in range(_COMMITS):
            event = Event(
                event_id=str(number),
                cycle_id=None,
                at=BUSY,
                level="info",
                kind="benchmark",
                message="one durable commit",
            )
            began = perf_counter()
            ledger.safety.add_event(event)
            taken.append((perf_counter() - began) * 1000)
    cuts = statistics.quantiles(taken, n=100)
    return {"p50_ms": round(cuts[49], 3), "p99_ms": round(cuts[98], 3), "commits": _COMMITS}


def _settings(*assignments: str):  # type: ignore[no-untyped-def]
    return load_settings(nested(list(assignments)), env_file=None)


if __name__ == "__main__":
    main()
