"""Lessons are written by code, once for each sized opening, when all is known."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from crew.cycle import run_cycle
from records.clock import FixedClock
from tests.crew.desks import QUIET, a_desk

BUSY = QUIET + timedelta(hours=20)
BOLD = ("model=rulebook/bold", "breaker.atr_jump_pct=1000", "screen.max_shortlist=6")


def test_every_sized_opening_gives_one_lesson_and_none_from_the_future(tmp_path: Path) -> None:
    """Vetoed and refused trades teach too, and nothing is known before it happened."""
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *BOLD, at=clock) as desk:
        first = run_cycle(desk, print)
        assert desk.ledger.lessons.lessons(None) == ()
        sized = {
            one.proposal_id
            for one in desk.ledger.decisions.proposals(first.cycle_id)
            if one.draft.opens and one.sizing is not None
        }
        for _ in range(7):
            clock.advance(hours=6)
            run_cycle(desk, print)
        known = desk.ledger.lessons.lessons(None)
        held = {one.proposal_id for one in desk.ledger.account.open_positions()}
        outcomes = {
            one.proposal_id: desk.ledger.outcomes.hypothetical(one.proposal_id or "")
            for one in known
        }

    counted = Counter(one.proposal_id for one in known)
    assert sized
    assert sized - held <= set(counted)
    assert set(counted.values()) == {1}
    for lesson in known:
        outcome = outcomes[lesson.proposal_id]
        assert outcome is not None
        assert lesson.learned_at >= outcome.known_at
        assert set(lesson.horizon_pct) == {1, 4, 24}
        assert lesson.features
        assert lesson.reflection
        assert lesson.hypothetical == (lesson.kind != "traded")
        assert not lesson.hypothetical or lesson.pnl_pct == outcome.pnl_pct
    assert {"traded", "vetoed", "refused"} <= {one.kind for one in known}
