"""
Each proposal with what became of it: the officer's verdict, the gate's answer, the order.

From the ledger's records, not from the transcript: what binds is told as it was bound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from records.cycle import CycleRecord
from records.order import Order
from records.proposal import TradeProposal
from records.verdict import Approval, Refusal, RiskVerdict
from tools.ledger.ledger import Ledger

COLUMNS = ("proposal", "officer", "gate", "order")


@dataclass(frozen=True, slots=True)
class Case:
    """One proposal; each column is a few sentences."""

    proposal_id: str
    symbol: str
    proposal: tuple[str, ...]
    officer: tuple[str, ...]
    gate: tuple[str, ...]
    order: tuple[str, ...]
    placed: bool

    def columns(self) -> tuple[tuple[str, ...], ...]:
        """In the order of COLUMNS."""
        return self.proposal, self.officer, self.gate, self.order


def cases_of(
    ledger: Ledger, cycle_id: str, record: CycleRecord | None
) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Every proposal of a cycle, and the refusals that belong to none of them, in words."""
    decisions = ledger.decisions
    refusals = decisions.refusals(cycle_id)
    approvals = {one.proposal_id: one for one in decisions.approvals(cycle_id)}
    verdicts = {one.draft.proposal_id: one for one in decisions.verdicts(cycle_id)}
    proposals = decisions.proposals(cycle_id)
    orders = ledger.execution.orders(cycle_id)
    cases = tuple(
        _case(
            proposal,
            verdicts.get(proposal.proposal_id),
            approvals.get(proposal.proposal_id),
            refusals,
            orders,
            record,
        )
        for proposal in proposals
    )
    known = {case.proposal_id for case in cases} | {a.approval_id for a in approvals.values()}
    beside = tuple(
        f"{one.subject}: {one.code}: {one.message}" for one in refusals if one.subject not in known
    )
    return cases, beside


def _case(
    proposal: TradeProposal,
    verdict: RiskVerdict | None,
    approval: Approval | None,
    refusals: Sequence[Refusal],
    orders: Sequence[Order],
    record: CycleRecord | None,
) -> Case:
    refused = _about(refusals, proposal.proposal_id)
    sent = [o for o in orders if approval and o.intent.approval_id == approval.approval_id]
    return Case(
        proposal_id=proposal.proposal_id,
        symbol=proposal.symbol,
        proposal=tuple(_proposal(proposal)),
        officer=tuple(_verdict(verdict)),
        gate=tuple(_gate(approval, refused)),
        order=tuple(_orders(approval, sent, refusals, proposal, record)),
        placed=any(order.status not in _NOTHING for order in sent),
    )


_NOTHING = frozenset({"rejected", "absent", "lost"})


def _about(refusals: Sequence[Refusal], subject: str) -> Refusal | None:
    """The last refusal of this proposal or approval: the one that stood."""
    return next((one for one in reversed(refusals) if one.subject == subject), None)


def _proposal(proposal: TradeProposal) -> Iterable[str]:
    draft, sizing = proposal.draft, proposal.sizing
    size = f" {proposal.quantity:f}" if proposal.quantity is not None else ""
    yield f"{draft.action}{size} {draft.entry}{_at(draft.limit_price)}"
    if draft.stop is not None:
        yield f"stop {draft.stop:f}, target {_or_none(draft.take_profit)}"
    if sizing is not None:
        risk = f"risks {sizing.risk_amount:.2f} ({sizing.risk_pct:.2f} %)"
        yield f"{risk}, bound by {sizing.bound_by}"
    yield f"confidence {draft.confidence:.2f}"
    yield draft.thesis


def _verdict(verdict: RiskVerdict | None) -> Iterable[str]:
    if verdict is None:
        yield "gave no verdict"
        return
    draft = verdict.draft
    yield draft.decision
    if draft.max_quantity is not None:
        yield f"at most {draft.max_quantity:f}, stop {_or_none(draft.stop)}"
    if draft.max_leverage is not None:
        yield f"leverage at most {draft.max_leverage}"
    yield from draft.reasons


def _gate(approval: Approval | None, refused: Refusal | None) -> Iterable[str]:
    if approval is not None:
        yield f"approved {approval.side} {approval.quantity:f}"
        yield f"between {approval.price_low:f} and {approval.price_high:f}"
        yield f"stop {_or_none(approval.stop)}, target {_or_none(approval.take_profit)}"
    elif refused is not None:
        yield f"refused: {refused.code}"
        yield from (
            (f"{breach.limit}: {breach.message}" for breach in refused.breaches)
            if refused.breaches
            else (refused.message,)
        )
        if refused.largest_quantity is not None:
            yield f"at most {refused.largest_quantity:f} would have passed"
    else:
        yield "was not asked"


def _orders(
    approval: Approval | None,
    sent: Sequence[Order],
    refusals: Sequence[Refusal],
    proposal: TradeProposal,
    record: CycleRecord | None,
) -> Iterable[str]:
    """What was sent, or why nothing was."""
    for order in sent:
        yield _order(order)
    if approval is not None and (refused := _about(refusals, approval.approval_id)):
        yield f"not placed: {refused.code}: {refused.message}"
    elif not sent:
        yield f"not placed: {_why_not(approval, refusals, proposal, record)}"


def _why_not(
    approval: Approval | None,
    refusals: Sequence[Refusal],
    proposal: TradeProposal,
    record: CycleRecord | None,
) -> str:
    if approval is None:
        if _about(refusals, proposal.proposal_id) is not None:
            return "the gate issued no approval"
        if proposal.draft.action == "hold":
            return "it asks for nothing"
    elif record is None:
        return "approved; nothing has been sent so far"
    if record is None:
        return "nothing has been decided so far"
    return record.message or "the cycle ended before"


def _order(order: Order) -> str:
    intent = order.intent
    price = order.average_price or intent.limit_price or intent.trigger_price
    why = f" ({order.reason})" if order.reason else ""
    return (
        f"{intent.role} {intent.side} {intent.quantity:f}{_at(price)}: "
        f"{order.status}{why} [{intent.client_order_id}]"
    )


def _at(price: Decimal | None) -> str:
    return f" at {price:f}" if price is not None else ""


def _or_none(price: Decimal | None) -> str:
    return f"{price:f}" if price is not None else "none"
