"""
Real money: what a person has to do first, and what is refused afterwards.

The exchange's account is a paper account here; everything that decides is real.
"""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic

import pytest

from crew.arming import Permit, arm, clock_problem, disarm, refuse_unarmed, terms
from crew.cycle import run_cycle
from crew.desk import Desk
from crew.home import CHECKOUT
from records.arming import Arming
from records.clock import FixedClock, SystemClock
from records.errors import SettingsError
from records.market import MarketSnapshot
from records.order import AccountState
from records.ports import AccountReader, MarketSource
from records.verdict import Approval
from tests.crew.desks import a_desk, settings
from tests.crew.test_cli import desk as desk_command
from tests.crew.test_cycle import BUSY, SIX
from tests.tools.ledger import samples
from tools.exchange.writer import OrderWriter
from tools.ledger.ledger import Ledger
from tools.risk.losses import LossBook

KEYS = {"DESK_API_KEY": "the-key-itself", "DESK_API_SECRET": "the-secret-itself"}


class LiveDesk(Desk):
    """A desk that believes its paper account on the demo market to be real money."""

    may_withdraw = False

    def account(self, market: MarketSource, clock: object) -> tuple[AccountReader, OrderWriter]:
        return self._paper_account(market, self.machine)

    def key_may_withdraw(self) -> bool:
        self.key_rights_read = True
        return self.may_withdraw


@contextmanager
def live(home: Path, clock: FixedClock, *assignments: str) -> Iterator[LiveDesk]:
    """Such a desk, its settings saying live."""
    with a_desk(home, *assignments, at=clock) as plain:
        real = plain.settings.model_copy(update={"mode": "live"})
        yield LiveDesk(real, home, plain.ledger, plain.spec, clock)


def armed(desk: Desk, notional: str = "1000000", loss: str = "1000", days: int = 1) -> Arming:
    """Arm as a person would."""
    return arm(
        desk,
        max_notional=Decimal(notional),
        max_daily_loss=Decimal(loss),
        days=days,
        typed=lambda _question: "arm live demo\n",
    )


def test_without_an_arming_no_cycle_is_run(tmp_path: Path) -> None:
    """`mode: live` alone is a typing mistake away from real money."""
    with live(tmp_path, FixedClock(BUSY)) as desk:
        with pytest.raises(SettingsError, match="desk arm"):
            run_cycle(desk, print)
        assert desk.ledger.cycles.last_id() is None


def test_only_the_whole_phrase_arms(tmp_path: Path) -> None:
    """A `y` is typed too easily."""
    with live(tmp_path, FixedClock(BUSY)) as desk:
        for answer in ("y", "arm live", "", "arm live binance", "ARM LIVE DEMO"):
            with pytest.raises(SettingsError, match="Nothing was armed"):
                arm(desk, max_notional=Decimal(1), max_daily_loss=Decimal(1), days=1,
                    typed=lambda _question, answer=answer: answer)  # fmt: skip
        assert desk.ledger.safety.arming() is None


def test_an_arming_lasts_seven_days_at_most(tmp_path: Path) -> None:
    """Whatever was asked for."""
    with live(tmp_path, FixedClock(BUSY)) as desk:
        permission = armed(desk, days=30)

    assert permission.expires_at - permission.armed_at == timedelta(days=7)
    assert "1000000" in terms(permission, "USDT")


def test_an_armed_desk_trades_and_an_expired_one_only_looks_after_what_is_open(
    tmp_path: Path,
) -> None:
    """Expiry ends entries, not protection."""
    clock = FixedClock(BUSY)
    with live(tmp_path, clock, *SIX) as desk:
        armed(desk)
        first = run_cycle(desk, print)
        clock.advance(hours=25)
        second = run_cycle(desk, print)

    assert first.outcome == "traded"
    assert (second.outcome, second.hold_reason, second.exit_code) == ("hold", "not_armed", 0)
    assert second.model.calls == 0
    assert [o for o in second.orders if o.intent.role == "entry"] == []


def test_disarming_holds_in_the_middle_of_a_cycle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`desk disarm` runs beside the cycle; entries that were approved are not sent any more."""
    with live(tmp_path, FixedClock(BUSY), *SIX) as desk:
        permission = armed(desk)

        def say(text: str) -> None:
            if text.startswith("the crew meets"):
                with Ledger(tmp_path / "ledger.db") as other:
                    assert disarm(other) is True

        record = run_cycle(desk, say)
        stands = desk.ledger.safety.arming()

    assert stands is not None
    assert permission.armed_at <= stands.disarmed_at <= permission.expires_at
    assert record.approvals
    assert record.orders == ()
    assert {r.code for r in record.refusals if r.subject in _ids(record.approvals)} == {"NotArmed"}


def test_what_was_armed_bounds_all_entries_together(tmp_path: Path) -> None:
    """The gate's limits are percentages of equity; this one is an amount a person typed."""
    with live(tmp_path, FixedClock(BUSY), *SIX) as desk:
        armed(desk, notional="1500")
        record = run_cycle(desk, print)

    entries = [o for o in record.orders if o.intent.role == "entry"]
    worth = sum((o.filled_quantity * (o.average_price or 0) for o in entries), Decimal(0))
    assert len(record.approvals) > len(entries)
    assert 0 < worth <= 1500


