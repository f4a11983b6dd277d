"""
The gate: a verdict and every limit -> an approval, or a refusal with all its reasons.

A pure function. Only what it returns may be traded. A verdict can shrink, tighten or
veto; a value looser than the proposal's, or none at all where one would bind, is refused,
never used. A size that was asked for is never made smaller in silence: it is refused, with
the largest one that every limit would let pass.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from records.base import Record
from records.breaker import BreakerState
from records.lock import Lock
from records.market import SymbolMarket
from records.proposal import TradeProposal
from records.risk import RiskLimits
from records.support import Support
from records.verdict import Approval, Breach, RiskVerdict, VerdictDraft
from tools.risk.facts import Figures
from tools.risk.limits import Case, breaches, held_in
from tools.risk.losses import LossState
from tools.risk.sizing import Holdings, buys, entry_price, on_tick, round_down, size


class GateView(Record):
    """The state of the world the gate judges in."""

    market: SymbolMarket | None
    holdings: Holdings
    """Approvals of this cycle, spent or not, and those whose entry still rests, stand beside
    the account, which is as of the cycle's start."""
    limits: RiskLimits
    breaker: BreakerState
    halted: str | None
    locks: tuple[Lock, ...]
    losses: LossState
    support: Support
    figures: Figures
    entries_today: int
    now: datetime


class Denied(Record):
    """Why the gate gave no approval."""

    code: str
    message: str
    breaches: tuple[Breach, ...] = ()
    largest_quantity: Decimal | None = None


def judge(
    proposal: TradeProposal, verdict: RiskVerdict, view: GateView, approval_id: str
) -> Approval | Denied:
    """An approval within every limit and no looser than the verdict, or why there is none."""
    draft, opinion = proposal.draft, verdict.draft
    if opinion.decision == "veto":
        return Denied(code="veto", message="; ".join(opinion.reasons))
    if draft.action == "hold":
        return Denied(code="hold", message="the proposal is to hold; there is nothing to approve")
    if view.market is None or view.market.symbol != draft.symbol:
        return Denied(code="no_market", message=f"{draft.symbol} is not in this cycle's snapshot")
    if confused := _mismatch(proposal, opinion, view):
        return Denied(code="verdict_mismatch", message=confused)
    if loosened := _loosened(proposal, opinion, view.market):
        return Denied(code="loosened", message=loosened)
    case = _case(proposal, opinion, view, view.market)
    if broken := breaches(case):
        return _limited(case, broken)
    return _approval(case, verdict, view, approval_id)


def _mismatch(proposal: TradeProposal, opinion: VerdictDraft, view: GateView) -> str | None:
    """How the verdict names another trade than the proposal does; None when it does not."""
    if opinion.proposal_id != proposal.proposal_id:
        return f"the verdict is on {opinion.proposal_id!r}, not on {proposal.proposal_id}"
    if opinion.symbol != proposal.symbol:
        return f"the verdict is on {opinion.symbol!r}, the proposal on {proposal.symbol}"
    held = held_in(proposal.symbol, view.holdings.account)
    side = "buy" if buys(proposal.draft, held) else "sell"
    if opinion.side != side:
        return f"the verdict is on a {opinion.side}, the proposal is a {side}"
    return None


