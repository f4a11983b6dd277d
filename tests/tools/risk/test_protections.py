"""Each protection at its bound, on trades and equity alone."""

from datetime import timedelta
from decimal import Decimal
from typing import get_args

import pytest

from records.breaker import AtrJump
from records.order import ExitReason
from tests.tools.risk.history import BTC, ETH, NOON, QUIET, at, trade
from tools.risk.protections import STOPS, by_history, by_jumps, looks_back

SECOND = timedelta(seconds=1)


def wanted(*trades, points=(), judged=None, now=NOON, **rules):
    """What history asks for under these protections alone."""
    return tuple(by_history(trades, points, QUIET.model_copy(update=rules), judged or {}, now))


def test_without_rules_nothing_is_locked():
    """0 switches a protection off, whatever happened."""
    trades = [trade(n, pct="-9") for n in range(9)]
    points = [(at(-1), Decimal(100)), (NOON, Decimal(1))]

    assert wanted(*trades, points=points) == ()
    assert wanted(cooldown_s=60, stop_guard_count=1, low_profit_trades=1) == ()


@pytest.mark.parametrize("why", get_args(ExitReason))
def test_a_stop_leaves_its_market_alone_and_another_exit_does_not(why):
    """What a plan or a person closed says nothing about the market; whoever was forced, does."""
    found = wanted(trade(why=why, pct="2"), cooldown_s=600)

    assert [(lock.kind, lock.symbol, lock.until) for lock in found] == (
        [("cooldown", BTC, at(10))] if why in STOPS else []
    )


def test_a_cooldown_runs_from_the_newest_stop_of_the_market():
    """The newest fall counts; a market that was not stopped stays open."""
    trades = [trade(1, minutes=-9), trade(2, minutes=-3), trade(3, symbol=ETH, why="take_profit")]

    (lock,) = wanted(*trades, cooldown_s=600)

    assert (lock.until, lock.judged_to) == (at(7), at(-3))
    assert "2026-01-07 11:57 UTC (stop loss, -1.00 %)" in lock.reason
    assert wanted(*trades, cooldown_s=180) == ()
    assert len(wanted(*trades, cooldown_s=181)) == 1


def test_a_stop_that_led_to_a_cooldown_leads_to_no_other():
    """Whether it holds, is over, or was cleared by a person."""
    judged = {("cooldown", BTC): NOON}

    assert wanted(trade(), judged=judged, cooldown_s=600) == ()
    assert len(wanted(trade(), judged={("cooldown", ETH): NOON}, cooldown_s=600)) == 1
    later = trade(2, minutes=1)
    assert [w.until for w in wanted(trade(), later, judged=judged, cooldown_s=600)] == [at(11)]


def test_a_stop_filled_in_parts_is_one_stop():
    """A thin book must not look like a bad day."""
    parts = [trade(1, minutes=-2), trade(2, minutes=-1, of=1), trade(3, of=1)]

    (lock,) = wanted(*parts, cooldown_s=600)
    assert lock.until == at(8)
    assert wanted(*parts, stop_guard_count=2, stop_guard_lock_s=60) == ()


GUARD = {"stop_guard_count": 3, "stop_guard_window_s": 3600, "stop_guard_lock_s": 1800}


def test_enough_stops_within_the_window_lock_the_desk():
    """Of whatever markets; exactly as far apart as the window is still within it."""
    trades = [trade(1, minutes=-60), trade(2, minutes=-30, symbol=ETH), trade(3)]

    (lock,) = wanted(*trades, **GUARD)

    assert (lock.kind, lock.symbol) == ("stop_guard", None)
    assert (lock.until, lock.judged_to) == (at(30), NOON)
    assert lock.reason == "3 stops within 1 h until 2026-01-07 12:00 UTC"
    assert wanted(*trades[1:], **GUARD) == ()
    farther = trades[0].model_copy(update={"closed_at": at(-60) - SECOND})
    assert wanted(farther, *trades[1:], **GUARD) == ()


def test_only_stops_that_lost_guard():
    """A trailing stop that banked a gain is the plan at work."""
    trades = [trade(1, minutes=-2), trade(2, why="trailing_stop", pct="3"), trade(3)]

    assert wanted(*trades, **GUARD) == ()
    zero = trade(2, why="break_even_stop", pct="0")
    assert wanted(trades[0], zero, trades[2], **GUARD) == ()
    lost = trade(2, why="trailing_stop", pct="-0.01")
    assert len(wanted(trades[0], lost, trades[2], **GUARD)) == 1


def test_stops_that_were_near_one_another_count_whenever_they_are_looked_at():
    """A desk that slept through them, and one stop later, still finds the three."""
    trades = [trade(n, minutes=n - 80) for n in (1, 2, 3)]
    straggler = trade(4, minutes=-1)

    (lock,) = wanted(*trades, straggler, **GUARD | {"stop_guard_lock_s": 7200})

    assert lock.judged_to == at(-77)
    assert wanted(*trades, straggler, **GUARD) == ()  # that lock would be over by now


def test_stops_lock_once():
    """A lock that ended, or was cleared, needs as many new stops."""
    trades = [trade(n, minutes=n - 9) for n in range(1, 6)]
    judged = {("stop_guard", None): at(-6)}

    assert wanted(*trades, judged=judged, **GUARD) == ()
    assert len(wanted(*trades, trade(6, minutes=-1), judged=judged, **GUARD)) == 1


