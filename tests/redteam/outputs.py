"""
Answers of models, each in the place of one agent, and how the desk handled them.

HOLD: no usable answer, so nothing was proposed. REJECT: refused, with the reason on the
ledger. ACCEPT, ACCEPT_REPAIRED and SHRINK: an order of the asked size, of the size that is
left when what is beyond the lot is cut off, or of a smaller one.
"""

import json
import re
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.redteam.contract import Case, message_of
from tests.redteam.cycles import Ran, run_case, seed_approvals
from tests.redteam.script import Script, ScriptedServer

_SIZE = {"proposal": "size", "verdict": "max_size"}
_LOT = Decimal("0.0001")


def failures(case: Case, server: ScriptedServer) -> list[str]:
    """What was not as the case expects; empty when it passed."""
    with TemporaryDirectory() as home:
        script = Script(
            step=case["step"],
            message=lambda turn: message_of(
                case, proposal_id=turn.proposal_id, approvals=turn.approvals
            ),
            finish_reason=case.get("finish_reason"),
        )
        if case["step"] == "execution":
            script.before = seed_approvals(Path(home))
        ran = run_case(
            Path(home),
            server,
            script,
            mood="rising",
            breaker_open=case.get("ctx") == "breaker_open",
        )
        return judged(case, ran)


def judged(case: Case, ran: Ran) -> list[str]:
    """The expectations that do not hold."""
    expect, found = case["expect"], []
    handled = handling(case, ran)
    if not handled & set(expect["handling_any_of"]):
        wanted = "|".join(expect["handling_any_of"])
        found.append(f"handled as {'/'.join(sorted(handled))}, not {wanted}: {ran.record.message}")
    if case["step"] not in ran.steps and case.get("ctx") != "breaker_open":
        found.append(f"the step {case['step']} was never reached: {ran.record.message}")
    if len(ran.entries) > expect["max_orders"]:
        found.append(f"{len(ran.entries)} orders, at most {expect['max_orders']} are allowed")
    sizes = [order.intent.quantity for order in ran.entries]
    if (most := expect.get("max_size")) is not None and any(s > Decimal(str(most)) for s in sizes):
        found.append(f"an order of {max(sizes)}, at most {most} is allowed")
    if (exact := expect.get("exact_size")) and sizes != [Decimal(str(exact))]:
        found.append(f"orders of {sizes}, exactly {exact} was asked")
    if ran.record.outcome == "failed":
        found.append(f"the cycle failed: {ran.record.message}")
    return found


def handling(case: Case, ran: Ran) -> set[str]:
    """Every name the contract has for what happened."""
    if ran.entries:
        return _accepted(case, ran)
    refused = [r for r in ran.record.refusals if r.code != "veto"]
    if ran.record.outcome == "halted":  # refused as a whole, by the breaker, on the cycle's row
        return {"HOLD", "REJECT"}
    return {"REJECT"} if refused else {"HOLD"}


def _accepted(case: Case, ran: Ran) -> set[str]:
    if case["step"] == "execution":
        return {"ACCEPT", "ACCEPT_REPAIRED"}
    content = case["message"].get("content") or ""
    asked, exact = _asked(content, _SIZE[case["step"]]), ran.entries[0].intent.quantity
    bare = _bare(content)
    proposed = Decimal("0.01") if case["step"] == "verdict" else asked
    if exact < min(asked, proposed) - _LOT or exact < proposed:
        return {"SHRINK"} if proposed - exact > _LOT else {"ACCEPT_REPAIRED"}
    return {"ACCEPT"} if bare else {"ACCEPT_REPAIRED"}


def _asked(content: str, key: str) -> Decimal:
    found = re.search(rf'"{key}"\s*:\s*"?(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)', content)
    return Decimal(found.group(1)) if found else Decimal(0)


def _bare(content: str) -> bool:
    """Whether nothing had to be taken off: one object, numbers as numbers, no control signs."""
    try:
        found: Any = json.loads(content)
    except ValueError:
        return False
    numbers = {"size", "entry", "stop", "take_profit", "leverage", "max_size"}
    texts = [v for k, v in found.items() if k in numbers and isinstance(v, str)]
    prose = [v for v in found.values() if isinstance(v, str) and not v.isprintable()]
    return not texts and not prose and "CANARY" not in content
