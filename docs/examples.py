"""
Records what each tool really answers, for docs/tools.md: `python -m docs.examples`.

Two cycles of the demo market at a fixed time, played by `rulebook/bold`, which trades then.
The answers are kept in docs/examples.json, so that writing the pages runs no cycle. It
invents nothing: a tool that nobody called in these cycles is asked for what they left.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.settings import load_settings, nested
from crew.transcript import joined, read
from records.clock import FixedClock
from records.cycle import CycleRecord

FILE = Path(__file__).with_name("examples.json")
_AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
_BRIEFING = re.compile(r"\[briefing (\w+)\]\n(.*?)\n\[end of briefing \1\]", re.S)

Call = dict[str, Any]
"""`arguments` and `answer` of one call."""


def recorded(home: Path) -> dict[str, Call]:
    """One call of every tool; later calls of a tool replace earlier ones."""
    settings = load_settings(
        nested(["model=rulebook/bold", "symbols=[BTC/USDT, ETH/USDT, DOGE/USDT]"]), env_file=None
    )
    clock = FixedClock(_AT)
    with open_desk(settings, home, clock) as desk:
        first = run_cycle(desk, _silent)
        calls = dict(_calls(home, first))
        order = first.orders[0].intent.client_order_id
        calls["get_order"] = _of_order(order, desk.ledger.execution.order(order))
        clock.advance(minutes=6)
        later = dict(_calls(home, run_cycle(desk, _silent)))
    return calls | {"get_portfolio": later["get_portfolio"]}


def _calls(home: Path, cycle: CycleRecord) -> Iterator[tuple[str, Call]]:
    """What the cycle's transcript holds: briefings first, then the agents' own calls."""
    entries = joined(read(home / "transcripts" / f"{cycle.cycle_id}.jsonl"))
    for entry in entries:
        for message in entry.get("messages", []):
            for tool, answer in _BRIEFING.findall(message.get("content") or ""):
                yield tool, {"arguments": {}, "answer": answer}
    for entry in entries:
        if entry["kind"] == "tool_call":
            given = entry["arguments"]
            arguments = json.loads(given) if isinstance(given, str) else given
            yield entry["tool"], {"arguments": arguments, "answer": entry["result"]}


def _of_order(client_order_id: str, order: Any) -> Call:
    """`get_order` answers with the ledger's record of the order; no task offers it as shipped."""
    return {"arguments": {"client_order_id": client_order_id}, "answer": order.model_dump_json()}


def _silent(_text: str) -> None:
    """Nobody reads the progress of these cycles."""


def main() -> int:
    """Write the answers anew."""
    with tempfile.TemporaryDirectory() as home:
        calls = recorded(Path(home))
    FILE.write_text(json.dumps(calls, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
