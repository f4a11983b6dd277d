"""
Many starts at the same moment, many times: `python -m tests.crew.overlap [STARTS] [ROUNDS]`.

Exactly one cycle may run each time; the others leave with code 3, all within four seconds.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from crew.home import CHECKOUT
from tools.ledger.ledger import Ledger

_DESK = "from crew.main import desk; desk()"
LONGEST_S = 4.0


@dataclass(frozen=True)
class Round:
    """What became of one moment's starts."""

    ran: int
    left: int
    others: int
    last_left_s: float
    cycles: int


def start_together(home: Path, starts: int) -> Round:
    """Start that many cycles at once and wait for all of them."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "DESK_HOME": str(home),
    }
    began = monotonic()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _DESK, "cycle", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
        )
        for _ in range(starts)
    ]
    codes = dict[int, int]()
    last_left_s = 0.0
    while len(codes) < starts:
        pid, status = os.wait()
        codes[pid] = code = os.waitstatus_to_exitcode(status)
        if code == 3:
            last_left_s = monotonic() - began
    for process in running:
        process.returncode = codes[process.pid]
    found = list(codes.values())
    with Ledger(home / "ledger.db") as ledger:
        cycles = len(ledger.cycles.cycles(starts))
    others = sum(code not in (0, 3) for code in found)
    return Round(found.count(0), found.count(3), others, last_left_s, cycles)


def main(starts: int = 60, rounds: int = 20) -> int:
    """Print one line a round; the exit code is 1 when a round broke the rule."""
    broken = 0
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            seen = start_together(Path(folder), starts)
        ok = (seen.ran, seen.others, seen.cycles) == (1, 0, 1) and seen.last_left_s <= LONGEST_S
        broken += not ok
        print(f"{number:3}  {'ok  ' if ok else 'FAIL'}  {seen}", flush=True)
    print(f"{rounds - broken} of {rounds} rounds of {starts} starts kept the rule")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
