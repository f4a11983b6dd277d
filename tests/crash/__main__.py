"""
The crash proof, as one command.

    python -m tests.crash [--seeds 20] [--jobs 2] [--points 10] [--faults late none] [--json]
    python -m tests.crash --one '{"seed": 3, "fault": "late", "kill_at": 7}'

It ends with 1 when anything was found; a wrong path must end with 1, or the proof is blind.
"""

import argparse
import sys

from tests.crash.campaign import Scale, bench, run_all, scratch
from tests.crash.controls import PATHS
from tests.crash.run import Run
from tests.crash.script import FAULTS
from tests.crash.summary import Summary, summed_up

POINTS = 10
"""4,340 runs with all seeds and faults: a quarter of an hour on two cores, busy ones too."""

REPEATED_SEEDS = 1
REPEATED_POINTS = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the proof and print what it showed."""
    given = _parser().parse_args(arguments)
    if given.one:
        return _one(Run.model_validate_json(given.one), given.path)
    summary = prove(_scale(given), given.path, given.examples)
    print(summary.model_dump_json(indent=None if given.json else 2))
    return 0 if summary.sound else 1


def prove(scale: Scale, path: str, examples: int) -> Summary:
    """The runs of this scale; a few of them twice, since the same seed gives the same ledger."""
    outcomes, seconds = run_all(scale, PATHS[path])
    points = min(scale.points or REPEATED_POINTS, REPEATED_POINTS)
    few = {"seeds": scale.seeds[:REPEATED_SEEDS], "points": points}
    again, more_seconds = run_all(scale.model_copy(update=few), PATHS[path])
    return summed_up(outcomes, again, seconds + more_seconds, examples)


def _one(run: Run, path: str) -> int:
    """One run again, to look at it closely."""
    with scratch() as folder, bench(folder, PATHS[path], "one") as own:
        outcome = own.run(run)
    print(outcome.model_dump_json(indent=2))
    return 1 if outcome.findings else 0


def _scale(given: argparse.Namespace) -> Scale:
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    return Scale(
        seeds=tuple(seeds), faults=given.faults, points=given.points or None, jobs=given.jobs
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many trades")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=FAULTS)
    parser.add_argument(
        "--points", type=int, default=POINTS, help="of a seed and fault, spread over it; 0: all"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--path", choices=sorted(PATHS), default="desk", help="what is proven")
    parser.add_argument("--examples", type=int, default=10, help="findings to print")
    parser.add_argument("--json", action="store_true", help="one line")
    parser.add_argument("--one", help="one run as JSON, with its findings in full")
    return parser


if __name__ == "__main__":
    sys.exit(main())
