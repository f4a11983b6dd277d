"""What a closed trade taught, written by code; the index in memory/ follows from the ledger."""

from collections.abc import Sequence

from crew.desk import Desk
from records.ids import IdSequence
from records.lesson import Lesson
from records.order import Trade


def learn(desk: Desk, ids: IdSequence, trades: Sequence[Trade]) -> None:
    """One lesson for each trade that was closed in this cycle."""
    for trade in trades:
        desk.ledger.lessons.add_lesson(_lesson(desk, ids, trade))


def _lesson(desk: Desk, ids: IdSequence, trade: Trade) -> Lesson:
    position = desk.ledger.account.position(trade.position_id)
    proposal = desk.ledger.decisions.proposal(position.proposal_id) if position else None
    thesis = proposal.draft.thesis if proposal else "unknown"
    return Lesson(
        lesson_id=ids.next("l"),
        cycle_id=ids.cycle_id,
        learned_at=trade.closed_at,
        symbol=trade.symbol,
        situation=proposal.situation if proposal else "",
        decision=f"{trade.side} at {trade.entry_price:f}: {thesis}"[:800],
        outcome=(
            f"closed by {trade.exit_reason} at {trade.exit_price:f} after "
            f"{trade.holding_s // 60} min: {trade.pnl_pct:f} % after fees"
        )[:300],
        pnl_pct=trade.pnl_pct,
        holding_s=trade.holding_s,
    )
