"""How a cycle ended: from the ledger's rows to the one record that `desk cycle --json` prints."""

from dataclasses import dataclass
from typing import Any

from crew.desk import Desk
from crew.stopping import Stop
from records.cycle import CycleRecord, Outcome, Reports
from records.errors import BudgetExhausted, ModelFailed
from records.order import WORKING
from records.reports import ChartReport, Note, SentimentReport, TechnicalReport


@dataclass(frozen=True, slots=True)
class Ending:
    """The outcome with its reason, in a word and in a sentence."""

    outcome: Outcome
    reason: str | None
    message: str
    exit_code: int = 0


def decided(desk: Desk, cycle_id: str) -> Ending:
    """What the crew's decisions came to: traded, vetoed, or nothing, and why."""
    decisions = desk.ledger.decisions
    sent = [o for o in desk.ledger.execution.orders(cycle_id) if o.intent.role in _DECIDED]
    if placed := sum(order.status in WORKING or order.filled_quantity > 0 for order in sent):
        return Ending("traded", None, f"{placed} order{'s' if placed > 1 else ''} placed.")
    approved = {approval.proposal_id for approval in decisions.approvals(cycle_id)}
    refusals = decisions.refusals(cycle_id)
    proposed = {proposal.proposal_id for proposal in decisions.proposals(cycle_id)} - approved
    vetoes = [r for r in refusals if r.subject in proposed or r.code in _TURNED_DOWN]
    if vetoes:
        return Ending("vetoed", None, vetoes[0].message)
    if sent:
        return Ending("hold", "rejected", f"The venue took no order: {sent[0].reason}")
    if decisions.approvals(cycle_id):
        later = [r.message for r in refusals if r.code != "review_missing"]
        why = later[-1] if later else "the executor did not place it."
        return Ending("hold", "not_executed", f"An order was approved, but {why}")
    return Ending("hold", "no_proposal", "The crew met and proposed no trade.")


def interrupted(desk: Desk, cycle_id: str, failure: ModelFailed) -> Ending:
    """A model failed: what was traded before that stands, else the cycle holds."""
    before = decided(desk, cycle_id)
    if before.outcome == "traded":
        message = f"{before.message} Then: {failure}"
        return Ending("traded", None, message, failure.exit_code)
    reason = "budget" if isinstance(failure, BudgetExhausted) else "model_failed"
    return Ending("hold", reason, str(failure), failure.exit_code)


def stopped(desk: Desk, cycle_id: str, stop: Stop, *, code_when_hung: int) -> Ending:
    """The cycle was ended before its time: what was traded stands; a deadline is no normal end."""
    before = decided(desk, cycle_id)
    exit_code = code_when_hung if stop.reason == "deadline" else 0
    if before.outcome == "traded":
        return Ending("traded", stop.reason, f"{before.message} {stop.message}", exit_code)
    return Ending("hold", stop.reason, f"{stop.message} Nothing was traded.", exit_code)


_DECIDED = frozenset({"entry", "exit"})
_TURNED_DOWN = frozenset({"off_shortlist", "out_of_bounds"})
"""Refusals of what was proposed and could not even be entered."""


def cycle_record(desk: Desk, cycle_id: str, ending: Ending, **seen: Any) -> CycleRecord:
    """Everything one cycle saw, decided and did; `seen` is what only the running cycle knows."""
    decisions, execution = desk.ledger.decisions, desk.ledger.execution
    settings = desk.settings
    return CycleRecord(
        cycle_id=cycle_id,
        outcome=ending.outcome,
        hold_reason=ending.reason,
        message=ending.message,
        exit_code=ending.exit_code,
        venue=settings.venue,
        mode=settings.mode,
        synthetic=desk.synthetic,
        symbols=settings.symbols,
        reports=_reports(desk, cycle_id),
        proposals=decisions.proposals(cycle_id),
        verdicts=decisions.verdicts(cycle_id),
        approvals=decisions.approvals(cycle_id),
        refusals=decisions.refusals(cycle_id),
        orders=execution.orders(cycle_id),
        trades=desk.ledger.account.trades_of(cycle_id),
        **seen,
    )


def _reports(desk: Desk, cycle_id: str) -> Reports:
    written = {row.task: row.report for row in desk.ledger.cycles.reports(cycle_id)}
    by_kind = {type(report): report for report in written.values()}
    return Reports.model_validate(
        {
            "technical": by_kind.get(TechnicalReport),
            "sentiment": by_kind.get(SentimentReport),
            "chart": by_kind.get(ChartReport),
            "notes": {t: report for t, report in written.items() if isinstance(report, Note)},
        }
    )
