"""
A year of real candles with memory: `uv run python -m tests.real.a_year [--days N] [--step 6h]`.

Runs the bold rulebook over 1h candles and looks at every recall: that it gives the same when
asked again, and nothing that was learned at the snapshot's time or later. Then deletes
state/memory, builds it again from the ledger and asks everything once more: an answer that is
not what the cycle got is a failure. Prints one JSON document; ends with code 1 on a failure.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.evidence import desk_memory
from crew.settings import Settings
from memory.lessons import LessonMemory
from records.interval import interval_ms
from records.lesson import Lesson
from tests.real.replay import replay_settings

START = "2021-05-01T00:00:00Z"
Asked = tuple[str, tuple[str, ...], datetime, int]


class Watch:
    """Notes every recall and what it gave."""

    def __init__(self) -> None:
        self.asked: list[tuple[Asked, tuple[str, ...]]] = []
        self.young = self.unlike = 0
        self.took_ms: list[float] = []

    def __enter__(self) -> "Watch":
        self._plain = plain = LessonMemory.recall

        def recall(
            memory: LessonMemory,
            situation: str,
            symbols: Collection[str],
            before: datetime,
            limit: int,
        ) -> tuple[Lesson, ...]:
            began = perf_counter()
            found = plain(memory, situation, symbols, before, limit)
            self.took_ms.append((perf_counter() - began) * 1000)
            self.unlike += found != plain(memory, situation, symbols, before, limit)
            self.young += any(one.learned_at >= before for one in found)
            asked = (situation, tuple(symbols), before, limit)
            self.asked.append((asked, tuple(one.lesson_id for one in found)))
            return found

        LessonMemory.recall = recall  # type: ignore[method-assign]
        return self

    def __exit__(self, *_fault: object) -> None:
        LessonMemory.recall = self._plain  # type: ignore[method-assign]


def main() -> None:
    """Run the year and tell of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--step", default="6h")
    parser.add_argument("--start", default=START)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = year(Path(folder), asked.start, asked.days, asked.step)
    print(json.dumps(found, indent=2), flush=True)
    sys.exit("\n".join(problems(found)) or 0)


def year(home: Path, start: str, days: int, step: str) -> dict[str, Any]:
    """The figures of so many days."""
    began = perf_counter()
    shipped = replay_settings(start)
    replay = shipped.replay.model_dump() | {"step": step}
    changed = {"replay": replay, "model": "rulebook/bold"}
    settings = Settings.model_validate(shipped.model_dump() | changed)
    cycles = timedelta(days=days) // timedelta(milliseconds=interval_ms(step))
    with open_desk(settings, home) as desk, Watch() as watch:
        desk.draws = False  # nobody looks at the pictures
        for _ in range(cycles):
            run_cycle(desk, lambda _text: None)
        lessons = desk.ledger.lessons.lessons(None)
        gave = [given for _, given in watch.asked]
        differing = sum(
            one != other for one, other in zip(gave, rebuilt(desk, watch.asked), strict=True)
        )
    took = sorted(watch.took_ms) or [0.0]
    return {
        "start": start,
        "cycles": cycles,
        "seconds": round(perf_counter() - began, 1),
        "lessons": dict(Counter(one.kind for one in lessons)),
        "recalls": len(gave),
        "recalls_with_lessons": sum(map(bool, gave)),
        "lessons_recalled": sum(map(len, gave)),
        "younger_than_the_snapshot": watch.young,
        "not_the_same_when_asked_again": watch.unlike,
        "not_the_same_after_rebuild": differing,
        "recall_ms": {
            "median": round(took[len(took) // 2], 1),
            "p95": round(took[int(0.95 * len(took))], 1),
        },
    }


def rebuilt(desk: Desk, asked: list[tuple[Asked, tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """The answers of a memory made anew from the ledger alone."""
    shutil.rmtree(desk.home / "memory", ignore_errors=True)
    memory = desk_memory(desk.home, desk.ledger, desk.settings)
    try:
        return [tuple(o.lesson_id for o in memory.recall(*question)) for question, _ in list(asked)]
    finally:
        memory.close()


def problems(found: dict[str, Any]) -> list[str]:
    """What must be nothing, and is not; or lessons that are missing."""
    wrong = ("younger_than_the_snapshot", "not_the_same_when_asked_again")
    told = [f"{name}: {found[name]}" for name in (*wrong, "not_the_same_after_rebuild")]
    bad = [line for line in told if not line.endswith(": 0")]
    return bad if found["lessons_recalled"] else [*bad, "no lesson was ever recalled"]


if __name__ == "__main__":
    main()
