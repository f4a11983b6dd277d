"""What a cycle came to in each market: what was wanted, whether it was done, what forbade it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from records.base import Action, Amount, PositionSide, Record, UtcTime
from records.cycle import CycleRecord
from records.order import WORKING, Order
from records.proposal import TradeProposal
from records.verdict import Refusal

Kind = Literal["entry", "exit"]
_RULE = re.compile(r"([a-z][a-z0-9_.]{1,40}):")


class Stance(Record):
    """One decision about one market."""

    symbol: str
    kind: Kind
    action: Action
    side: PositionSide = Field(description="Of the position that it opens or leaves.")
    done: bool = Field(description="Whether an order for it was placed, or filled.")
    filled: bool = Field(description="False: nothing, or an order that rests.")
    at: UtcTime
    quantity: Amount | None = None
    price: Amount | None = None
    stop: Amount | None = None
    take_profit: Amount | None = None
    refused_by: tuple[str, ...] = Field(default=(), description="Names of rules, such as veto.")
    why: str = ""

    @property
    def key(self) -> tuple[str, Kind]:
        return self.symbol, self.kind


Stances = Mapping[tuple[str, Kind], Stance]


def stances(record: CycleRecord) -> Stances:
    """Of each market at most one entry and one exit; what was done goes before what was not."""
    found: dict[tuple[str, Kind], Stance] = {}
    for stance in (*_proposed(record), *_left(record), *_closed(record)):
        known = found.get(stance.key)
        if known is None or (stance.done and not known.done):
            found[stance.key] = stance
    return found


def _proposed(record: CycleRecord) -> Iterator[Stance]:
    orders = {o.intent.approval_id: o for o in record.orders if o.intent.role in ("entry", "exit")}
    approvals = {approval.proposal_id: approval for approval in record.approvals}
    for proposal in record.proposals:
        if proposal.draft.action == "hold":
            continue
        approval = approvals.get(proposal.proposal_id)
        order = orders.get(approval.approval_id) if approval else None
        subjects = {proposal.proposal_id, *([approval.approval_id] if approval else ())}
        refused = [one for one in record.refusals if one.subject in subjects]
        yield _stance(record, proposal, order, refused)


def _stance(
    record: CycleRecord, proposal: TradeProposal, order: Order | None, refused: list[Refusal]
) -> Stance:
    draft, done = proposal.draft, order is not None and _stands(order)
    return Stance(
        symbol=draft.symbol,
        kind="entry" if draft.opens else "exit",
        action=draft.action,
        side=_side(draft.action) if draft.opens else _held(record, draft.symbol),
        done=done,
        filled=order is not None and order.filled_quantity > 0,
        at=order.updated_at if order is not None else proposal.created_at,
        quantity=_quantity(order) if order is not None and done else proposal.quantity,
        price=_price(order, proposal) if order is not None else _wanted(proposal),
        stop=_stop(record, order) or draft.stop,
        take_profit=draft.take_profit,
        refused_by=() if done else tuple(dict.fromkeys(_rules(refused))),
        why="" if done else "; ".join(one.message for one in refused)[:300],
    )


def _left(record: CycleRecord) -> Iterator[Stance]:
    """Exits that the desk decided itself, by its exit rules."""
    for order in record.orders:
        if order.intent.role == "exit" and order.intent.approval_id is None:
            yield Stance(
                symbol=order.intent.symbol,
                kind="exit",
                action="close",
                side="long" if order.intent.side == "sell" else "short",
                done=_stands(order),
                filled=order.filled_quantity > 0,
                at=order.updated_at,
                quantity=_quantity(order),
                price=order.average_price,
                why=order.intent.why or "",
            )


def _closed(record: CycleRecord) -> Iterator[Stance]:
    """What a stop or target closed since the cycle before."""
    for trade in record.trades:
        yield Stance(
            symbol=trade.symbol,
            kind="exit",
            action="close",
            side=trade.side,
            done=True,
            filled=True,
            at=trade.closed_at,
            quantity=trade.quantity,
            price=trade.exit_price,
            why=trade.exit_reason,
        )


def _rules(refused: Iterable[Refusal]) -> Iterator[str]:
    """By name: the limits that would be broken, the rules an officer named, else the code."""
    for one in refused:
        if one.breaches:
            yield from (breach.limit for breach in one.breaches)
        elif one.code == "veto":
            named = [found[1] for part in one.message.split("; ") if (found := _RULE.match(part))]
            yield from (f"veto: {name}" for name in named) if named else ("veto",)
        else:
            yield one.code


def _stands(order: Order) -> bool:
    return order.status in WORKING or order.filled_quantity > 0


def _quantity(order: Order) -> Decimal:
    return order.filled_quantity if order.filled_quantity > 0 else order.intent.quantity


def _price(order: Order, proposal: TradeProposal) -> Decimal | None:
    return order.average_price or order.intent.limit_price or _wanted(proposal)


def _wanted(proposal: TradeProposal) -> Decimal | None:
    sizing = proposal.sizing
    return proposal.draft.limit_price or (sizing.reference_price if sizing else None)


def _stop(record: CycleRecord, entry: Order | None) -> Decimal | None:
    """The stop that went with the entry; the officer may have brought it closer."""
    if entry is None:
        return None
    approvals = {approval.approval_id: approval for approval in record.approvals}
    approval = approvals.get(entry.intent.approval_id or "")
    return approval.stop if approval is not None else None


def _side(action: Action) -> PositionSide:
    return "short" if action == "open_short" else "long"


def _held(record: CycleRecord, symbol: str) -> PositionSide:
    """Of a position that is left: as its order says, else as the account still shows it."""
    for order in record.orders:
        if order.intent.symbol == symbol and order.intent.role == "exit":
            return "long" if order.intent.side == "sell" else "short"
    marks = record.account.positions if record.account is not None else ()
    return next((m.position.side for m in marks if m.position.symbol == symbol), "long")
