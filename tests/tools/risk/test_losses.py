"""Periods are UTC's, baselines are set once, and a gain is never a loss."""

import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.clock import FixedClock
from tests.tools.risk.history import NOON, account, worth
from tools.ledger.ledger import Ledger
from tools.risk.losses import LossBook, day_began, fall_pct, loss_state, periods

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])
def local_zone(request, monkeypatch):
    """This machine's zone, with its daylight saving, which may not matter."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def spans(text):
    """Day, week and month of a moment, as dates."""
    now = datetime.fromisoformat(text).replace(tzinfo=UTC)
    assert all(began <= now < ends for _, began, ends in periods(now))
    assert all(began.utcoffset() == timedelta(0) for _, began, _ in periods(now))
    return [f"{began:%m-%d}..{ends:%m-%d}" for _, began, ends in periods(now)]


@pytest.mark.usefixtures("local_zone")
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-07 12:00", "01-07..01-08 01-05..01-12 01-01..02-01"),
        ("2026-01-04 23:59:59", "01-04..01-05 12-29..01-05 01-01..02-01"),
        ("2026-01-05 00:00", "01-05..01-06 01-05..01-12 01-01..02-01"),
        ("2025-12-31 23:59:59", "12-31..01-01 12-29..01-05 12-01..01-01"),
        ("2026-01-01 00:00", "01-01..01-02 12-29..01-05 01-01..02-01"),
        ("2028-02-29 06:00", "02-29..03-01 02-28..03-06 02-01..03-01"),
        ("2027-02-28 23:00", "02-28..03-01 02-22..03-01 02-01..03-01"),
        ("2026-04-30 23:00", "04-30..05-01 04-27..05-04 04-01..05-01"),
        # clocks of New York go forward at 07:00 UTC, and back at 06:00 UTC
        ("2026-03-08 07:30", "03-08..03-09 03-02..03-09 03-01..04-01"),
        ("2026-11-01 06:30", "11-01..11-02 10-26..11-02 11-01..12-01"),
    ],
    ids=lambda value: value[:16],
)  # fmt: skip
def test_day_week_and_month_are_those_of_utc(moment, expected):
    """A desk in New York and one in Kathmandu end their day at the same instant."""
    assert spans(moment) == expected.split()


def test_a_time_of_another_zone_is_the_same_instant():
    """A venue may tell its time with an offset."""
    here = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    there = datetime(2025, 12, 31, 20, 0, tzinfo=ZoneInfo("America/New_York"))

    assert day_began(here) == datetime(2025, 12, 31, tzinfo=UTC)
    assert [s.began for s in periods(there)][2] == datetime(2026, 1, 1, tzinfo=UTC)


@given(st.integers(min_value=0, max_value=7_258_118_400))
def test_periods_meet_without_a_gap(seconds):
    """The instant one ends the next begins, whatever the calendar does."""
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    for span, following in zip(periods(now), range(3), strict=True):
        assert span.began <= now < span.ends
        assert periods(span.ends)[following].began == span.ends
        assert periods(span.ends - timedelta(microseconds=1))[following] == span


@pytest.mark.parametrize(
    ("before", "after", "pct"),
    [
        ("100", "95", "5"), ("100", "100", "0"), ("100", "101", "0"), ("100", "-10", "110"),
        ("0", "0", "0"), ("0", "5", "0"), ("0", "-1", "100"), ("-5", "-6", "100"),
        ("-5", "-4", "0"),
    ],
)  # fmt: skip
def test_a_fall_is_percent_of_what_it_fell_from(before, after, pct):
    """Where nothing was left, any further loss is all of it; a gain is none."""
    assert fall_pct(Decimal(before), Decimal(after)) == Decimal(pct)


def test_the_state_names_every_loss_and_what_it_is_measured_from():
    """A limit of 5 % is reached at exactly 5 %, so nothing may be rounded."""
    state = loss_state(
        Decimal(9500), peak=Decimal(12000), day=Decimal(10000), week=Decimal(9000),
        month=Decimal("9743.58974358974358974358974359"),
    )  # fmt: skip

    assert (state.day_loss_pct, state.week_loss_pct) == (5, 0)
    assert (state.drawdown_pct, state.peak) == (Decimal("20.83333333333333333333333333"), 12000)
    assert Decimal("2.49") < state.month_loss_pct < Decimal("2.51")
    higher = loss_state(Decimal(13000), peak=Decimal(12000), day=Decimal(1), week=Decimal(1),
                        month=Decimal(1))  # fmt: skip
    assert (higher.peak, higher.drawdown_pct) == (13000, 0)


def test_a_new_desk_is_measured_from_its_first_equity(ledger):
    """Nothing was lost before anything was there; later losses of the day count from then."""
    book = LossBook(ledger.account)

    assert book.state(account("1000")).day_loss_pct == 0
    assert book.note(account("1000")).drawdown_pct == 0

    later = book.note(account("900", NOON + SECOND))
    assert (later.day_loss_pct, later.week_loss_pct, later.month_loss_pct) == (10, 10, 10)
    assert later.drawdown_pct == 10


def test_a_period_is_measured_from_the_last_equity_before_it(ledger):
    """What was lost between midnight and the first cycle of the day is lost too."""
    worth(ledger, datetime(2026, 1, 1, 0, 5, tzinfo=UTC), "900")
    worth(ledger, datetime(2026, 1, 4, 23, 50, tzinfo=UTC), "1000")
    worth(ledger, datetime(2026, 1, 6, 23, 50, tzinfo=UTC), "1100")

    seen = LossBook(ledger.account).note(account("990"))

    assert (seen.day_baseline, seen.week_baseline, seen.month_baseline) == (1100, 1000, 900)
    assert (seen.day_loss_pct, seen.week_loss_pct, seen.month_loss_pct) == (10, 1, 0)


def test_an_empty_account_is_a_baseline_too(ledger):
    """Nothing is not the same as unknown."""
    worth(ledger, NOON - timedelta(days=1), "0")

    assert LossBook(ledger.account).note(account("-1")).day_loss_pct == 100


def test_across_a_boundary_only_the_new_period_starts_afresh(ledger):
    """A second before midnight the day's loss counts, a second later it is yesterday's."""
    book = LossBook(ledger.account)
    clock = FixedClock(datetime(2025, 12, 31, 0, 0, tzinfo=UTC))
    book.note(account("1000", clock.now()))
    clock.advance(hours=23, minutes=59, seconds=59)
    assert book.note(account("900", clock.now())).month_loss_pct == 10
    worth(ledger, clock.now(), "900")

    clock.advance(seconds=1)
    after = book.note(account("900", clock.now()))

    assert (after.day_loss_pct, after.month_loss_pct, after.week_loss_pct) == (0, 0, 10)
    assert after.drawdown_pct == 10


def test_a_state_asked_for_after_midnight_does_not_wait_to_be_noted(ledger):
    """A cycle that runs over midnight is judged by the day it sends its orders in."""
    worth(ledger, NOON - timedelta(hours=13), "1000")

    assert LossBook(ledger.account).state(account("900")).day_loss_pct == 10
    assert ledger.account.baseline("day", day_began(NOON)) is None


def test_baselines_and_peak_survive_reopening_and_whatever_else_is_deleted(ledger):
    """The ledger alone remembers; a bad morning is not forgiven by a restart."""
    LossBook(ledger.account).note(account("1000"))
    home = ledger.path.parent
    (home / "memory").mkdir()
    (home / "HALT").write_text("x")
    ledger.close()
    for other in home.iterdir():
        if other.is_file() and other.name != "ledger.db":
            other.unlink()
    (home / "memory").rmdir()

    with Ledger(ledger.path) as reopened:
        seen = LossBook(reopened.account).note(account("900", NOON + SECOND))

    assert (seen.day_loss_pct, seen.week_loss_pct, seen.month_loss_pct) == (10, 10, 10)
    assert seen.drawdown_pct == 10
