"""
What was proposed, judged, allowed and refused.

The first verdict on a proposal stands. An approval refers to a verdict on the very
proposal it permits, and never to a veto; using one up is `tools.ledger.execution`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, insert, select

from records.errors import LedgerConflict, VerdictStands
from records.proposal import TradeProposal
from records.verdict import Approval, Refusal, RiskVerdict
from tools.ledger.engine import Store
from tools.ledger.rows import approved, columns, document, documents, in_order
from tools.ledger.schema import approvals, proposals, refusals, verdicts


class Decisions:
    """Proposals, verdicts, approvals and refusals, in the order they were made."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_proposal(self, proposal: TradeProposal) -> None:
        """Enter a proposal."""
        row = columns(
            proposal,
            proposals,
            symbol=proposal.symbol,
            action=proposal.draft.action,
            record=document(proposal),
        )
        with self._store.writing() as connection:
            connection.execute(insert(proposals), row)

    def proposal(self, proposal_id: str) -> TradeProposal | None:
        """One proposal by its id."""
        statement = select(proposals.c.record).where(proposals.c.proposal_id == proposal_id)
        with self._store.reading() as connection:
            found = documents(TradeProposal, connection.execute(statement))
        return found[0] if found else None

    def proposals(self, cycle_id: str) -> tuple[TradeProposal, ...]:
        """What was proposed in a cycle."""
        statement = _of_cycle(proposals, cycle_id, proposals.c.created_at, proposals.c.proposal_id)
        with self._store.reading() as connection:
            return documents(TradeProposal, connection.execute(statement))

    def add_verdict(self, verdict: RiskVerdict) -> None:
        """Enter the verdict on a proposal; a second one raises VerdictStands."""
        row = columns(
            verdict,
            verdicts,
            proposal_id=verdict.draft.proposal_id,
            decision=verdict.draft.decision,
            record=document(verdict),
        )
        with self._store.writing() as connection:
            _refuse_second(connection, verdict.draft.proposal_id)
            connection.execute(insert(verdicts), row)

    def verdict(self, proposal_id: str) -> RiskVerdict | None:
        """The verdict that stands on a proposal."""
        statement = select(verdicts.c.record).where(verdicts.c.proposal_id == proposal_id)
        with self._store.reading() as connection:
            found = documents(RiskVerdict, connection.execute(statement))
        return found[0] if found else None

    def verdicts(self, cycle_id: str) -> tuple[RiskVerdict, ...]:
        """What was judged in a cycle."""
        statement = _of_cycle(verdicts, cycle_id, verdicts.c.created_at, verdicts.c.verdict_id)
        with self._store.reading() as connection:
            return documents(RiskVerdict, connection.execute(statement))

    def add_approval(self, approval: Approval) -> None:
        """Enter a permission, unused, resting on a verdict that is no veto."""
        row = columns(approval, approvals, record=document(approval))
        with self._store.writing() as connection:
            _refuse_vetoed(connection, approval)
            connection.execute(insert(approvals), row)

    def approval(self, approval_id: str) -> Approval | None:
        """One approval by its id, with the time it was used."""
        statement = select(approvals.c.record, approvals.c.used_at).where(
            approvals.c.approval_id == approval_id
        )
        with self._store.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else approved(*row)

    def approvals(self, cycle_id: str) -> tuple[Approval, ...]:
        """What was allowed in a cycle."""
        return self._approvals(approvals.c.cycle_id == cycle_id)

    def unspent_approvals(self, cycle_id: str, now: datetime) -> tuple[Approval, ...]:
        """What was allowed in a cycle and may still be used."""
        return self._approvals(
            approvals.c.cycle_id == cycle_id,
            approvals.c.used_at.is_(None),
            approvals.c.created_at <= now,
            approvals.c.expires_at > now,
        )

    def add_refusal(self, refusal: Refusal) -> None:
        """Enter what was asked and not done."""
        with self._store.writing() as connection:
            row = columns(refusal, refusals, record=document(refusal))
            connection.execute(insert(refusals), row)

    def refusals(self, cycle_id: str) -> tuple[Refusal, ...]:
        """What was refused in a cycle."""
        statement = _of_cycle(refusals, cycle_id, refusals.c.at, refusals.c.refusal_id)
        with self._store.reading() as connection:
            return documents(Refusal, connection.execute(statement))

    def _approvals(self, *which: ColumnElement[bool]) -> tuple[Approval, ...]:
        statement = (
            select(approvals.c.record, approvals.c.used_at)
            .where(*which)
            .order_by(approvals.c.created_at, *in_order(approvals.c.approval_id))
        )
        with self._store.reading() as connection:
            return tuple(approved(*row) for row in connection.execute(statement))


def _of_cycle(
    table: Table, cycle_id: str, at: ColumnElement[Any], identifier: ColumnElement[str]
) -> Any:
    """The documents of one cycle, in the order they were written."""
    return (
        select(table.c.record)
        .where(table.c.cycle_id == cycle_id)
        .order_by(at, *in_order(identifier))
    )


def _refuse_second(connection: Connection, proposal_id: str) -> None:
    """The first verdict stands."""
    statement = select(verdicts.c.verdict_id, verdicts.c.decision).where(
        verdicts.c.proposal_id == proposal_id
    )
    first = connection.execute(statement).one_or_none()
    if first is not None:
        raise VerdictStands(
            f"Proposal {proposal_id!r} already has verdict {first.verdict_id!r}: {first.decision}. "
            "The first verdict stands, so the new one was not recorded. Judge it in a new cycle."
        )


def _refuse_vetoed(connection: Connection, approval: Approval) -> None:
    """An approval rests on a verdict, and not on a veto."""
    statement = select(verdicts.c.decision).where(verdicts.c.verdict_id == approval.verdict_id)
    if connection.scalar(statement) == "veto" or approval.used_at is not None:
        raise LedgerConflict(
            f"Approval {approval.approval_id!r} rests on a veto or is issued as used. "
            "It was not recorded, so nothing can be sent on it. Only the gate issues approvals."
        )
