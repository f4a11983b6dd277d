"""
What-if over real candles: `uv run python -m tests.real.what_if [--cycles N] [--start TIME]`.

Records so many cycles with the rulebook and the moderate limits, asks what would have been
with nothing changed and with the conservative ones, and prints one JSON document. Ends with
code 1 when nothing changed is not nothing: a flip, or a model call.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.settings import Settings
from crew.what_if import told
from crew.what_if.answer import Answer
from crew.what_if.asking import answer
from crew.what_if.cases import chosen
from crew.what_if.change import Change
from crew.what_if.planned import plan
from crew.what_if.table import table
from tests.real.replay import STARTS, replay_settings

CYCLES = 50
CONSERVATIVE = Change(profile="conservative")


def main() -> None:
    """Record, ask twice, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--start", default=STARTS[1])
    parser.add_argument("--table", action="store_true", help="the conservative answer as a table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, shown = proof(Path(folder), asked.start, asked.cycles)
    print(shown if asked.table else json.dumps(found, indent=2), flush=True)
    sys.exit("\n".join(problems(found)) or 0)


def proof(home: Path, start: str, cycles: int) -> tuple[dict[str, Any], str]:
    """The figures of both answers, and the second as a table."""
    with timed() as recording, recorded_desk(home, start) as desk:
        for _ in range(cycles):
            run_cycle(desk, lambda _text: None)
    with recorded_desk(home, start) as desk:
        with timed() as unchanged:
            same = answered(desk, Change(), cycles)
        with timed() as changed:
            strict = answered(desk, CONSERVATIVE, cycles)
    found = {
        "start": start,
        "cycles": cycles,
        "recorded_in_s": recording[0],
        "nothing_changed": {"seconds": unchanged[0], **figures(same)},
        "conservative": {"seconds": changed[0], **figures(strict), "flipped": flips(strict)},
    }
    return found, table(strict)


def problems(found: dict[str, Any]) -> list[str]:
    """What nothing changed should not have shown."""
    same = found["nothing_changed"]
    return [
        f"nothing changed: {name} is {same[name]}"
        for name in ("flips", "differences", "asked", "unanswered")
        if same[name]
    ]


def answered(desk: Desk, change: Change, cycles: int) -> Answer:
    """The answer over the last so many cycles."""
    ready = plan(desk, change, chosen(desk, f"LAST_{cycles}", None))
    return answer(desk, ready, budget_usd=None, say=lambda _text: None)


def figures(found: Answer) -> dict[str, Any]:
    """The counts of an answer."""
    return {
        "compared": len(found.compared),
        "unanswered": len(found.unanswered),
        "flips": found.flips,
        "differences": len(found.differences),
        "vetoes_gained": found.vetoes("gained"),
        "vetoes_lost": found.vetoes("lost"),
        "size_changes": found.resized,
        "heard": found.heard,
        "asked": found.asked,
        "hindsight": {
            one.horizon: {"was": str(one.was), "now": str(one.now)} for one in found.hindsight()
        },
    }


def flips(found: Answer) -> list[str]:
    """Every flipped decision on a line."""
    return [
        f"{one.cycle_id} {one.symbol} {one.kind}: "
        f"{told.done(one.was)} -> {told.done(one.now)} {', '.join(one.rules)}".strip()
        for one in found.differences
        if one.flipped
    ]


@contextmanager
def recorded_desk(home: Path, start: str) -> Iterator[Desk]:
    """A desk over the real candles that records its cycles."""
    shipped = replay_settings(start).model_dump()
    with open_desk(Settings.model_validate(shipped | {"record": True}), home) as desk:
        yield desk


@contextmanager
def timed() -> Iterator[list[float]]:
    """The seconds that a block took, once it is over."""
    began, took = perf_counter(), [0.0]
    yield took
    took[0] = round(perf_counter() - began, 1)


if __name__ == "__main__":
    main()
