"""
The gate: a verdict and every limit -> an approval, or a refusal with all its reasons.

A pure function. Only what it returns may be traded. A verdict can shrink, tighten or
veto; a value looser than the proposal's is refused, never used.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from records.base import Record
from records.market import SymbolMarket
from records.order import AccountState
from records.proposal import ProposalDraft, TradeProposal
from records.risk import BreakerState, RiskLimits
from records.verdict import Approval, Breach, RiskVerdict, VerdictDraft
from tools.risk.limits import Case, breaches, held_in
from tools.risk.sizing import buys, entry_price, on_tick, round_down, size


class GateView(Record):
    """The state of the world the gate judges in."""

    market: SymbolMarket | None
    account: AccountState
    committed: tuple[Approval, ...]
    """Approvals of this cycle, spent or not, and those whose entry still rests: the account
    is as of the cycle's start."""
    limits: RiskLimits
    breaker: BreakerState
    halted: str | None
    now: datetime


class Denied(Record):
    """Why the gate gave no approval."""

    code: str
    message: str
    breaches: tuple[Breach, ...] = ()


def judge(
    proposal: TradeProposal, verdict: RiskVerdict, view: GateView, approval_id: str
) -> Approval | Denied:
    """An approval within every limit and no looser than the verdict, or why there is none."""
    draft, opinion = proposal.draft, verdict.draft
    if opinion.decision == "veto":
        return Denied(code="veto", message="; ".join(opinion.reasons))
    if draft.action == "hold":
        return Denied(code="hold", message="the proposal is to hold; there is nothing to approve")
    if view.market is None:
        return Denied(code="no_market", message=f"{draft.symbol} is not in this cycle's snapshot")
    if loosened := _loosened(proposal, opinion, entry_price(draft, view.market)):
        return Denied(code="loosened", message=loosened)
    case = _case(proposal, opinion, view, view.market)
    if broken := breaches(case):
        return Denied(
            code="limits", message="; ".join(breach.message for breach in broken), breaches=broken
        )
    return _approval(case, verdict, view, approval_id)


def _loosened(proposal: TradeProposal, opinion: VerdictDraft, price: Decimal) -> str | None:
    """What the verdict would loosen, in words; None when it only tightens."""
    draft, asked = proposal.draft, proposal.quantity
    if opinion.max_quantity is not None and asked is not None and opinion.max_quantity > asked:
        return f"max_quantity {opinion.max_quantity} is above the proposal's {asked}"
    if opinion.max_leverage is not None and opinion.max_leverage > draft.leverage:
        return f"max_leverage {opinion.max_leverage} is above the proposal's {draft.leverage}"
    if opinion.decision == "shrink" and opinion.max_quantity is None:
        return "a shrink names no max_quantity"
    if opinion.stop is not None and draft.opens:
        if draft.stop is None:
            return "the proposal has no stop that could be tightened"
        if abs(price - opinion.stop) > abs(price - draft.stop) or (
            (opinion.stop < price) != (draft.stop < price)
        ):
            return f"stop {opinion.stop} is farther from {price} than the proposal's {draft.stop}"
    return None


def _case(
    proposal: TradeProposal, opinion: VerdictDraft, view: GateView, market: SymbolMarket
) -> Case:
    tick, held = market.rules.tick, held_in(proposal.symbol, view.account)
    draft = on_tick(proposal.draft, tick, held)
    judged = draft if opinion.stop is None else draft.model_copy(update={"stop": opinion.stop})
    case = Case(
        proposal=proposal.model_copy(update={"draft": draft}),
        market=market,
        account=view.account,
        committed=view.committed,
        limits=view.limits,
        breaker=view.breaker,
        halted=view.halted,
        quantity=Decimal(0),
        stop=on_tick(judged, tick).stop,
        leverage=min(draft.leverage, opinion.max_leverage or draft.leverage),
    )
    quantity = _opening_quantity(case, draft) if draft.opens else _closing_quantity(case)
    if opinion.max_quantity is not None:
        quantity = min(quantity, opinion.max_quantity)
    return case.model_copy(update={"quantity": round_down(quantity, market.rules.step)})


def _opening_quantity(case: Case, draft: ProposalDraft) -> Decimal:
    """What was proposed, within today's size for the stop as proposed; a tighter stop adds none."""
    draft = draft.model_copy(update={"leverage": case.leverage})
    sizing = size(draft, case.market, case.account, case.committed, case.limits)
    if sizing is None:
        return Decimal(0)
    asked = case.proposal.quantity
    return sizing.quantity if asked is None else min(sizing.quantity, asked)


def _closing_quantity(case: Case) -> Decimal:
    held = case.held.position.quantity if case.held else Decimal(0)
    asked = case.proposal.draft.quantity
    if asked is None:
        return held
    return min(asked, held) if case.proposal.draft.action == "close" else asked


def _approval(case: Case, verdict: RiskVerdict, view: GateView, approval_id: str) -> Approval:
    draft, band = case.proposal.draft, case.band
    return Approval(
        approval_id=approval_id,
        cycle_id=case.proposal.cycle_id,
        proposal_id=case.proposal.proposal_id,
        verdict_id=verdict.verdict_id,
        created_at=view.now,
        expires_at=view.now + timedelta(seconds=view.limits.approval_ttl_s),
        symbol=draft.symbol,
        action=draft.action,
        side="buy" if buys(draft, case.held) else "sell",
        entry=draft.entry,
        quantity=case.quantity,
        price_low=band.low,
        price_high=band.high,
        limit_price=draft.limit_price if draft.entry == "limit" else None,
        stop=case.stop if case.opens else None,
        take_profit=draft.take_profit if case.opens else None,
        leverage=case.leverage if case.opens else 1,
        reduce_only=not case.opens,
    )
