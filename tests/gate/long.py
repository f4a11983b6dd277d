"""
The proof of the gate at length, as one command: as JSON, and with code 1 when anything failed.

    python -m tests.gate.long [--cases 100000] [--first-seed 0] [--jobs 2]
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.gate.proof import Summary, prove

PART = 1_000


def main(arguments: list[str] | None = None) -> int:
    """Judge so many generated worlds and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.long", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    given = parser.parse_args(arguments)

    began = time.monotonic()
    seeds = range(given.first_seed, given.first_seed + given.cases)
    parts = [seeds[start : start + PART] for start in range(0, len(seeds), PART)]
    with ProcessPoolExecutor(given.jobs) as pool:
        found = sum(pool.map(prove, parts), Summary())
    found.seconds = round(time.monotonic() - began, 1)
    print(found.model_dump_json(indent=2))
    return 0 if found.cases == given.cases and found.violations == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