def _loosened(proposal: TradeProposal, opinion: VerdictDraft, market: SymbolMarket) -> str | None:
    """What the verdict would loosen, in words; None when it only tightens."""
    draft, asked = proposal.draft, proposal.quantity
    if opinion.max_quantity is not None and asked is not None and opinion.max_quantity > asked:
        return f"max_quantity {opinion.max_quantity} is above the proposal's {asked}"
    if opinion.max_leverage is not None and opinion.max_leverage > draft.leverage:
        return f"max_leverage {opinion.max_leverage} is above the proposal's {draft.leverage}"
    if opinion.decision == "shrink" and opinion.max_quantity is None:
        return "a shrink names no max_quantity"
    if not draft.opens:
        return None
    if draft.stop is None:
        return "the proposal has no stop that could be tightened" if opinion.stop else None
    bounds = ("max_quantity", *_ALWAYS) if asked else _ALWAYS  # of nothing, nothing can be named
    if unbound := [name for name in bounds if getattr(opinion, name) is None]:
        return f"the verdict names no {' and no '.join(unbound)}, so the entry would have none"
    assert opinion.stop is not None, "it is one of the bounds"
    if _looser(opinion.stop, draft.stop, draft.sign):
        return f"stop {opinion.stop} is farther away than the proposal's {draft.stop}"
    price = entry_price(draft, market)
    if _looser(draft.stop, price, draft.sign) and not _looser(opinion.stop, price, draft.sign):
        return f"stop {opinion.stop} is not on the proposal's side of {price}"
    return None


def _looser(stop: Decimal, than: Decimal, sign: int) -> bool:
    """Whether a stop leaves a longer way: lower for a long, higher for a short."""
    return stop < than if sign > 0 else stop > than


_ALWAYS = ("stop", "max_leverage")


def _case(
    proposal: TradeProposal, opinion: VerdictDraft, view: GateView, market: SymbolMarket
) -> Case:
    tick, held = market.rules.tick, held_in(proposal.symbol, view.holdings.account)
    draft = on_tick(proposal.draft, tick, held)
    judged = draft if opinion.stop is None else draft.model_copy(update={"stop": opinion.stop})
    case = Case(
        proposal=proposal.model_copy(update={"draft": draft}),
        market=market,
        holdings=view.holdings,
        limits=view.limits,
        breaker=view.breaker,
        halted=view.halted,
        locks=view.locks,
        losses=view.losses,
        support=view.support,
        figures=view.figures,
        entries_today=view.entries_today,
        now=view.now,
        quantity=Decimal(0),
        stop=on_tick(judged, tick).stop,
        leverage=min(draft.leverage, opinion.max_leverage or draft.leverage),
    )
    quantity = _opening_quantity(case) if draft.opens else _closing_quantity(case)
    if opinion.max_quantity is not None:
        quantity = min(quantity, opinion.max_quantity)
    return case.model_copy(update={"quantity": round_down(quantity, market.rules.step)})


def _opening_quantity(case: Case) -> Decimal:
    """What was asked for, or what the desk sized: today's, and no more than was judged."""
    if case.draft.quantity is not None:
        return case.draft.quantity
    judged = case.proposal.quantity
    if judged is None:
        return Decimal(0)
    return min(_largest(case, case.draft.stop), judged)  # a tighter stop adds none


def _largest(case: Case, stop: Decimal | None) -> Decimal:
    """The largest size with this stop."""
    draft = case.draft.model_copy(update={"leverage": case.leverage, "stop": stop})
    sizing = size(draft, case.market, case.holdings, case.limits)
    return sizing.quantity if sizing else Decimal(0)


def _closing_quantity(case: Case) -> Decimal:
    held = case.held.position.quantity if case.held else Decimal(0)
    asked = case.draft.quantity
    if asked is None:
        return held
    return min(asked, held) if case.draft.action == "close" else asked


def _limited(case: Case, broken: tuple[Breach, ...]) -> Denied:
    """Every breach, and the size that would have broken nothing, if there is one."""
    smaller = min(_largest(case, case.stop), case.quantity) if case.opens else Decimal(0)
    fits = smaller > 0 and not breaches(case.model_copy(update={"quantity": smaller}))
    offer = f"; the largest size that passes is {smaller:f}" if fits else ""
    return Denied(
        code="limits",
        message="; ".join(breach.message for breach in broken) + offer,
        breaches=broken,
        largest_quantity=smaller if fits else None,
    )


def _approval(case: Case, verdict: RiskVerdict, view: GateView, approval_id: str) -> Approval:
    draft, band = case.draft, case.band
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
