"""One cycle in a fresh process at a fixed moment of the demo market: what the benchmark times."""

import sys
from datetime import datetime
from pathlib import Path

from crew.home import cycle_lock
from crew.main import short_lived


def main(home: Path, at: datetime, assignments: list[str]) -> None:
    """Do what `desk cycle --json` does, by a clock that stands still."""
    with short_lived(), cycle_lock(home):
        from crew import cli  # noqa: F401  its import is a part of what is timed
        from crew.console import print_json
        from crew.cycle import run_cycle
        from crew.desk import open_desk
        from crew.settings import load_settings, nested
        from records.clock import FixedClock

        settings = load_settings(nested(assignments), env_file=None)
        with open_desk(settings, home, FixedClock(at)) as desk:
            record = run_cycle(desk, lambda _text: None)
        print_json({"record": record.model_dump(mode="json"), "peak_mb": _peak_mb()})


def _peak_mb() -> float:
    """Highest resident size since this program was executed; what a parent held does not count."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), sys.argv[3:])
