"""Why the breaker lets nothing be opened, in words that name the way out."""

from pathlib import Path

import pytest

from crew.protecting import Protecting
from crew.transcript import Transcript
from records.breaker import BreakerState
from records.clock import FixedClock
from tests.crew.desks import QUIET, a_desk


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            BreakerState(status="RECOVERING", since=QUIET, reset_at=QUIET),
            "was reset; it measures again from the first candle",
        ),
        (BreakerState(status="SAFE", since=QUIET), "cannot see BTC/USDT and ETH/USDT now"),
        (
            BreakerState(status="TRIGGERED", since=QUIET, reasons=("BTC/USDT fell 16 %",)),
            "is TRIGGERED: BTC/USDT fell 16 %",
        ),
    ],
)
def test_a_closed_breaker_says_what_it_waits_for(
    tmp_path: Path, state: BreakerState, said: str
) -> None:
    """Whoever has just reset it need not look for another venue, only wait for a candle."""
    with a_desk(tmp_path) as desk, Transcript(tmp_path / "c", FixedClock(QUIET)) as transcript:
        stages = Protecting(desk, "c", transcript, lambda *_: None)
        closed = stages.closed(state)

    assert closed is not None
    assert said in closed[1]
