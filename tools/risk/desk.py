"""
The risk desk of one cycle: numbers proposals, takes verdicts, and alone writes approvals.

The first verdict on a proposal stands, a veto is final, and whatever is refused is
recorded with its reason. The ledger is the only way from here to the executor.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from pydantic import ValidationError

from records.breaker import BreakerState
from records.clock import Clock
from records.errors import OrderRefused
from records.ids import IdSequence
from records.lock import Lock as EntryLock
from records.market import MarketSnapshot, SymbolMarket
from records.order import AccountState
from records.ports import Journal
from records.proposal import ProposalDraft, Sizing, TradeProposal, WrittenProposal
from records.risk import RiskLimits
from records.strict import faults
from records.support import Support
from records.verdict import (
    Approval,
    Breach,
    Refusal,
    RiskVerdict,
    VerdictOutcome,
    VerdictReport,
    WrittenVerdict,
)
from tools.indicators.correlation import correlations
from tools.ledger.ledger import Ledger
from tools.risk.facts import Figures, invented
from tools.risk.gate import Denied, GateView, judge
from tools.risk.losses import LossState, day_began
from tools.risk.sizing import Holdings, size


class RiskDesk:
    """Everything between what the analyst wrote and an approval, for one cycle."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        ids: IdSequence,
        clock: Clock,
        snapshot: MarketSnapshot,
        shortlist: tuple[str, ...],
        account: AccountState,
        losses: LossState,
        limits: RiskLimits,
        breaker: BreakerState,
        halted: Callable[[], str | None],
        support: Callable[[str], Support],
        figures: Callable[[str], Figures],
        journal: Journal,
    ) -> None:
        self.snapshot = snapshot
        self.account = account
        self.losses = losses
        self.limits = limits
        self.breaker = breaker
        self.halted = halted
        self._support = support
        self._figures = figures
        self.shortlist = shortlist
        self._ledger = ledger
        self._ids = ids
        self._clock = clock
        self._journal = journal
        self._one_at_a_time = Lock()
        self._vetoed: set[str] = set()
        """Proposals vetoed after their first verdict."""

    def register(
        self, written: Sequence[WrittenProposal], situations: Mapping[str, str] | None = None
    ) -> tuple[TradeProposal, ...]:
        """
        Enter each proposal with an id, its situation and the desk's own sizing.

        What is off the shortlist, could not be a trade, opens on an invented figure or has
        no room left is refused, one by one; only what is left comes back, to be judged.
        """
        told = situations or {}
        entered = (self._register(one, told.get(one.symbol, "")) for one in written)
        return tuple(proposal for proposal in entered if proposal is not None)

    def submit(self, written: Sequence[WrittenVerdict]) -> VerdictReport:
        """
        Record each verdict and ask the gate; approvals follow only from here.

        Vetoes come first: of two verdicts on one proposal the first stands, and no veto is lost.
        """
        vetoes_first = sorted(written, key=lambda one: one.decision != "veto")
        with self._one_at_a_time:
            return VerdictReport(outcomes=tuple(self._submit(one) for one in vetoes_first))

    def withdrawn(self, approval: Approval) -> str | None:
        """Why an approval may not be used any more; None when nothing speaks against it."""
        if approval.proposal_id not in self._vetoed:
            return None
        return "the officer vetoed its proposal after all"

    def open_proposals(self) -> tuple[TradeProposal, ...]:
        """Proposals of this cycle that ask for a trade and have neither verdict nor refusal."""
        decisions, cycle_id = self._ledger.decisions, self._cycle_id
        over = {verdict.draft.proposal_id for verdict in decisions.verdicts(cycle_id)}
        over |= {refusal.subject for refusal in decisions.refusals(cycle_id)}
        return tuple(
            proposal
            for proposal in decisions.proposals(cycle_id)
            if proposal.draft.action != "hold" and proposal.proposal_id not in over
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

    def holdings(self, symbol: str) -> Holdings:
        """Everything an entry in this market would be added to."""
        committed = self.committed()
        beside = {mark.position.symbol for mark in self.account.positions}
        beside |= {approval.symbol for approval in committed}
        return Holdings(
            account=self.account,
            committed=committed,
            correlations=correlations(symbol, sorted(beside), self.snapshot),
        )

    def locks(self) -> tuple[EntryLock, ...]:
        """What may not be opened now, by market or altogether."""
        return self._ledger.safety.active_locks(self._clock.now())

    @property
    def _cycle_id(self) -> str:
        return self._ids.cycle_id

    def _register(self, written: WrittenProposal, situation: str) -> TradeProposal | None:
        if written.symbol not in self.shortlist:
            message = f"{written.symbol!r} is not on this cycle's shortlist, so it was dropped"
            self._record(_shown(written.symbol), "off_shortlist", message)
            return None
        try:
            draft = written.draft()
        except ValidationError as error:
            message = f"this could not be a trade: {faults(error)}"
            self._record(_shown(written.symbol), "out_of_bounds", message)
            return None
        proposal = TradeProposal(
            proposal_id=self._ids.next("p"),
            cycle_id=self._cycle_id,
            created_at=self._clock.now(),
            draft=draft,
            situation=situation[:600],
            sizing=self._size(draft),
        )
        self._ledger.decisions.add_proposal(proposal)
        false = invented(draft, self._figures(draft.symbol)) if draft.opens else ()
        if false:
            message = f"it rests on figures that are not the desk's: {'; '.join(false)}"
            self._record(proposal.proposal_id, "invented_fact", message)
            return None
        return None if self._no_room(proposal) else proposal

    def _no_room(self, proposal: TradeProposal) -> bool:
        """Refuse an entry that the desk had to size to nothing: there is nothing to judge."""
        sizing = proposal.sizing
        if sizing is None or sizing.quantity > 0 or proposal.draft.quantity is not None:
            return False
        message = f"no size is left for {proposal.symbol}: {sizing.bound_by} binds"
        breach = Breach(limit=sizing.bound_by, message=message)
        denied = Denied(code="limits", message=message, breaches=(breach,))
        self._record(proposal.proposal_id, denied.code, message, denied)
        return True

    def _size(self, draft: ProposalDraft) -> Sizing | None:
        market = self._market(draft.symbol)
        if market is None or not draft.opens:
            return None
        return size(draft, market, self.holdings(draft.symbol), self.limits)

    def _submit(self, written: WrittenVerdict) -> VerdictOutcome:
        proposals = {p.proposal_id: p for p in self._ledger.decisions.proposals(self._cycle_id)}
        proposal = proposals.get(written.proposal_id)
        if proposal is None:
            message = f"no proposal {written.proposal_id!r} in this cycle"
            return self._refuse(written, "unknown_proposal", message)
        try:
            draft = written.draft()
        except ValidationError as error:
            message = f"this could not be a verdict: {faults(error)}"
            return self._refuse(written, "out_of_bounds", message)
        verdict = RiskVerdict(
            verdict_id=self._ids.next("v"),
            cycle_id=self._cycle_id,
            created_at=self._clock.now(),
            draft=draft,
        )
        try:
            self._ledger.decisions.add_verdict(verdict)
        except OrderRefused as stands:
            if draft.decision == "veto":
                self._vetoed.add(draft.proposal_id)
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
        now, holdings = self._clock.now(), self.holdings(symbol)
        return GateView(
            market=self._market(symbol),
            holdings=holdings,
            limits=self.limits,
            breaker=self.breaker,
            halted=self.halted(),
            locks=self.locks(),
            losses=self.losses,
            support=self._support(symbol),
            figures=self._figures(symbol),
            entries_today=self._entries_today(holdings),
            now=now,
        )

    def _entries_today(self, holdings: Holdings) -> int:
        """Entries sent since midnight, and those of this cycle that may yet be."""
        sent = self._ledger.execution.entries_since(day_began(self._clock.now()))
        return sent + sum(one.used_at is None for one in holdings.promised)

    def _market(self, symbol: str) -> SymbolMarket | None:
        return self.snapshot.markets.get(symbol) if symbol in self.shortlist else None

    def _refuse(
        self, draft: WrittenVerdict, code: str, message: str, denied: Denied | None = None
    ) -> VerdictOutcome:
        return VerdictOutcome(
            proposal_id=draft.proposal_id,
            decision=draft.decision,
            approval_id=None,
            refusal=self._record(draft.proposal_id, code, message, denied),
        )

    def _record(
        self, subject: str, code: str, message: str, denied: Denied | None = None
    ) -> Refusal:
        refusal = Refusal(
            refusal_id=self._ids.next("r"),
            cycle_id=self._cycle_id,
            at=self._clock.now(),
            subject=subject,
            code=code,
            message=message,
            breaches=denied.breaches if denied else (),
            largest_quantity=denied.largest_quantity if denied else None,
        )
        self._ledger.decisions.add_refusal(refusal)
        self._journal.write("refusal", refusal=refusal.model_dump(mode="json"))
        return refusal


def _shown(symbol: str) -> str:
    """A market's name as it was written, with whatever cannot be seen spelled out."""
    return repr(symbol)[1:-1]
