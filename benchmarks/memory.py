"""
What 10,000 lessons cost: recall, and the start of a cycle that has them.

    uv run python -m benchmarks.memory [--lessons 10000]

Fills a ledger and the index, then asks a fresh process for each start. Prints one JSON
document: recall in ms (median, p95), the first recall of a process after crewai was imported
(as in a cycle) in s, and how long a whole rebuild takes. A cycle without lessons opens nothing.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter

from memory.lessons import LessonMemory
from records.lesson import Lesson
from tools.ledger.ledger import Ledger

START = datetime(2025, 1, 1, tzinfo=UTC)
END = START + timedelta(days=900)
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "BNB/USDT", "XRP/USDT", "DOGE/USDT")
ASKED = 200
STARTS = 5
_MOST = 100_000
_START = """
import sys, crewai
from time import perf_counter
from pathlib import Path
from benchmarks.memory import END, opened
from tools.ledger.ledger import Ledger
with Ledger(Path(sys.argv[1]) / "ledger.db", str) as ledger:
    began = perf_counter()
    memory = opened(Path(sys.argv[1]), ledger)
    found = memory.recall(sys.argv[2], ["BTC/USDT"], END, 20)
    print(perf_counter() - began, len(found), memory.note)
"""


def situation(chance: random.Random) -> str:
    """A situation as code writes it, of figures within their usual range."""
    return (
        f"{chance.choice(('buy', 'sell'))} {chance.randint(1, 5)} by strength on 1h "
        f"{chance.choice(('risk_on', 'risk_off'))}: rsi_14 {chance.uniform(10, 90):.1f}; "
        f"macd_hist {chance.uniform(-9, 9):.3f}; vwap_gap {chance.uniform(-3, 3):.2f} %; "
        f"volume_ratio {chance.uniform(0, 4):.2f}; bollinger {chance.uniform(0, 1):.2f}"
    )


def lesson(number: int, chance: random.Random) -> Lesson:
    """One of many; about two in a day."""
    at = START + timedelta(hours=2 * number)
    return Lesson(
        lesson_id=f"20250101T000000Z-{number:05}-l1",
        cycle_id="c",
        learned_at=at,
        proposed_at=at - timedelta(hours=24),
        symbol=chance.choice(SYMBOLS),
        kind=chance.choice(("traded", "traded", "vetoed", "refused")),
        side="long",
        situation=situation(chance),
        decision="long at 1",
        thesis="x" * 300,
        outcome="closed by stop_loss after 40 min",
        pnl_pct=Decimal(f"{chance.uniform(-2, 2):.4f}"),
        holding_s=2400,
        reflection="It made -0.4 % after 40 min; 24 h after the price was 1.2 % its way.",
    )


def opened(home: Path, ledger: Ledger) -> LessonMemory:
    """The memory over a ledger, as a cycle opens it."""
    lessons = ledger.lessons
    return LessonMemory(
        home / "memory",
        lessons_known=lessons.lesson_count,
        lessons=lambda: lessons.lessons(None, _MOST),
        edition=lessons.edition,
        ids=lambda: lessons.remembered_ids(_MOST),
        of=lessons.lessons_of,
    )


def measured(count: int, home: Path) -> dict[str, object]:
    """All figures over this many lessons."""
    chance = random.Random(7)
    with Ledger(home / "ledger.db", str) as ledger:
        with ledger.transaction():
            for number in range(count):
                ledger.lessons.add_lesson(lesson(number, chance))
        memory = opened(home, ledger)
        began = perf_counter()
        memory.recall(situation(chance), ["BTC/USDT"], END, 20)
        built_s = perf_counter() - began
        took = sorted(_timed(memory, situation(chance), one) for one in range(ASKED))
        memory.close()
    starts = sorted(_first_recall_s(home, situation(chance)) for _ in range(STARTS))
    return {
        "lessons": count,
        "build_s": round(built_s, 2),
        "recall_ms": {"median": round(median(took), 1), "p95": round(took[int(0.95 * ASKED)], 1)},
        "start_s": {"median": round(median(starts), 3), "worst": round(starts[-1], 3)},
        "start_with_a_new_lesson_s": round(_with_new_lessons_s(home, chance, count), 3),
    }


def _with_new_lessons_s(home: Path, chance: random.Random, count: int) -> float:
    """The first recall of a process when the last cycle has learned something; the median."""
    took = []
    for number in range(STARTS):
        with Ledger(home / "ledger.db", str) as ledger:
            ledger.lessons.add_lesson(lesson(count + number, chance))
        took.append(_first_recall_s(home, situation(chance)))
    return median(took)


def _timed(memory: LessonMemory, text: str, number: int) -> float:
    began = perf_counter()
    memory.recall(text, [SYMBOLS[number % len(SYMBOLS)]], END, 20)
    return (perf_counter() - began) * 1000


def _first_recall_s(home: Path, text: str) -> float:
    command = [sys.executable, "-c", _START, str(home), text]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What lessons cost.")
    parser.add_argument("--lessons", type=int, default=10_000)
    count = parser.parse_args().lessons
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(count, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
