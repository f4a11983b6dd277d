"""`desk flatten`: getting out works whatever else does not, and does not claim too much."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.flatten import flatten
from records.clock import FixedClock
from records.cycle import CycleRecord
from records.errors import OrderRefused
from records.order import OrderIntent
from records.ports import VenueOrder
from records.risk import BreakerState
from tests.crew.desks import a_desk, settings
from tests.crew.test_cli import desk as desk_command
from tests.crew.test_cycle import BUSY, SIX
from tools.exchange.paper import PaperAccount


def quiet(_text: str) -> None:
    """Progress nobody reads."""


def held(desk: Desk) -> set[str]:
    """The markets the desk holds."""
    return {position.symbol for position in desk.ledger.account.open_positions()}


def traded(desk: Desk) -> CycleRecord:
    """A cycle that opened something."""
    record = run_cycle(desk, quiet)
    assert len(held(desk)) > 1
    return record


def test_everything_is_closed_while_breaker_halt_and_models_forbid_entries(
    tmp_path: Path,
) -> None:
    """The moment to get out is the moment when nothing else works."""
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, at=clock) as desk:
        traded(desk)
        desk.ledger.safety.save_breaker(BreakerState(status="TRIGGERED", since=BUSY), None)
    (tmp_path / "HALT").write_text("all is lost")
    clock.advance(seconds=60)
    broken = settings(*SIX, "agents_file=no_agents.yaml", "model=openai/gpt-4o")
    with open_desk(broken, tmp_path, clock, for_crew=False) as desk:
        record = flatten(desk, None, quiet)

        assert held(desk) == set()
        assert desk.ledger.execution.working_orders() == ()
    assert (record.outcome, record.hold_reason, record.exit_code) == ("traded", "flatten", 0)
    assert record.trades
    assert {trade.exit_reason for trade in record.trades} == {"flatten"}
    assert all(o.intent.reduce_only for o in record.orders)


def test_one_market_is_closed_and_the_others_keep_their_stops(tmp_path: Path) -> None:
    """Also in ccxt's spelling of a contract."""
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, at=clock) as desk:
        traded(desk)
        before = held(desk)
        gone = sorted(before)[0]
        clock.advance(seconds=60)
        record = flatten(desk, f"{gone}:USDT", quiet)
        after = held(desk)
        stops = {
            o.intent.symbol for o in desk.ledger.execution.working_orders()
            if o.intent.role == "stop"
        }  # fmt: skip

    assert record.exit_code == 0
    assert after == before - {gone} == stops


def test_nothing_held_is_a_success(tmp_path: Path) -> None:
    """A person who presses it twice need not worry."""
    with a_desk(tmp_path, at=BUSY) as desk:
        record = flatten(desk, None, quiet)

    assert (record.outcome, record.exit_code) == ("hold", 0)
    assert "Nothing was held" in record.message


def test_what_could_not_be_closed_is_named_with_code_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 0 means flat, and nothing else."""
    create = PaperAccount.create

    def refuses(self: PaperAccount, intent: OrderIntent) -> VenueOrder:
        if intent.why == "flatten":
            raise OrderRefused("the venue takes no order now")
        return create(self, intent)

    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, at=clock) as desk:
        traded(desk)
        before = held(desk)
        monkeypatch.setattr(PaperAccount, "create", refuses)
        clock.advance(seconds=60)
        record = flatten(desk, None, quiet)
        stops = {
            o.intent.symbol for o in desk.ledger.execution.working_orders()
            if o.intent.role == "stop"
        }  # fmt: skip

    assert (record.outcome, record.exit_code) == ("failed", 4)
    assert all(symbol in record.message for symbol in before)
    assert stops == before


def test_without_a_terminal_it_needs_yes(tmp_path: Path) -> None:
    """Nobody is asked by cron."""
    asked = desk_command("flatten", home=tmp_path)
    answered = desk_command("flatten", "--yes", "--json", home=tmp_path)

    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout)["hold_reason"] == "flatten"


def test_money_is_kept_through_flatten(tmp_path: Path) -> None:
    """What is left is the starting cash and what the trades made after fees."""
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, at=clock) as desk:
        traded(desk)
        clock.advance(minutes=10)
        record = flatten(desk, None, quiet)
        trades = desk.ledger.account.trades(50)

    assert record.account is not None
    made = sum((trade.pnl for trade in trades), Decimal(0))
    assert abs(record.account.equity - 10_000 - made) < Decimal("0.000001")
