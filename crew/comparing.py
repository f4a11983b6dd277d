"""
What differs between a cycle and the same cycle run again, decision by decision, in words.

Times are left out, and so is what only measures the run: a recorded clock went on, and the
replayed one goes its own way between two model calls.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from records.base import Record
from records.clock import TIME_IN_TEXT
from records.cycle import CycleRecord
from records.order import Fill, Order, Trade
from records.proposal import TradeProposal
from records.verdict import Approval, Refusal, RiskVerdict

_PLAIN = ("skipped", "shortlist", "breaker")
_ENDING = ("account", "outcome", "hold_reason", "message", "exit_code", "model")
_LASTED = "holding_s"
_SHOWN = 3
_SHOWN_CHARS = 160


def differences(recorded: CycleRecord, again: CycleRecord) -> tuple[str, ...]:
    """Every difference, in the order in which a cycle decides; none: they are the same."""
    return tuple(_differences(recorded, again))


def _differences(recorded: CycleRecord, again: CycleRecord) -> Iterator[str]:
    for name in _PLAIN:
        yield from _one(name, getattr(recorded, name), getattr(again, name))
    for kind in type(recorded.reports).model_fields:
        before, after = getattr(recorded.reports, kind), getattr(again.reports, kind)
        yield from _one(f"report {kind}", before, after)
    for name, (key, told) in _DECISIONS.items():
        yield from _each(getattr(recorded, name), getattr(again, name), key, told)
    for name in _ENDING:
        yield from _one(name, getattr(recorded, name), getattr(again, name))


def _each(
    before: Iterable[Any],
    after: Iterable[Any],
    key: Callable[[Any], str],
    told: Callable[[Any], str],
) -> Iterator[str]:
    then, now = _by_key(before, key), _by_key(after, key)
    for one in (*then, *(new for new in now if new not in then)):
        if one not in now:
            yield f"{told(then[one])} is missing now"
        elif one not in then:
            yield f"{told(now[one])} is new"
        else:
            yield from _one(told(then[one]), then[one], now[one])


def _by_key(found: Iterable[Any], key: Callable[[Any], str]) -> dict[tuple[str, int], Any]:
    """Each by its key, and the how-many-th of that key it is."""
    seen: Counter[str] = Counter()
    kept: dict[tuple[str, int], Any] = {}
    for one in found:
        seen[key(one)] += 1
        kept[key(one), seen[key(one)]] = one
    return kept


def _one(what: str, before: Any, after: Any) -> Iterator[str]:
    found = list(_leaves("", _timeless(before), _timeless(after)))
    if found:
        more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
        yield f"{what}: {'; '.join(found[:_SHOWN])}{more}"


def _leaves(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from _leaves(f"{path}.{name}".strip("."), before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from _leaves(f"{path}.{number}".strip("."), *pair)
    else:
        yield f"{path} was {_shown(before)}, now {_shown(after)}".strip()


def _timeless(found: Any) -> Any:
    """The same as plain values, without its times."""
    if isinstance(found, Record):
        found = {name: getattr(found, name) for name in type(found).model_fields}
    if isinstance(found, Mapping):
        kept = {k: v for k, v in found.items() if not isinstance(v, datetime) and k != _LASTED}
        return {k: _timeless(v) for k, v in kept.items()}
    if isinstance(found, tuple | list):
        return [_timeless(part) for part in found]
    return TIME_IN_TEXT.sub("(then)", found) if isinstance(found, str) else found


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _proposal(one: TradeProposal) -> str:
    return f"proposal {one.proposal_id} ({one.symbol} {one.draft.action})"


def _verdict(one: RiskVerdict) -> str:
    return f"verdict on {one.draft.proposal_id} ({one.draft.decision})"


def _approval(one: Approval) -> str:
    return f"approval {one.approval_id} ({one.symbol} {one.side} {one.quantity:f})"


def _refusal(one: Refusal) -> str:
    return f"refusal of {one.subject} ({one.code}: {_shown(one.message)})"


def _order(one: Order) -> str:
    intent = one.intent
    return f"order {intent.client_order_id} ({intent.role} {intent.symbol} {intent.side})"


def _fill(one: Fill) -> str:
    return f"fill {one.fill_id}"


def _trade(one: Trade) -> str:
    return f"closed trade of {one.symbol} ({one.exit_reason})"


_DECISIONS: Mapping[str, tuple[Callable[[Any], str], Callable[[Any], str]]] = {
    "proposals": (lambda one: one.proposal_id, _proposal),
    "verdicts": (lambda one: one.draft.proposal_id, _verdict),
    "approvals": (lambda one: one.proposal_id, _approval),
    "refusals": (lambda one: f"{one.subject} {one.code}", _refusal),
    "orders": (lambda one: one.intent.client_order_id, _order),
    "fills": (lambda one: one.fill_id, _fill),
    "trades": (lambda one: one.trade_id, _trade),
}
"""By which a decision is known, and how it is named."""
