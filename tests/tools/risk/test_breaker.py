"""The circuit breaker on candles written by hand: what falls, what is missing, what recovers."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from records.candles import CandleSeries
from records.risk import BreakerLimits, BreakerState
from tests.tools.risk.cases import NOW, candles, snapshot
from tools.risk.breaker import drop_pct, evaluate

LIMITS = BreakerLimits()
BTC, ETH = "BTC/USDT", "ETH/USDT"
CALM = [100.0] * 120


def three_minutes(symbol, closes=None, *, lows=None, at=NOW):
    return candles(symbol, "3m", closes or CALM, lows=lows, until=at)


def seen(btc=None, eth=None, *, at=NOW):
    """A snapshot of both watched markets; calm where nothing is given."""
    return snapshot(
        btc if btc is not None else three_minutes(BTC, at=at),
        eth if eth is not None else three_minutes(ETH, at=at),
        at=at,
    )


def triggered(*, minutes_ago, symbol=BTC):
    """A breaker that was triggered, with what it had measured."""
    fallen = three_minutes(symbol, lows={-1: 80.0})
    state = evaluate(
        seen(fallen) if symbol == BTC else seen(None, fallen), None, LIMITS
    ).model_copy(update={"since": NOW - timedelta(minutes=minutes_ago)})
    assert state.status == "TRIGGERED"
    return state


@pytest.mark.parametrize(
    ("description", "symbol", "index", "low", "status", "trigger"),
    [
        ("a tenth in five minutes", BTC, -1, 90.0, "TRIGGERED", "BTC/USDT 5m drop"),
        ("a little less", BTC, -1, 90.01, "WARNING", "BTC/USDT 5m drop"),
        ("less than 60 % of it", BTC, -1, 94.01, "SAFE", None),
        ("60 % of it", BTC, -1, 94.0, "WARNING", "BTC/USDT 5m drop"),
        ("15 % an hour ago", BTC, -20, 85.0, "TRIGGERED", "BTC/USDT 1h drop"),
        ("14.99 % an hour ago", BTC, -20, 85.01, "WARNING", "BTC/USDT 1h drop"),
        ("a fifth four hours ago", BTC, -80, 80.0, "TRIGGERED", "BTC/USDT 4h drop"),
        ("a fifth longer ago", BTC, -81, 80.0, "SAFE", None),
        ("12 % of ETH in five minutes", ETH, -1, 88.0, "TRIGGERED", "ETH/USDT 5m drop"),
        ("10 % of ETH in five minutes", ETH, -1, 90.0, "WARNING", "ETH/USDT 5m drop"),
        ("15 % of ETH an hour ago", ETH, -20, 85.0, "TRIGGERED", "ETH/USDT 1h drop"),
        ("24 % of ETH four hours ago", ETH, -80, 76.0, "WARNING", "ETH/USDT 4h drop"),
        ("25 % of ETH four hours ago", ETH, -80, 75.0, "TRIGGERED", "ETH/USDT 4h drop"),
    ],
)
def test_a_drop_is_measured_against_its_window(description, symbol, index, low, status, trigger):
    """From the close before the window to the lowest low within it."""
    fallen = three_minutes(symbol, lows={index: low})
    state = evaluate(seen(fallen) if symbol == BTC else seen(None, fallen), None, LIMITS)
    assert state.status == status, description
    assert [words.startswith(trigger) for words in state.reasons[:1]] == ([True] if trigger else [])


def test_a_drop_counts_from_the_close_before_not_from_the_high():
    """A spike that came and went within the window is no fall."""
    up_and_down = [100.0] * 118 + [115.0, 100.0]
    assert drop_pct(seen(three_minutes(BTC, up_and_down)), BTC, 5) == 0
    slide = [100.0] * 116 + [104.0, 102.0, 96.0, 94.0]
    assert drop_pct(seen(three_minutes(BTC, slide)), BTC, 60) == Decimal(6)


def test_a_rise_is_not_a_negative_drop():
    """The figure shown is zero, not a drop of minus five."""
    assert drop_pct(seen(three_minutes(BTC, [100.0] * 119 + [105.0])), BTC, 5) == 0


def test_the_finest_candles_measure():
    """An hour candle of 12:00 to 13:00 cannot tell what happened in the last five minutes."""
    both = snapshot(three_minutes(BTC, lows={-1: 89.0}), candles(BTC, "1h", CALM))
    assert drop_pct(both, BTC, 5) == Decimal(11)
    assert drop_pct(snapshot(candles(BTC, "1h", CALM)), BTC, 5) is None
    assert drop_pct(snapshot(candles(BTC, "1h", CALM)), BTC, 60) == 0


@pytest.mark.parametrize(
    ("description", "series"),
    [
        ("no candle", three_minutes(BTC).last(0)),
        ("only candles older than the window", three_minutes(BTC, at=NOW - timedelta(minutes=30))),
        ("nothing before the window", three_minutes(BTC).last(2)),
    ],
)
def test_what_is_missing_is_not_measured(description, series):
    """A figure from other times would be an invention."""
    assert drop_pct(seen(series), BTC, 5) is None, description


def test_a_gap_is_not_a_crash():
    """Six hours without data and a lower price after them is not a fall in five minutes."""
    before = candles(BTC, "3m", [200.0] * 60, until=NOW - timedelta(hours=6))
    after = candles(BTC, "3m", [100.0])
    names = ("open", "high", "low", "close", "volume")
    columns = [np.concatenate((getattr(before, n), getattr(after, n))) for n in names]
    times = np.concatenate((before.open_time_ms, after.open_time_ms))
    joined = CandleSeries.checked(BTC, "3m", times, np.column_stack(columns))
    assert drop_pct(seen(joined), BTC, 5) is None
    assert evaluate(seen(joined), None, LIMITS).status == "SAFE"


def test_a_missing_market_does_not_trigger():
    """A data fault is not a crash: it holds nobody out by itself."""
    alone = evaluate(snapshot(three_minutes(ETH)), None, LIMITS)
    assert alone.status == "SAFE"
    assert {r.trigger.split()[0] for r in alone.readings} == {ETH}
    assert evaluate(snapshot(), None, LIMITS).readings == ()


@pytest.mark.parametrize("fell", [BTC, ETH])
def test_a_missing_market_does_not_clear(fell):
    """Losing sight of the market that fell is no recovery, however long it lasts."""
    state = triggered(minutes_ago=600, symbol=fell)
    other = ETH if fell == BTC else BTC
    for _ in range(3):
        state = evaluate(snapshot(three_minutes(other)), state, LIMITS)
        assert (state.status, state.reasons) == ("TRIGGERED", (f"{fell} cannot be measured",))
    assert evaluate(seen(), state, LIMITS).status == "SAFE"


def test_a_market_that_was_never_seen_need_not_recover():
    """A venue without ETH must not stay closed for ever."""
    before = evaluate(snapshot(three_minutes(BTC, lows={-1: 80.0})), None, LIMITS)
    before = before.model_copy(update={"since": NOW - timedelta(hours=2)})
    assert evaluate(snapshot(three_minutes(BTC)), before, LIMITS).status == "SAFE"


def test_calm_has_to_last():
    """Half an hour less a minute is not half an hour."""
    early = evaluate(seen(), triggered(minutes_ago=29), LIMITS)
    assert (early.status, early.reasons) == (
        "TRIGGERED", ("calm is needed until 2026-01-05 12:01 UTC",),
    )  # fmt: skip
    assert evaluate(seen(), triggered(minutes_ago=30), LIMITS).status == "SAFE"


def test_a_further_drop_keeps_it_triggered():
    """Five per cent more within the hour, though no trigger of its own."""
    falling = three_minutes(BTC, lows={-10: 95.0})
    state = evaluate(seen(falling), triggered(minutes_ago=45), LIMITS)
    assert (state.status, state.reasons) == (
        "TRIGGERED", ("BTC/USDT fell 5.0 % within 60 minutes",),
    )  # fmt: skip
    less = three_minutes(BTC, lows={-10: 95.01})
    assert evaluate(seen(less), triggered(minutes_ago=45), LIMITS).status != "TRIGGERED"


def test_a_new_crash_starts_the_calm_anew():
    """The time counts from the last trigger, not from the first."""
    state = evaluate(seen(three_minutes(BTC, lows={-1: 80.0})), triggered(minutes_ago=29), LIMITS)
    assert state.since == NOW


def test_a_state_keeps_the_time_it_began():
    """Calm is measured from there, and a person can see how long it has been so."""
    before = BreakerState(status="SAFE", since=NOW - timedelta(days=3))
    assert evaluate(seen(), before, LIMITS).since == before.since
    assert evaluate(seen(three_minutes(BTC, lows={-1: 94.0})), before, LIMITS).since == NOW


def test_the_figures_are_shown():
    """Six readings, each with its own limit, in the order of the settings."""
    readings = evaluate(seen(three_minutes(BTC, lows={-1: 97.5})), None, LIMITS).readings
    assert [(r.trigger, r.value_pct, r.limit_pct) for r in readings] == [
        ("BTC/USDT 5m drop", Decimal("2.5"), 10), ("BTC/USDT 1h drop", Decimal("2.5"), 15),
        ("BTC/USDT 4h drop", Decimal("2.5"), 20), ("ETH/USDT 5m drop", 0, 12),
        ("ETH/USDT 1h drop", 0, 15), ("ETH/USDT 4h drop", 0, 25),
    ]  # fmt: skip
