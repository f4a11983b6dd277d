"""How a cycle ended: from the ledger's rows to the one record that `desk cycle --json` prints."""

from dataclasses import dataclass
from typing import Any

from crew.desk import Desk
from records.cycle import CycleRecord, Outcome, Reports
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
    if placed := _placed(desk, cycle_id):
        return Ending("traded", None, f"{placed} order{'s' if placed > 1 else ''} placed.")
    if refusals := desk.ledger.decisions.refusals(cycle_id):
        return Ending("vetoed", None, refusals[0].message)
    if desk.ledger.decisions.approvals(cycle_id):
        message = "An order was approved, but the executor did not place it."
        return Ending("hold", "not_executed", message)
    return Ending("hold", "no_proposal", "The crew met and proposed no trade.")


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
        fills=execution.fills(cycle_id),
        **seen,
    )


def _placed(desk: Desk, cycle_id: str) -> int:
    """Entries and exits of this cycle that the venue took."""
    return sum(
        order.intent.role in ("entry", "exit") and order.status not in ("rejected", "expired")
        for order in desk.ledger.execution.orders(cycle_id)
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
