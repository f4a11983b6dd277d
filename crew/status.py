"""What `desk status` shows: the account, what is held, and how the last cycles ended."""

from collections.abc import Iterator
from typing import Any

from crew.arming import armed_words
from crew.desk import Desk
from crew.visible import in_one_line
from records.order import Position

_CYCLES = 5
_TRADES = 5


def status_document(desk: Desk) -> dict[str, Any]:
    """The status as one document; amounts are decimal strings."""
    cycles = desk.ledger.cycles.cycles(_CYCLES)
    last = cycles[0] if cycles else None
    breaker = desk.ledger.safety.breaker_state()
    return {
        "home": str(desk.home),
        "venue": desk.settings.venue,
        "mode": desk.settings.mode,
        "synthetic": desk.synthetic,
        "arming": armed_words(desk, desk.machine.now()),
        "halted": desk.halted(),
        "locks": [lock.model_dump(mode="json") for lock in desk.locks()],
        "breaker": breaker.status if breaker else None,
        "account": last.account.model_dump(mode="json") if last and last.account else None,
        "cycles": [
            {
                "cycle_id": cycle.cycle_id,
                "started_at": cycle.started_at.isoformat().replace("+00:00", "Z"),
                "outcome": cycle.outcome,
                "reason": cycle.hold_reason,
                "message": cycle.message,
                "exit_code": cycle.exit_code,
            }
            for cycle in cycles
        ],
        "trades": [t.model_dump(mode="json") for t in desk.ledger.account.trades(_TRADES)],
        "unfinished": [start.cycle_id for start in desk.ledger.cycles.unfinished()],
    }


def status_text(status: dict[str, Any]) -> str:
    """The same for reading."""
    marks = " · SYNTHETIC market" if status["synthetic"] else ""
    lines = [f"{status['venue']} · {status['mode']} money{marks}"]
    if status["arming"]:
        lines.append(f"  live        {status['arming']}")
    if status["halted"]:
        lines.append(f"  HALTED      {status['halted']}")
    for lock in status["locks"]:
        until = f"until {lock['until']}" if lock["until"] else "until it is cleared"
        where = lock["symbol"] or "every market"
        lines.append(f"  locked      {where}, {until}: {lock['reason']} [lock {lock['lock_id']}]")
    if status["breaker"] is not None:
        lines.append(f"  breaker     {status['breaker']}")
    lines.extend(_account(status["account"]))
    for trade in status["trades"]:
        lines.append(
            f"  trade       {trade['symbol']} {trade['exit_reason']} {trade['pnl_pct']} % "
            f"({trade['pnl']} after fees)"
        )
    for cycle in status["cycles"]:
        why = f" ({cycle['reason']})" if cycle["reason"] else ""
        lines.append(f"  {cycle['cycle_id']}  {cycle['outcome'].upper()}{why}: {cycle['message']}")
    if not status["cycles"]:
        lines.append("  No cycle has run yet. `desk cycle` runs one.")
    for cycle_id in status["unfinished"]:
        lines.append(f"  {cycle_id}  did not end: it was killed, or runs now")
    return "\n".join(lines)


def _account(account: dict[str, Any] | None) -> list[str]:
    if account is None:
        return []
    lines = [f"  equity      {account['equity']} {account['currency']}, cash {account['cash']}"]
    for mark in account["positions"]:
        position = mark["position"]
        lines.append(
            f"  holds       {position['symbol']} {position['side']} {position['quantity']} from "
            f"{position['entry_price']}, {mark['unrealised_pct']} %, stop {position['stop']}"
        )
        lines.append(f"              because: {in_one_line(position['thesis'])}")
        lines.extend(
            f"              {words}" for words in _until(Position.model_validate(position))
        )
    return lines


def _until(position: Position) -> Iterator[str]:
    """What ends the thesis, or ended it."""
    if position.invalidated_at is not None:
        yield f"invalidated at {position.invalidated_at:%Y-%m-%d %H:%M} UTC"
    elif position.invalidation_price is not None:
        yield f"wrong at {position.invalidation_price:f}"
    if position.deadline_at is not None:
        yield f"due by {position.deadline_at:%Y-%m-%d %H:%M} UTC"
