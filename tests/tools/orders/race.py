"""
One approval, fifty threads: `python -m tests.tools.orders.race [--rounds 200] [--threads 50]`.

Prints one JSON document and leaves with 1 when any round placed another number of orders
than one.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import perf_counter

from tests.tools.orders.live import Live, sound
from tools.ledger.ledger import Ledger


def one_round(live, threads):
    """What the threads were told, and how often the venue was asked to create an entry."""
    cycle = live.cycle()
    approval_id = cycle.approve()
    desks = [
        cycle.execution.desk(quote=lambda _s: live.market(), halted=lambda: None)
        for _ in range(threads)
    ]
    gate = Barrier(threads)

    def use(desk):
        gate.wait()
        report = desk.place_all([approval_id])
        return "placed" if report.orders else report.refused[0].code

    before = len(live.venue.created)
    with ThreadPoolExecutor(threads) as pool:
        answers = Counter(pool.map(use, desks))
    entries = [one for one in live.venue.created[before:] if one.endswith("-e")]
    cycle.execution.flatten(None)
    sound(live)
    return answers, len(entries)


def run(path, rounds, threads):
    """All rounds against one ledger; each uses desks of its own, as processes would."""
    began = perf_counter()
    with Ledger(path) as ledger:
        live = Live(ledger)
        results = [one_round(live, threads) for _ in range(rounds)]
    told = sum((answers for answers, _ in results), Counter())
    return {
        "rounds": rounds,
        "threads": threads,
        "entries_sent": Counter(entries for _, entries in results),
        "told": told,
        "wrong_rounds": sum(entries != 1 or answers["placed"] != 1 for answers, entries in results),
        "seconds": round(perf_counter() - began, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--threads", type=int, default=50)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder) / "ledger.db", asked.rounds, asked.threads)
    print(json.dumps(result, indent=2))
    sys.exit(1 if result["wrong_rounds"] else 0)


if __name__ == "__main__":
    main()