def test_a_day_s_loss_ends_entries_for_that_day(tmp_path: Path) -> None:
    """The loss counts from the first equity seen after 00:00 UTC, across restarts."""
    clock = FixedClock(BUSY)
    with live(tmp_path, clock) as desk:
        armed(desk, loss="100", days=2)
        LossBook(desk.ledger.account).note(_account(clock, "10000"))
        later_that_day = _account(clock, "9900")
        LossBook(desk.ledger.account).note(later_that_day)  # forgives nothing

        assert _permit(desk, clock, "9900.01")(APPROVAL) is None
        assert "were lost since 00:00 UTC" in str(_permit(desk, clock, "9900")(APPROVAL))
        clock.advance(hours=23)
        assert "not known yet" in str(_permit(desk, clock, "9900")(APPROVAL))
        LossBook(desk.ledger.account).note(_account(clock, "9900"))
        assert _permit(desk, clock, "9900")(APPROVAL) is None


def test_an_entry_larger_than_what_was_armed_is_refused(tmp_path: Path) -> None:
    """To the last unit of the quote currency, at the worst price the approval allows."""
    clock = FixedClock(BUSY)
    with live(tmp_path, clock) as desk:
        armed(desk, notional="200")
        LossBook(desk.ledger.account).note(_account(clock, "10000"))
        permit = _permit(desk, clock, "10000")

        assert permit(APPROVAL) is None
        larger = APPROVAL.model_copy(update={"quantity": Decimal("2.0001")})
        assert "more than the 200" in str(permit(larger))


def test_entries_that_rest_count_as_if_they_were_filled(tmp_path: Path) -> None:
    """Two entries that rest may both be executed; the one that is asked about counts once."""
    clock = FixedClock(samples.NOW)
    with live(tmp_path, clock) as desk:
        samples.begin(desk.ledger)
        resting = samples.allow(desk.ledger, price_high=Decimal(100), quantity=Decimal(2))
        desk.ledger.execution.spend_approval(
            resting.approval_id,
            clock.now(),
            samples.with_stop(quantity=Decimal(2), limit_price=Decimal(100)),
        )
        armed(desk, notional="399")
        LossBook(desk.ledger.account).note(_account(clock, "10000"))
        permit = _permit(desk, clock, "10000")

        assert "on top of 200.00" in str(permit(APPROVAL))
        assert permit(resting) is None


def test_the_day_s_loss_counts_from_the_last_equity_before_midnight(tmp_path: Path) -> None:
    """What was lost between midnight and the first cycle of the day is lost too."""
    clock = FixedClock(samples.NOW)
    with live(tmp_path, clock) as desk:
        samples.begin(desk.ledger)
        yesterday = _account(clock, "10000")
        desk.ledger.account.add_equity(samples.CYCLE, yesterday)
        clock.advance(hours=16)
        armed(desk, loss="50")
        LossBook(desk.ledger.account).note(_account(clock, "9000"))

        assert "1000.00 were lost" in str(_permit(desk, clock, "9000")(APPROVAL))


def test_a_key_that_may_withdraw_is_refused(tmp_path: Path) -> None:
    """At arming, and at every start afterwards."""
    with live(tmp_path, FixedClock(BUSY)) as desk:
        desk.may_withdraw = True
        with pytest.raises(SettingsError, match="may withdraw"):
            armed(desk)
        desk.may_withdraw, desk.key_rights_read = False, False
        armed(desk)
        desk.may_withdraw, desk.key_rights_read = True, False
        with pytest.raises(SettingsError, match="may withdraw"):
            refuse_unarmed(desk)


def test_a_clock_that_is_off_forbids_entries_on_an_exchange_alone(tmp_path: Path) -> None:
    """Paper prices nothing by this machine's clock."""
    with live(tmp_path, FixedClock(BUSY)) as desk:
        found = {
            s: clock_problem(desk, SystemClock(timedelta(seconds=s))) is None
            for s in (0, 0.5, 1, 1.001, -1.001, 86_400, -86_400)
        }
    with a_desk(tmp_path / "paper") as paper:
        assert clock_problem(paper, SystemClock(timedelta(hours=24))) is None

    assert found == {0: True, 0.5: True, 1: True, 1.001: False, -1.001: False, 86_400: False,
                     -86_400: False}  # fmt: skip


