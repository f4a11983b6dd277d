"""A transcript for reading on a terminal: who said what, in order, long answers folded."""

import json
from collections.abc import Iterator
from typing import Any

from crew.desk import Desk
from crew.transcript import first_fault, joined, read
from records.errors import SettingsError

_FOLD = 300


def transcript_of(desk: Desk, cycle_id: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """The transcript as one list, and where it was edited or cut (None: it is whole)."""
    name = cycle_id or desk.ledger.cycles.last_id()
    if name is None:
        raise SettingsError("No cycle has run yet. `desk cycle` runs one.")
    path = desk.home / "transcripts" / f"{name}.jsonl"
    if path.parent.resolve() != (desk.home / "transcripts").resolve() or not path.is_file():
        raise SettingsError(
            f"There is no transcript of cycle {name!r}. `desk status` lists cycles."
        )
    record = desk.ledger.cycles.cycle(name)
    seal = record.transcript if record is not None else None
    return joined(read(path)), first_fault(path, seal)


def rendered(rows: list[dict[str, Any]]) -> str:
    """All entries, one paragraph each."""
    return "\n".join(line for row in rows for line in _entry(row))


def _entry(row: dict[str, Any]) -> Iterator[str]:
    who = " · ".join(str(row[key]) for key in ("agent", "task") if row.get(key))
    yield f"{row['n']:>4}  {row['kind']:<13} {who}".rstrip()
    match row["kind"]:
        case "model_call":
            yield f"      asked {row.get('model')} with {len(row.get('messages', []))} messages"
            for call in row.get("tool_calls", []):
                yield f"      -> {call['tool']}({_folded(call['arguments'])})"
            if row.get("reply"):
                yield f"      -> {_folded(row['reply'], 1200)}"
            yield (
                f"      {row['prompt_tokens']} + {row['completion_tokens']} tokens, "
                f"{row['latency_ms']} ms"
            )
        case "tool_call":
            yield f"      {row['tool']}({_folded(row['arguments'])}) = {_folded(row['result'])}"
        case "tool_error" | "model_failed":
            yield f"      {_folded(row['error'])}"
        case _:
            known = {"n", "at", "kind", "agent", "task", "call"}
            rest = {key: value for key, value in row.items() if key not in known}
            yield f"      {_folded(rest, 600)}"


def _folded(value: Any, limit: int = _FOLD) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    inert = "".join(char if char.isprintable() else " " for char in text)
    return inert if len(inert) <= limit else f"{inert[:limit]}… ({len(inert)} characters)"