PROFIT = {
    "low_profit_trades": 2,
    "low_profit_pct": Decimal(-2),
    "low_profit_window_s": 3600,
    "low_profit_lock_s": 1800,
}


def test_a_market_that_loses_again_and_again_is_locked():
    """At the bound, and for that market alone, however its trades ended."""
    trades = [trade(1, minutes=-60, why="close"), trade(2, why="time_exit"), trade(3, symbol=ETH)]

    (lock,) = wanted(*trades, **PROFIT)

    assert (lock.kind, lock.symbol, lock.until) == ("low_profit", BTC, at(30))
    assert lock.judged_to == NOON
    assert lock.reason == "2 trades within 1 h came to -2.00 %; -2 % locks the market"
    better = trade(2, pct="-0.99")
    assert wanted(trades[0], better, **PROFIT) == ()
    assert wanted(trades[0].model_copy(update={"closed_at": at(-60) - SECOND}), trades[1],
                  **PROFIT) == ()  # fmt: skip
    assert wanted(*trades, judged={("low_profit", BTC): at(-60)}, **PROFIT) == ()


def test_a_position_closed_in_parts_is_one_trade_with_one_result():
    """Three thirds that lost 1 % each lost 1 %, not 3 %."""
    parts = [trade(n, minutes=n - 5, of=1, size=2) for n in (1, 2, 3)]
    other = trade(4, pct="-1")

    (lock,) = wanted(*parts, other, **PROFIT)
    assert "2 trades within 1 h came to -2.00 %" in lock.reason
    assert wanted(*parts, **PROFIT) == ()


def test_a_low_profit_lock_is_not_asked_for_once_it_would_be_over():
    """The lock runs from the last trade, not from the moment somebody looks."""
    trades = [trade(1, minutes=-40), trade(2, minutes=-30)]

    assert wanted(*trades, **PROFIT) == ()
    assert len(wanted(*trades, now=NOON - SECOND, **PROFIT)) == 1


FALL = {"drawdown_pct": Decimal(8), "drawdown_window_s": 3600, "drawdown_lock_s": 1800}


def curve(*worth, until=0, step=10):
    """Points of equity, minutes apart, the last one at `until`."""
    first = until - step * (len(worth) - 1)
    return [(at(first + step * n), Decimal(one)) for n, one in enumerate(worth)]


@pytest.mark.parametrize(
    ("points", "until"),
    [
        (curve("100", "92"), at(30)),
        (curve("100", "92.01"), None),
        (curve("92", "100", "92"), at(30)),
        (curve("100", "91", "99"), at(20)),
        (curve("92", "100"), None),
        (curve("100", "96", "95", "92", "93", "94", "92"), at(30)),
        (curve("100", "96", "95", "92", "93", "94", "95", "92"), None),
        ([], None),
    ],
    ids=["at the bound", "a hair less", "from the highest", "rebound", "a gain",
         "window's very beginning", "high out of the window", "nothing"],
)  # fmt: skip
def test_a_fast_fall_locks_the_desk(points, until):
    """Measured from the highest equity of the window to what followed it."""
    found = wanted(points=points, **FALL)

    assert [lock.until for lock in found] == ([] if until is None else [until])
    assert all(lock.kind == "window_drawdown" and lock.symbol is None for lock in found)


def test_a_fall_locks_once_and_a_further_one_again():
    """Equity that stays low is no new fall; one more of the same size is."""
    judged = {("window_drawdown", None): at(-10)}

    assert wanted(points=curve("100", "91", "91"), judged=judged, **FALL) == ()
    assert wanted(points=curve("100", "91", "85"), judged=judged, **FALL) == ()
    deeper = curve("100", "91", "91", "83")
    judged = {("window_drawdown", None): at(-20)}
    assert [lock.judged_to for lock in wanted(points=deeper, judged=judged, **FALL)] == [NOON]


def test_a_market_whose_range_jumps_is_paused_from_the_jump_on():
    """A jump that is over, or led to a pause already, leads to none."""
    jumps = [
        AtrJump(symbol=BTC, change_pct=Decimal("31.257"), at=at(-30)),
        AtrJump(symbol=ETH, change_pct=Decimal("-40"), at=at(-10)),
    ]

    (pause,) = by_jumps(jumps, 1800, {}, NOON)
    assert (pause.kind, pause.symbol, pause.until) == ("atr_jump", ETH, at(20))
    assert "-40.00 %" in pause.reason
    assert len(list(by_jumps(jumps, 1801, {}, NOON))) == 2
    assert list(by_jumps(jumps, 1800, {("atr_jump", ETH): at(-10)}, NOON)) == []


def test_the_desk_looks_back_as_far_as_any_lock_could_still_hold():
    """A trade that is read too late would protect nothing."""
    rules = QUIET.model_copy(update=GUARD | PROFIT | {"cooldown_s": 10})

    assert looks_back(rules) == timedelta(minutes=90)
    assert looks_back(rules.model_copy(update={"cooldown_s": 9000})) == timedelta(seconds=9000)
