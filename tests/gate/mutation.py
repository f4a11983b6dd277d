"""
How many errors put into the gate, the limits and the sizing the tests of tools/risk notice.

    python -m tests.gate.mutation [--least 95] [--jobs 2] [--again REPORT]

Every mutant is made and tested in a copy of the tree, never in the tree itself. Prints JSON,
with every mutant that survived; ends with 1 below the least percent. Mutants that cannot be
told from the original are listed with their reasons in tests/gate/equivalent.py. `--again`
tests only what survived in an earlier report.
"""

import argparse
import compileall
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.gate.equivalent import EQUIVALENT
from tests.gate.mutants import COPY_MARK, FATES, TARGETS, Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("records", "tools", "tests/gate", "tests/tools/risk")
FILES = ("pyproject.toml", "tests/__init__.py", "tests/tools/__init__.py")


def main(arguments: list[str] | None = None) -> int:
    """Make the mutants, test them, and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.mutation", description=__doc__)
    parser.add_argument("--least", type=float, default=95, help="percent that must be killed")
    parser.add_argument("--jobs", type=int, default=2, help="copies that are tested side by side")
    parser.add_argument("--again", type=Path, help="only what survived in this report")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vetodesk-mutants-") as folder:
        mutants = tested(Path(folder), given.jobs, given.again and given.again.resolve())
    report = summed_up(mutants) | {"seconds": round(time.monotonic() - began)}
    print(json.dumps(report, indent=2))
    return 0 if mutants and report["percent"] >= given.least else 1


def tested(folder: Path, jobs: int, again: Path | None) -> list[Mutant]:
    """Every mutant with its fate, each copy of the tree trying its share of them."""
    command = [sys.executable, "-m", "tests.gate.mutants", *([str(again)] if again else [])]
    copies = [copied(folder / str(part)) for part in range(jobs)]
    running = [
        subprocess.Popen([*command, f"--part={part}", f"--parts={jobs}"], cwd=copy)
        for part, copy in enumerate(copies)
    ]
    try:
        codes = [one.wait() for one in running]
    finally:
        for one in running:
            one.kill()
    if any(codes):
        raise SystemExit("a copy failed; its own words are above")
    told = [line for copy in copies for line in (copy / FATES).read_text().splitlines()]
    return [Mutant.model_validate_json(line) for line in told]


def copied(folder: Path) -> Path:
    """A copy of what the tests need, compiled but for what is mutated."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy2(ROOT / name, folder / name)
    compileall.compile_dir(folder, quiet=2)
    for target in TARGETS:
        for cached in (folder / target).parent.glob(f"__pycache__/{Path(target).stem}.*"):
            cached.unlink()
    (folder / COPY_MARK).touch()
    return folder


def summed_up(mutants: list[Mutant]) -> dict:
    """Percent of those that can be told from the original; what survived, and what is known."""
    survived = [one for one in mutants if not one.killed]
    known = [one for one in survived if one.key in EQUIVALENT]
    judged = len(mutants) - len(known)
    killed = len(mutants) - len(survived)
    return {
        "mutants": len(mutants),
        "killed": killed,
        "survived": len(survived) - len(known),
        "equivalent": len(known),
        "percent": round(100 * killed / judged, 2) if judged else 100,
        "percent_with_equivalents": round(100 * killed / len(mutants), 2) if mutants else 0,
        "by_module": {target: _of(target, mutants) for target in TARGETS},
        "survivors": [one.model_dump() for one in survived if one.key not in EQUIVALENT],
        "equivalents": [
            one.model_dump() | {"reason": EQUIVALENT[one.key]} for one in known
        ],
        "not_equivalent_after_all": [
            list(key) for key in EQUIVALENT if key in {one.key for one in mutants if one.killed}
        ],
    }  # fmt: skip


def _of(target: str, mutants: list[Mutant]) -> dict[str, int]:
    fates = Counter(
        "killed" if one.killed else "survived" for one in mutants if one.module == target
    )
    return {"killed": fates["killed"], "survived": fates["survived"]}


if __name__ == "__main__":
    sys.exit(main())