def test_keys_are_taken_from_the_environment_and_from_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in a file or in a process list is no secret."""
    file = tmp_path / "desk.yaml"
    file.write_text("api_secret: the-secret-itself\n")
    refused = desk_command("cycle", home=tmp_path, environment={"DESK_FILE": str(file)})
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    taken = settings("venue=binanceusdm", "mode=live")

    assert refused.returncode == 2
    assert "api_secret stands in desk.yaml" in refused.stderr
    assert "the-secret-itself" not in refused.stderr
    assert taken.api_key is not None
    assert taken.api_key.get_secret_value() == "the-key-itself"
    assert "itself" not in repr(taken) + taken.model_dump_json() + str(taken)


def test_real_money_needs_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that is missing is named; an empty one is missing."""
    with pytest.raises(SettingsError, match="DESK_API_KEY and DESK_API_SECRET are not set"):
        settings("venue=binanceusdm", "mode=testnet")
    monkeypatch.setenv("DESK_API_KEY", "x")
    monkeypatch.setenv("DESK_API_SECRET", " ")
    with pytest.raises(SettingsError, match="DESK_API_SECRET is not set"):
        settings("venue=binanceusdm", "mode=live")


def test_production_records_unless_a_stronger_source_says_otherwise() -> None:
    """An environment is weaker than desk.yaml and stronger than a default."""
    venue = "venue=binance"

    assert settings(venue).record == "paper"
    assert settings(venue, "environment=production").record is True
    assert settings(venue, "environment=production", "record=false").record is False


def test_arming_needs_a_terminal(tmp_path: Path) -> None:
    """No script, no pipe and no option stands in for a person."""
    words = ("arm", "--max-notional", "100", "--max-daily-loss", "10")
    environment = KEYS | {"DESK_VENUE": "binanceusdm", "DESK_MODE": "live"}
    piped = desk_command(*words, home=tmp_path, environment=environment)
    forced = desk_command(*words, "--yes", home=tmp_path, environment=environment)

    assert (piped.returncode, forced.returncode) == (2, 2)
    assert "by a person at a terminal" in piped.stderr
    assert not (tmp_path / "ledger.db").exists()


def test_at_a_terminal_the_bounds_are_read_strictly(tmp_path: Path) -> None:
    """A comma in an amount must not become a thousand times more, or less."""
    said = _at_a_terminal(tmp_path, "arm", "--max-notional", "1,000", "--max-daily-loss", "10")

    assert "--max-notional takes an amount" in said


def test_disarm_needs_no_settings_and_no_network(tmp_path: Path) -> None:
    """It must work at once, whatever else is wrong."""
    with live(tmp_path, FixedClock(BUSY)) as desk:
        armed(desk)
    file = tmp_path / "desk.yaml"
    file.write_text("this is: [no settings file\n")
    ended = desk_command("disarm", home=tmp_path, environment={"DESK_FILE": str(file)})
    again = desk_command("disarm", home=tmp_path)

    assert (ended.returncode, again.returncode) == (0, 0)
    assert "Disarmed" in ended.stdout
    assert "was not armed" in again.stdout


def _at_a_terminal(home: Path, *words: str) -> str:
    """What the command prints with a terminal for stdin, on which nothing is typed."""
    ours, theirs = pty.openpty()
    began = monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from crew.main import desk; desk()", *words],
            stdin=theirs,
            capture_output=True,
            text=True,
            env=KEYS | {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT),
                        "DESK_HOME": str(home), "DESK_VENUE": "binanceusdm",
                        "DESK_MODE": "live"},
            timeout=60,
            check=False,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)
    assert monotonic() - began < 60
    assert done.returncode == 2
    return done.stderr


def _ids(approvals: tuple[Approval, ...]) -> set[str]:
    return {approval.approval_id for approval in approvals}


def _account(clock: FixedClock, equity: str) -> AccountState:
    worth = Decimal(equity)
    return AccountState(as_of=clock.now(), currency="USDT", equity=worth, cash=worth, positions=())


def _permit(desk: Desk, clock: FixedClock, equity: str) -> Permit:
    snapshot = MarketSnapshot(venue="demo", synthetic=True, as_of=clock.now(), markets={})
    return Permit(desk, clock, snapshot, _account(clock, equity))


APPROVAL = Approval(
    approval_id="c-a1",
    cycle_id="c",
    proposal_id="c-p1",
    verdict_id="c-v1",
    created_at=BUSY,
    expires_at=BUSY + timedelta(minutes=5),
    symbol="BTC/USDT",
    action="open_long",
    side="buy",
    entry="market",
    quantity=Decimal(2),
    price_low=Decimal(99),
    price_high=Decimal(100),
    limit_price=None,
    stop=Decimal(90),
    take_profit=None,
    leverage=1,
    reduce_only=False,
)
