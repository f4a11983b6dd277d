"""
The officer's answer: every proposal meets every rule, and the strictest one decides.

A verdict here can only veto, shrink or leave as it is. Exits are always approved: no
rule may stand between the desk and less risk.
"""

from dataclasses import replace
from decimal import ROUND_DOWN
from decimal import Decimal as D

from crew.models.rules_case import Case, Room, case_of, room_of
from crew.models.rules_checks import RULES, Finding
from crew.models.rules_figures import short
from crew.models.rules_prompt import Prompt
from crew.models.rules_reports import proposals_of
from crew.models.rules_temperament import Temperament
from records.proposal import TradeProposal
from records.verdict import VerdictDraft

_STEP = D("0.00000001")


def verdicts(prompt: Prompt, temperament: Temperament) -> list[VerdictDraft]:
    """One verdict for each proposal, in order; an approval leaves less room for the next."""
    room, drafts = room_of(prompt), []
    for proposal in proposals_of(prompt):
        if isinstance(proposal, str):
            drafts.append(_veto(proposal, ["evidence: the proposal itself cannot be read"]))
        elif not proposal.draft.opens:
            drafts.append(_exit(proposal))
        else:
            case = case_of(prompt, proposal, room, temperament)
            drafts.append(verdict(case))
            room = _after(room, case, drafts[-1])
    return drafts


def verdict(case: Case) -> VerdictDraft:
    """What the rules say of one opening."""
    found = [(name, finding) for name, rule in RULES.items() if (finding := rule(case))]
    vetoes = _reasons(found, "veto")
    if vetoes:
        return _veto(case.proposal.proposal_id, vetoes)
    shrinks = [finding for _, finding in found if finding.decision == "shrink"]
    bounds = [one.max_quantity for one in shrinks if one.max_quantity is not None]
    max_quantity = min(bounds).quantize(_STEP, rounding=ROUND_DOWN) if bounds else None
    if max_quantity is not None and max_quantity <= 0:
        return _veto(case.proposal.proposal_id, _reasons(found, "shrink"))
    caps = [one.max_leverage for one in shrinks if one.max_leverage is not None]
    return VerdictDraft(
        proposal_id=case.proposal.proposal_id,
        decision="shrink" if shrinks else "approve",
        max_quantity=max_quantity,
        stop=None,
        max_leverage=min(caps, default=None),
        reasons=tuple([*_reasons(found, "shrink"), *_reasons(found, "approve")][:5]),
    )


def _reasons(found: list[tuple[str, Finding]], decision: str) -> list[str]:
    return [f"{name}: {one.text}"[:300] for name, one in found if one.decision == decision]


def _veto(proposal_id: str, reasons: list[str]) -> VerdictDraft:
    return VerdictDraft(
        proposal_id=proposal_id,
        decision="veto",
        max_quantity=None,
        stop=None,
        max_leverage=None,
        reasons=tuple(reasons[:5]),
    )


def _exit(proposal: TradeProposal) -> VerdictDraft:
    action = proposal.draft.action
    reason = "nothing is traded" if action == "hold" else "less exposure needs no permission"
    return VerdictDraft(
        proposal_id=proposal.proposal_id,
        decision="approve",
        max_quantity=None,
        stop=None,
        max_leverage=None,
        reasons=(f"{action}: {reason}, confidence {short(D(str(proposal.draft.confidence)))}",),
    )


def _after(room: Room, case: Case, draft: VerdictDraft) -> Room:
    """The room that is left once this verdict is carried out."""
    if draft.decision == "veto" or case.quantity is None or case.price is None:
        return room
    taken = min(case.quantity, draft.max_quantity or case.quantity) * case.price
    left, positions = room.exposure_left, room.positions_left
    return replace(
        room,
        exposure_left=None if left is None else max(D(0), left - taken),
        positions_left=None if positions is None else positions - 1,
    )
