"""
The risk desk of one cycle: numbers proposals, takes verdicts, and alone writes approvals.

The first verdict on a proposal stands, a veto is final, and whatever is refused is
recorded with its reason. The ledger is the only way from here to the executor.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from records.clock import Clock
from records.errors import OrderRefused
from records.ids import IdSequence
from records.market import MarketSnapshot, SymbolMarket
from records.order import AccountState
from records.ports import Journal
from records.proposal import ProposalDraft, Sizing, TradeProposal
from records.risk import BreakerState, RiskLimits
from records.verdict import (
    Approval,
    Refusal,
    RiskVerdict,
    VerdictDraft,
    VerdictOutcome,
    VerdictReport,
)
from tools.ledger.ledger import Ledger
from tools.risk.gate import Denied, GateView, judge
from tools.risk.sizing import size


class RiskDesk:
    """Everything between a draft and an approval, for one cycle."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        ids: IdSequence,
        clock: Clock,
        snapshot: MarketSnapshot,
        shortlist: tuple[str, ...],
        account: AccountState,
        limits: RiskLimits,
        breaker: BreakerState,
        halted: Callable[[], str | None],
        journal: Journal,
    ) -> None:
        self.snapshot = snapshot
        self.account = account
        self.limits = limits
        self.breaker = breaker
        self.halted = halted
        self._shortlist = shortlist
        self._ledger = ledger
        self._ids = ids
        self._clock = clock
        self._journal = journal
        self._one_at_a_time = Lock()

    def register(
        self, drafts: Sequence[ProposalDraft], situations: Mapping[str, str] | None = None
    ) -> tuple[TradeProposal, ...]:
        """Write each draft to the ledger with an id, its situation and the desk's own sizing."""
        told = situations or {}
        return tuple(self._register(draft, told.get(draft.symbol, "")) for draft in drafts)

    def submit(self, drafts: Sequence[VerdictDraft]) -> VerdictReport:
        """Record each verdict and ask the gate; approvals follow only from here."""
        with self._one_at_a_time:
            return VerdictReport(outcomes=tuple(self._submit(draft) for draft in drafts))

    def open_proposals(self) -> tuple[TradeProposal, ...]:
        """Proposals of this cycle that ask for a trade and have no verdict yet."""
        judged = {v.draft.proposal_id for v in self._ledger.decisions.verdicts(self._cycle_id)}
        return tuple(
            proposal
            for proposal in self._ledger.decisions.proposals(self._cycle_id)
            if proposal.draft.action != "hold" and proposal.proposal_id not in judged
        )

    def committed(self) -> tuple[Approval, ...]:
        """What may yet become a position: this cycle's approvals, and entries that still rest."""
        decisions = self._ledger.decisions
        resting = (
            decisions.approval(order.intent.approval_id)
            for order in self._ledger.execution.working_orders()
            if order.intent.role == "entry" and order.intent.approval_id is not None
        )
        found = {
            approval.approval_id: approval
            for approval in (*decisions.approvals(self._cycle_id), *resting)
            if approval is not None
        }
        return tuple(found.values())

    @property
    def _cycle_id(self) -> str:
        return self._ids.cycle_id

    def _register(self, draft: ProposalDraft, situation: str) -> TradeProposal:
        proposal = TradeProposal(
            proposal_id=self._ids.next("p"),
            cycle_id=self._cycle_id,
            created_at=self._clock.now(),
            draft=draft,
            situation=situation[:600],
            sizing=self._size(draft),
        )
        self._ledger.decisions.add_proposal(proposal)
        return proposal

    def _size(self, draft: ProposalDraft) -> Sizing | None:
        market = self._market(draft.symbol)
        if market is None:
            return None
        return size(draft, market, self.account, self.committed(), self.limits)

    def _submit(self, draft: VerdictDraft) -> VerdictOutcome:
        proposals = {p.proposal_id: p for p in self._ledger.decisions.proposals(self._cycle_id)}
        proposal = proposals.get(draft.proposal_id)
        if proposal is None:
            return self._refuse(
                draft, "unknown_proposal", f"no proposal {draft.proposal_id!r} in this cycle"
            )
        verdict = RiskVerdict(
            verdict_id=self._ids.next("v"),
            cycle_id=self._cycle_id,
            created_at=self._clock.now(),
            draft=draft,
        )
        try:
            self._ledger.decisions.add_verdict(verdict)
        except OrderRefused as stands:
            return self._refuse(draft, type(stands).__name__, str(stands))
        return self._pass_gate(proposal, verdict)

    def _pass_gate(self, proposal: TradeProposal, verdict: RiskVerdict) -> VerdictOutcome:
        approval_id = self._ids.next("a")
        result = judge(proposal, verdict, self._view(proposal.symbol), approval_id)
        self._journal.write(
            "gate",
            proposal_id=proposal.proposal_id,
            symbol=proposal.symbol,
            verdict=verdict.draft.decision,
            result="approved" if isinstance(result, Approval) else result.code,
            detail=result.model_dump(mode="json"),
        )
        if isinstance(result, Denied):
            return self._refuse(verdict.draft, result.code, result.message, result)
        self._ledger.decisions.add_approval(result)
        return VerdictOutcome(
            proposal_id=proposal.proposal_id,
            decision=verdict.draft.decision,
            approval_id=result.approval_id,
            refusal=None,
            quantity=result.quantity,
        )

    def _view(self, symbol: str) -> GateView:
        return GateView(
            market=self._market(symbol),
            account=self.account,
            committed=self.committed(),
            limits=self.limits,
            breaker=self.breaker,
            halted=self.halted(),
            now=self._clock.now(),
        )

    def _market(self, symbol: str) -> SymbolMarket | None:
        return self.snapshot.markets.get(symbol) if symbol in self._shortlist else None

    def _refuse(
        self, draft: VerdictDraft, code: str, message: str, denied: Denied | None = None
    ) -> VerdictOutcome:
        refusal = Refusal(
            refusal_id=self._ids.next("r"),
            cycle_id=self._cycle_id,
            at=self._clock.now(),
            subject=draft.proposal_id,
            code=code,
            message=message,
            breaches=denied.breaches if denied else (),
        )
        self._ledger.decisions.add_refusal(refusal)
        self._journal.write("refusal", refusal=refusal.model_dump(mode="json"))
        return VerdictOutcome(
            proposal_id=draft.proposal_id,
            decision=draft.decision,
            approval_id=None,
            refusal=refusal,
        )
