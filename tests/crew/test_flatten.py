"""`desk flatten`: getting out works whatever else does not, and does not claim too much."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crew.cycle import run_cycle
from crew.desk import Desk, open_desk
from crew.flatten import accept, flatten
from records.breaker import BreakerState
from records.clock import FixedClock
from records.cycle import CycleRecord
from records.errors import OrderRefused, VenueError
from records.order import OrderIntent
from records.ports import VenueOrder
from tests.crew.desks import a_desk, settings
from tests.crew.test_cli import desk as desk_command
from tests.crew.test_cycle import BUSY, SIX
from tools.exchange.paper import PaperAccount

SOON = BUSY + timedelta(seconds=60)


def quiet(_text: str) -> None:
    """Progress nobody reads."""


def held(desk: Desk) -> set[str]:
    """The markets the desk holds."""
    return {position.symbol for position in desk.ledger.account.open_positions()}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose only cycle opened something."""
    home = tmp_path_factory.mktemp("past")
    with a_desk(home, *SIX, "record=false", at=BUSY) as desk:
        run_cycle(desk, quiet)
        assert len(held(desk)) > 1
    return home


@pytest.fixture
def home(past: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return Path(shutil.copytree(past, tmp_path / "home"))


def test_everything_is_closed_while_breaker_halt_and_models_forbid_entries(
    home: Path,
) -> None:
    """The moment to get out is the moment when nothing else works."""
    with a_desk(home, *SIX, at=BUSY) as desk:
        desk.ledger.safety.save_breaker(BreakerState(status="TRIGGERED", since=BUSY), None)
    (home / "HALT").write_text("all is lost")
    broken = settings(*SIX, "agents_file=no_agents.yaml", "model=openai/gpt-4o")
    with open_desk(broken, home, FixedClock(SOON), for_crew=False) as desk:
        record = flatten(desk, None, quiet)

        assert held(desk) == set()
        assert desk.ledger.execution.working_orders() == ()
    assert (record.outcome, record.hold_reason, record.exit_code) == ("traded", "flatten", 0)
    assert record.trades
    assert {trade.exit_reason for trade in record.trades} == {"flatten"}
    assert all(o.intent.reduce_only for o in record.orders)


@pytest.mark.parametrize("spelt", ["{0}/USDT:USDT", "{0}USDT", "{0}/usdt"])
def test_one_market_is_closed_and_the_others_keep_their_stops(home: Path, spelt: str) -> None:
    """However the market is spelt."""
    with a_desk(home, *SIX, at=SOON) as desk:
        before = held(desk)
        gone = sorted(before)[0]
        record = flatten(desk, spelt.format(gone.partition("/")[0].lower()), quiet)
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


@pytest.mark.parametrize("order", [flatten, accept])
@pytest.mark.parametrize("typed", ["BTC/USD", "BTC/USDT:BTC", "XBT/USDT", "", "BTC"])
def test_a_market_nobody_knows_is_refused_and_what_is_held_is_named(
    home: Path, typed: str, order: Callable[..., CycleRecord]
) -> None:
    """To a misspelt name "nothing was held" would be a lie, and exit code 0 a costly one."""
    with a_desk(home, *SIX, at=SOON) as desk:
        before = held(desk)
        record = order(desk, typed, quiet)

        assert held(desk) == before
    assert (record.outcome, record.exit_code, record.orders) == ("failed", 2, ())
    assert repr(typed) in record.message
    assert all(symbol in record.message for symbol in before)


def test_a_market_that_is_held_is_known_though_no_setting_names_it(home: Path) -> None:
    """Somebody who takes a market out of `symbols` must still be able to leave it."""
    with a_desk(home, *SIX, at=SOON) as desk:
        gone, other = sorted(held(desk))[:2]
    with a_desk(home, f"symbols=[{other}]", at=SOON) as desk:
        record = flatten(desk, gone, quiet)

        assert gone not in held(desk)
        assert other in held(desk)
    assert record.exit_code == 0
    assert f"closed what was held of {gone}" in record.message


def test_a_known_market_of_which_nothing_is_held_is_a_success(tmp_path: Path) -> None:
    """It is named, so that nobody takes it for all of them."""
    with a_desk(tmp_path, at=BUSY) as desk:
        record = flatten(desk, "btcusdt", quiet)

    assert record.exit_code == 0
    assert record.message == "Nothing was held of BTC/USDT, and no entry is left."


def test_entries_that_were_cancelled_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "Nothing was held" alone would leave a person wondering what became of the order."""
    create = PaperAccount.create

    def far_away(self: PaperAccount, intent: OrderIntent) -> VenueOrder:
        if intent.role == "entry" and intent.limit_price is not None:
            away = Decimal("0.5") if intent.side == "buy" else Decimal(2)
            price = (intent.limit_price * away).quantize(Decimal("0.01"))
            intent = intent.model_copy(update={"kind": "limit", "limit_price": price})
        return create(self, intent)

    def busy(_self: PaperAccount, _intent: OrderIntent) -> VenueOrder:
        raise VenueError("the venue takes no cancel now")

    with a_desk(tmp_path, *SIX, at=BUSY) as desk:
        with monkeypatch.context() as venue:
            venue.setattr(PaperAccount, "create", far_away)
            venue.setattr(PaperAccount, "cancel", busy)
            run_cycle(desk, quiet)
        resting = {
            o.intent.symbol for o in desk.ledger.execution.working_orders()
            if o.intent.role == "entry"
        }  # fmt: skip
        (one,) = resting
        first, second = flatten(desk, one, quiet), flatten(desk, None, quiet)

        assert desk.ledger.execution.working_orders() == ()
        assert held(desk) == set()
    assert (first.outcome, first.exit_code) == ("hold", 0)
    assert first.message == f"Nothing was held of {one}, and 1 entry was cancelled."
    assert second.message == "Nothing was held, and no entry is left."


def test_what_could_not_be_closed_is_named_with_code_4(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 0 means flat, and nothing else."""
    create = PaperAccount.create

    def refuses(self: PaperAccount, intent: OrderIntent) -> VenueOrder:
        if intent.why == "flatten":
            raise OrderRefused("the venue takes no order now")
        return create(self, intent)

    with a_desk(home, *SIX, at=SOON) as desk:
        before = held(desk)
        monkeypatch.setattr(PaperAccount, "create", refuses)
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


def test_money_is_kept_through_flatten(home: Path) -> None:
    """What is left is the starting cash and what the trades made after fees."""
    with a_desk(home, *SIX, at=BUSY + timedelta(minutes=10)) as desk:
        record = flatten(desk, None, quiet)
        trades = desk.ledger.account.trades(50)

    assert record.account is not None
    made = sum((trade.pnl for trade in trades), Decimal(0))
    assert abs(record.account.equity - 10_000 - made) < Decimal("0.000001")
