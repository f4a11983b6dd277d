"""
What desks before revision 0003 wrote, in the words of the records of today.

A breaker's figures lost their unit in the name, and a verdict repeats the market and the side
of its proposal. What is written anew says the same; no number changes.
"""

import json
from collections.abc import Callable
from typing import Any

from alembic import op
from sqlalchemy import column, select, table, update

revision = "0004"
down_revision: str | None = "0003"

Document = dict[str, Any]
_AT_ONCE = 500
_OPENS = {"open_long": "buy", "open_short": "sell"}
_LEAVES = {"long": "sell", "short": "buy"}


def upgrade() -> None:
    """Mend each document that an older desk wrote; the others stay byte for byte."""
    _rewrite("breaker", _mend_breaker)
    _rewrite("verdicts", lambda verdict: _mend_verdict(verdict["draft"]))
    _rewrite("cycles", _mend_cycle)


def _rewrite(name: str, mend: Callable[[Document], bool]) -> None:
    """History may be spelt anew here and nowhere else: its guard stands again afterwards."""
    bind, trigger = op.get_bind(), f"{name}_no_update"
    guard = _rows("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?", trigger)
    bind.exec_driver_sql(f"DROP TRIGGER {trigger}")
    history = table(name, column("rowid"), column("record"))
    row = history.c.rowid
    some = select(history).where(history.c.record.is_not(None)).order_by(row).limit(_AT_ONCE)
    last = -1
    while rows := bind.execute(some.where(row > last)).all():
        for last, text in rows:
            if (mended := _mended(text, mend)) is not None:
                bind.execute(update(history).where(row == last).values(record=mended))
    bind.exec_driver_sql(guard[0][0])


def _mended(text: str, mend: Callable[[Document], bool]) -> str | None:
    """The document as it is written now; None when nothing in it is old, or it is damaged."""
    try:
        document = json.loads(text)
        changed = mend(document)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # whoever reads the row tells of it
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) if changed else None


def _mend_cycle(cycle: Document) -> bool:
    changed = [_mend_verdict(verdict["draft"]) for verdict in cycle["verdicts"]]
    if cycle["breaker"] is not None:
        changed.append(_mend_breaker(cycle["breaker"]))
    return any(changed)


def _mend_breaker(state: Document) -> bool:
    old = [reading for reading in state["readings"] if "value_pct" in reading]
    for reading in old:
        reading["value"], reading["limit"] = reading.pop("value_pct"), reading.pop("limit_pct")
    return bool(old)


def _mend_verdict(draft: Document) -> bool:
    if "side" in draft:
        return False
    draft["symbol"], draft["side"] = _order_of(draft["proposal_id"])
    return True


def _order_of(proposal_id: str) -> tuple[str, str]:
    """The market of a proposal, and the side of the order it asked for."""
    ((symbol, action, created_at, approved),) = _rows(
        "SELECT p.symbol, p.action, p.created_at, json_extract(a.record, '$.side') "
        "FROM proposals p LEFT JOIN approvals a USING (proposal_id) WHERE proposal_id = ?",
        proposal_id,
    )
    side = approved or _OPENS.get(action) or _side_of_exit(symbol, created_at)
    return symbol, side


def _side_of_exit(symbol: str, at: int) -> str:
    """Against the position held then; nothing held: the exit was refused, and spot only sells."""
    held = _rows(
        "SELECT side FROM positions WHERE symbol = ? AND opened_at <= ? "
        "AND (closed_at IS NULL OR closed_at >= ?) ORDER BY opened_at DESC LIMIT 1",
        symbol,
        at,
        at,
    )
    return _LEAVES[held[0][0]] if held else "sell"


def _rows(statement: str, *values: Any) -> Any:
    return op.get_bind().exec_driver_sql(statement, values).fetchall()
