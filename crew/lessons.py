"""
What proposals taught, written by code once everything about them is known.

One lesson for each sized opening proposal, when its outcome as proposed is booked and nothing
of it is held any longer; and one for a closed position that never had such an outcome. What
others wrote (thesis, news, the officer's reason) is stored inert, for people. The index in
memory/ follows from the ledger.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from crew.desk import Desk
from memory.features import figures
from memory.reflections import better, reflection
from records.ids import IdSequence
from records.lesson import Lesson, LessonKind, Said
from records.order import Trade
from records.outcome import HypotheticalTrade
from records.reports import ChartView, SentimentView, TechnicalView
from tools.ledger.ledger import Ledger

if TYPE_CHECKING:
    from records.proposal import TradeProposal

_PLACES = Decimal("0.0001")
_GIST_CHARS = 300


Worded = Callable[[Sequence[Lesson]], Sequence[Lesson]]
"""The same lessons, some of them with another sentence."""


def learn(
    desk: Desk,
    ids: IdSequence,
    now: datetime,
    closed: Sequence[Trade],
    worded: Worded = lambda lessons: lessons,
) -> None:
    """Write the lessons of what became known; `closed` are the trades this cycle booked."""
    for lesson in worded(tuple(_told(desk, ids, now, closed))):
        desk.ledger.lessons.add_lesson(lesson)


def _told(desk: Desk, ids: IdSequence, now: datetime, closed: Sequence[Trade]) -> Iterator[Lesson]:
    teller = _Teller(desk.ledger, ids, now, desk.settings.memory.reflections != "off")
    yield from map(teller.of_proposal, desk.ledger.lessons.untold())
    yield from (teller.of_position(one) for one in closed if _stands_alone(desk.ledger, one))


def _stands_alone(ledger: Ledger, trade: Trade) -> bool:
    """Whether the last part of a position closed whose proposal will have no outcome of its own."""
    parts = ledger.lessons.trades_of_position(trade.position_id)
    if parts[-1].trade_id != trade.trade_id or not ledger.lessons.is_closed(trade.position_id):
        return False
    position = ledger.account.position(trade.position_id)
    proposal = ledger.decisions.proposal(position.proposal_id) if position else None
    if proposal is None:
        return True
    return not (
        ledger.lessons.learned_from(proposal.proposal_id)
        or ledger.outcomes.hypothetical(proposal.proposal_id)
        or ledger.outcomes.waits(proposal.cycle_id, proposal.symbol)
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Writes lessons in the words of one cycle."""

    ledger: Ledger
    ids: IdSequence
    now: datetime
    worded: bool

    def of_proposal(self, outcome: HypotheticalTrade) -> Lesson:
        """A proposal's lesson: the real trade's result when there was one."""
        proposal = self.ledger.decisions.proposal(outcome.proposal_id)
        parts = self.ledger.lessons.trades_of_proposal(outcome.proposal_id)
        return self._lesson(proposal, parts, outcome)

    def of_position(self, trade: Trade) -> Lesson:
        """The lesson of a closed position without an outcome as proposed."""
        position = self.ledger.account.position(trade.position_id)
        proposal = self.ledger.decisions.proposal(position.proposal_id) if position else None
        parts = self.ledger.lessons.trades_of_position(trade.position_id)
        return self._lesson(proposal, parts, None)

    def _lesson(
        self,
        proposal: "TradeProposal | None",
        parts: Sequence[Trade],
        outcome: HypotheticalTrade | None,
    ) -> Lesson:
        known = parts[-1] if parts else outcome
        assert known is not None, "a lesson has a trade or an outcome"
        told = Lesson(
            lesson_id=self.ids.next("l"),
            cycle_id=self.ids.cycle_id,
            learned_at=self.now,
            symbol=known.symbol,
            kind=self._kind(proposal, parts),
            side=known.side,
            situation=proposal.situation if proposal else "",
            features=figures(proposal.situation) if proposal else {},
            decision=f"{known.side} at {known.entry_price:f}",
            outcome=_ended(parts, outcome),
            horizon_pct=outcome.horizon_pct if outcome else {},
            pnl_pct=_made_pct(parts) if parts else outcome and outcome.pnl_pct,
            best_pct=outcome.best_pct if outcome else None,
            worst_pct=outcome.worst_pct if outcome else None,
            holding_s=_held_s(parts) if parts else outcome and outcome.exit_after_s,
        )
        if proposal is not None:
            told = told.model_copy(update=self._said_then(proposal))
        told = told.model_copy(update={"better": better(told)})
        if self.worded:
            told = told.model_copy(update={"reflection": reflection(told, self._moves_pct(told))})
        return Lesson.model_validate(told.model_dump())

    def _kind(self, proposal: "TradeProposal | None", parts: Sequence[Trade]) -> LessonKind:
        if parts or proposal is None:
            return "traded"
        decisions = self.ledger.decisions
        allowed = {one.proposal_id for one in decisions.approvals(proposal.cycle_id)}
        if proposal.proposal_id in allowed:
            return "unfilled"
        verdict = decisions.verdict(proposal.proposal_id)
        return "vetoed" if verdict and verdict.draft.decision == "veto" else "refused"

    def _said_then(self, proposal: "TradeProposal") -> dict[str, object]:
        """What was said when it was proposed; words of others are made inert here."""
        from tools.news.fence import shown

        said, gist = self._views(proposal)
        draft = proposal.draft
        return {
            "proposal_id": proposal.proposal_id,
            "proposed_in": proposal.cycle_id,
            "proposed_at": proposal.created_at,
            "thesis": shown(draft.thesis, 800),
            "news_gist": shown(gist, _GIST_CHARS),
            "invalidation_price": draft.invalidation_price,
            "said": said,
        }

    def _views(self, proposal: "TradeProposal") -> tuple[Said, str]:
        from tools.news.fence import shown

        found: dict[str, object] = {}
        gist: tuple[str, ...] = ()
        for row in self.ledger.cycles.reports(proposal.cycle_id):
            for view in getattr(row.report, "views", ()):
                if view.symbol != proposal.symbol:
                    continue
                if isinstance(view, TechnicalView):
                    found["technical"] = view.conviction
                elif isinstance(view, ChartView):
                    found["chart"] = view.conviction
                elif isinstance(view, SentimentView):
                    found["sentiment"], gist = view.score, view.reasons
        if verdict := self.ledger.decisions.verdict(proposal.proposal_id):
            found["officer"] = verdict.draft.decision
            found["officer_reason"] = shown(verdict.draft.reasons[0], _GIST_CHARS)
        return Said.model_validate(found), "; ".join(gist)

    def _moves_pct(self, lesson: Lesson) -> dict[int, Decimal]:
        """How far the price had gone the proposal's way, by hours."""
        if lesson.proposed_in is None:
            return {}
        sign = -1 if lesson.side == "short" else 1
        return {
            one.horizon_h: sign * (one.later - one.price) / one.price * 100
            for one in self.ledger.outcomes.later_prices(lesson.proposed_in, lesson.symbol)
            if one.later is not None
        }


def _ended(parts: Sequence[Trade], outcome: HypotheticalTrade | None) -> str:
    if parts:
        last = parts[-1]
        return (
            f"closed by {last.exit_reason} at {last.exit_price:f} after "
            f"{_held_s(parts) // 60} min: {_made_pct(parts):f} % after fees"
        )
    if outcome is None or outcome.exit_reason is None:
        return "not entered; candles are missing"
    if outcome.pnl_pct is None:
        return "not entered; its limit would not have been filled"
    return f"not entered; by {outcome.exit_reason} it would have made {outcome.pnl_pct:f} %"


def _made_pct(parts: Sequence[Trade]) -> Decimal:
    """Of all parts together, percent of what they were worth at the entry."""
    if len(parts) == 1:
        return parts[0].pnl_pct
    value = sum((part.quantity * part.entry_price for part in parts), Decimal(0))
    return (sum((part.pnl for part in parts), Decimal(0)) / value * 100).quantize(_PLACES)


def _held_s(parts: Sequence[Trade]) -> int:
    return max(part.holding_s for part in parts)
