"""
Many recorded rulebook cycles, each run again: `python -m tests.crew.replays --count 100`.

Four desks on the demo market, cautious to bold, one of which vetoes what pays too little;
their clocks go on, so that positions, stops and holds come and go. Prints one JSON document;
the exit code is 0 only when every replay is identical.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.replay import replay_cycle
from records.clock import SystemClock
from records.cycle import CycleRecord
from records.errors import TradingError
from tests.crew.desks import settings

DESKS = (
    ("model=rulebook/bold",),
    ("model=rulebook/balanced", "screen.min_strength=2", "screen.max_shortlist=6"),
    ("model=rulebook/cautious", "screen.min_strength=2"),
    ("model=rulebook/bold", "risk.min_reward_risk=4"),
)
BEGAN = datetime(2026, 11, 3, 1, tzinfo=UTC)
_STEP = timedelta(minutes=51)


class MovedClock:
    """The machine's clock, moved to another day; it goes on while a cycle runs."""

    def __init__(self, at: datetime) -> None:
        self._clock = SystemClock()
        self._ahead = at - self._clock.now()

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def move(self, by: timedelta) -> None:
        self._ahead += by


def replays(count: int, root: Path) -> Iterator[tuple[CycleRecord, tuple[str, ...]]]:
    """That many cycles, shared by the desks, each with what its replay found different."""
    for number, assignments in enumerate(DESKS):
        clock = MovedClock(BEGAN + number * timedelta(hours=9))
        with open_desk(settings(*assignments), root / str(number), clock) as desk:
            desk.draws = False
            for _ in range(len(range(number, count, len(DESKS)))):
                record = run_cycle(desk, lambda _text: None)
                try:
                    yield record, replay_cycle(desk, record.cycle_id)
                except TradingError as error:
                    yield record, (str(error),)
                clock.move(_STEP)


def main() -> None:
    """Run, compare and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    count = parser.parse_args().count
    began = perf_counter()
    with tempfile.TemporaryDirectory() as root:
        found = list(replays(count, Path(root)))
    different = {record.cycle_id: found for record, found in found if found}
    document = {
        "cycles": len(found),
        "identical": len(found) - len(different),
        "outcomes": Counter(f"{r.outcome} {r.hold_reason or ''}".strip() for r, _ in found),
        "with_closed_trades": sum(bool(record.trades) for record, _ in found),
        "with_model_calls": sum(record.model.calls > 0 for record, _ in found),
        "different": different,
        "seconds": round(perf_counter() - began, 1),
    }
    print(json.dumps(document, indent=2))
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
