"""`uv run python -m tests.redteam FILE...`: every case of these files through the real desk."""

import argparse
import os
from pathlib import Path
from time import perf_counter

from tests.redteam import contract


def main() -> int:
    """Run all files; 1 when a case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.redteam", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--only", help="Cases whose id contains this.")
    asked = parser.parse_args()
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    from tests.redteam import news, outputs
    from tests.redteam.script import ScriptedServer

    passed = failed = 0
    with ScriptedServer() as server:
        for file in asked.files:
            for case in contract.load(file):
                if asked.only and asked.only not in case["id"]:
                    continue
                began = perf_counter()
                run = news.failures if contract.is_news(case) else outputs.failures
                found = run(case, server)
                took_s = perf_counter() - began
                print(f"{'FAIL' if found else 'ok  '} {case['id']}  {took_s:.1f} s", flush=True)
                for line in found:
                    print(f"       {line}", flush=True)
                passed, failed = passed + (not found), failed + bool(found)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
