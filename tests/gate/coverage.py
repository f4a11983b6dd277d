"""
Branch coverage of tools/risk and tools/orders by their own tests; ends with 1 below 100 %.

    python -m tests.gate.coverage [FILE_OR_FOLDER ...]

Prints JSON: percent by file, with the lines and branches that no test took. With paths, such
as tools/risk/gate.py, only these are judged and only the tests of their folders are run.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDERS = ("tools/risk", "tools/orders")
GENERATED = "tests/tools/risk/test_generated.py"
"""Not counted: what it covers it covers by chance, and slowly."""


def main(arguments: list[str]) -> int:
    """Run the tests, and print what they left out."""
    paths = tuple(arguments) or FOLDERS
    folders = [folder for folder in FOLDERS if any(path.startswith(folder) for path in paths)]
    passed, files = measured(folders)
    judged = {name: one for name, one in files.items() if name.startswith(paths)}
    short = {name: one for name, one in judged.items() if one["lines"] or one["branches"]}
    report = {
        "tests_passed": passed,
        "files": len(judged),
        "branches": sum(one["taken"] for one in judged.values()),
        "full": len(judged) - len(short),
        "below_100": short,
    }
    print(json.dumps(report, indent=2))
    return 0 if passed and judged and not short else 1


def measured(folders: list[str]) -> tuple[bool, dict[str, dict[str, Any]]]:
    """Whether the tests of these folders passed, and the coverage of each file in them."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "coverage.json")
        run = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov-branch"),
                *(f"--cov={folder}" for folder in folders),
                *("--cov-report=", f"--cov-report=json:{report}", f"--ignore={GENERATED}"),
                *(f"tests/{folder}" for folder in folders),
            ],
            cwd=ROOT,
            env=os.environ | {"COVERAGE_FILE": str(Path(scratch, "data"))},
            stdout=sys.stderr,
            check=False,
        )
        found = json.loads(report.read_text(encoding="utf-8"))["files"]
    return run.returncode == 0, {name: _told(one) for name, one in sorted(found.items())}


def _told(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "percent": round(one["summary"]["percent_covered"], 2),
        "taken": one["summary"]["covered_branches"],
        "lines": " ".join(map(str, one["missing_lines"])),
        "branches": " ".join(f"{start}->{end}" for start, end in one["missing_branches"]),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
