"""
Cycles over real candles: `uv run python -m tests.real.replay [--cycles N] [--start TIME ...]`.

Prints one JSON document: outcomes, verdicts, trades and how they ended, breaker events.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.settings import Settings, load_settings
from records.cycle import CycleRecord

STARTS = ("2020-03-06T00:00:00Z", "2021-05-12T00:00:00Z")
CYCLES = 200


def main() -> None:
    """Run both stretches, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--start", action="append")
    asked = parser.parse_args()
    for start in asked.start or STARTS:
        with tempfile.TemporaryDirectory() as home:
            print(json.dumps(summary(Path(home), start, asked.cycles), indent=2), flush=True)


def summary(home: Path, start: str, count: int) -> dict[str, Any]:
    """What so many cycles from that hour came to."""
    began = perf_counter()
    with open_desk(replay_settings(start), home) as desk:
        records = [run_cycle(desk, lambda _text: None) for _ in range(count)]
        trades = desk.ledger.account.trades(count * 3)
        breaker = desk.ledger.safety.breaker_history(count)
    outcomes = Counter(f"{r.outcome} {r.hold_reason or ''}".strip() for r in records)
    verdicts = Counter(v.draft.decision for record in records for v in record.verdicts)
    return {
        "start": start,
        "cycles": count,
        "seconds": round(perf_counter() - began, 1),
        "outcomes": dict(outcomes),
        "verdicts": dict(verdicts),
        "trades": dict(Counter(trade.exit_reason for trade in trades)),
        "breaker": dict(Counter(state.status for state in breaker)),
        "off_shortlist": sum(_strays(record) for record in records),
        "model_calls": sum(record.model.calls for record in records),
        "equity": str(records[-1].account.equity) if records[-1].account else None,
    }


def replay_settings(start: str) -> Settings:
    """The committed settings, from that hour."""
    with _file(Path(__file__).with_name("replay.yaml")):
        shipped = load_settings(env_file=None)
    replay = shipped.replay.model_dump() | {"start": start}
    return Settings.model_validate({**shipped.model_dump(), "replay": replay})


@contextmanager
def _file(path: Path) -> Iterator[None]:
    before, Settings.yaml_file = Settings.yaml_file, path
    try:
        yield
    finally:
        Settings.yaml_file = before


def _strays(record: CycleRecord) -> int:
    """Entries in markets that were not on the cycle's shortlist."""
    entries = [order for order in record.orders if order.intent.role == "entry"]
    return sum(order.intent.symbol not in record.shortlist for order in entries)


if __name__ == "__main__":
    main()
