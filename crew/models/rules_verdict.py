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
from crew.models.rules_figures import Row, row_for, short
from crew.models.rules_prompt import Prompt
from crew.models.rules_reports import proposals_of
from crew.models.rules_temperament import Temperament
from records.base import Side
from records.proposal import SizedProposal
from records.verdict import WrittenVerdict

_STEP = D("0.00000001")


def verdicts(prompt: Prompt, temperament: Temperament) -> list[WrittenVerdict]:
    """One verdict for each proposal, in order; an approval leaves less room for the next."""
    room, written = room_of(prompt), []
    for proposal in proposals_of(prompt):
        if isinstance(proposal, str):
            reasons = ["evidence: the proposal itself cannot be read"]
            written.append(_veto(proposal, "unknown", "sell", reasons))
        elif not proposal.draft.opens:
            written.append(_exit(proposal, row_for(prompt.tool("get_portfolio"), proposal.symbol)))
        else:
            case = case_of(prompt, proposal, room, temperament)
            written.append(verdict(case))
            room = _after(room, case, written[-1])
    return written


def verdict(case: Case) -> WrittenVerdict:
    """What the rules say of one opening; an approval repeats what it allows, in numbers."""
    found = [(name, finding) for name, rule in RULES.items() if (finding := rule(case))]
    asked, draft = case.proposal, case.proposal.draft
    side: Side = "buy" if case.sign > 0 else "sell"
    vetoes = _reasons(found, "veto")
    if vetoes or case.quantity is None:
        return _veto(asked.proposal_id, asked.symbol, side, vetoes or ["size: unknown"])
    shrinks = [finding for _, finding in found if finding.decision == "shrink"]
    bounds = [one.max_quantity for one in shrinks if one.max_quantity is not None]
    smallest = min(bounds).quantize(_STEP, rounding=ROUND_DOWN) if bounds else case.quantity
    if smallest <= 0:
        return _veto(asked.proposal_id, asked.symbol, side, _reasons(found, "shrink"))
    caps = [one.max_leverage for one in shrinks if one.max_leverage is not None]
    return WrittenVerdict(
        proposal_id=asked.proposal_id,
        symbol=asked.symbol,
        side=side,
        decision="shrink" if shrinks else "approve",
        max_quantity=min(smallest, case.quantity),
        stop=draft.stop,
        max_leverage=min([*caps, draft.leverage]),
        reasons=tuple([*_reasons(found, "shrink"), *_reasons(found, "approve")][:5]),
    )


def _reasons(found: list[tuple[str, Finding]], decision: str) -> list[str]:
    return [f"{name}: {one.text}"[:300] for name, one in found if one.decision == decision]


def _veto(proposal_id: str, symbol: str, side: Side, reasons: list[str]) -> WrittenVerdict:
    return WrittenVerdict(
        proposal_id=proposal_id,
        symbol=symbol,
        side=side,
        decision="veto",
        max_quantity=None,
        stop=None,
        max_leverage=None,
        reasons=tuple(reasons[:5]),
    )


def _exit(proposal: SizedProposal, held: Row) -> WrittenVerdict:
    action = proposal.draft.action
    reason = "nothing is traded" if action == "hold" else "less exposure needs no permission"
    return WrittenVerdict(
        proposal_id=proposal.proposal_id,
        symbol=proposal.symbol,
        side="buy" if held.text("side") == "short" else "sell",
        decision="approve",
        max_quantity=None,
        stop=None,
        max_leverage=None,
        reasons=(f"{action}: {reason}, confidence {short(D(str(proposal.draft.confidence)))}",),
    )


def _after(room: Room, case: Case, draft: WrittenVerdict) -> Room:
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
