"""The breaker's states: how one follows another, through restarts, resets and failures."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.breaker import BreakerReading, BreakerState
from records.candles import CandleSeries, interval_ms
from tests.tools.risk.breaker_cases import (
    BTC,
    ETH,
    LIMITS,
    LONG_AGO,
    PEG,
    SOL,
    WATCHED,
    at,
    judged,
    kept,
    limits,
    listed,
    ms,
    shown,
    tape,
    world,
)
from tools.risk.breaker import evaluate, reset, size_pct, unjudged, unseen

CRASH = {LONG_AGO: 100.0, 0: 80.0}
BACK = CRASH | {6: 99.0}
SHORT = limits(btc_drop_1h_pct=90, btc_drop_4h_pct=90)
STATES = ("SAFE", "WARNING", "TRIGGERED", "RECOVERING")


def recovering():
    """Triggered at minute 0, recovering from minute 45 on."""
    state = judged(world(45, btc=BACK), judged(world(0, btc=CRASH), None, SHORT), SHORT)
    assert state.status == "RECOVERING"
    return state


def test_a_whole_crash_through_a_restart_at_every_cycle():
    """The state is all that is kept between two cycles, and it is enough."""
    story = {LONG_AGO: 100.0, 0: 93.0, 9: 75.0, 60: 91.0}
    seen, state = [], None
    for minute in range(-3, 480, 3):
        state = judged(world(minute, btc=story), state)
        if not seen or seen[-1][1] != state.status:
            seen.append((minute, state.status))
    assert seen == [
        (-3, "SAFE"), (0, "WARNING"), (6, "SAFE"),
        (9, "TRIGGERED"), (240, "RECOVERING"), (300, "SAFE"),
    ]  # fmt: skip


def test_a_state_keeps_the_time_it_began():
    """A person can see how long it has been so."""
    before = BreakerState(status="SAFE", since=at(-9000))
    assert judged(world(), before).since == at(-9000)
    assert judged(world(0, btc={0: 94.0}), before).since == at(0)


def test_the_first_state_begins_with_the_first_snapshot():
    """A new ledger has none."""
    assert (judged(world()).status, judged(world()).since) == ("SAFE", at(0))


# half size


def test_sizes_are_halved_while_recovering_and_only_then():
    """The first hour after a crash is traded carefully."""
    sizes = [size_pct(BreakerState(status=status, since=at(0)), LIMITS) for status in STATES]
    assert sizes == [100, 100, 100, 50]
    assert size_pct(recovering(), limits(half_size_pct=30)) == 30


def test_recovering_ends_at_its_time():
    """An hour, to the minute; then it is SAFE again."""
    state = judged(world(104, btc=BACK), recovering(), SHORT)
    assert (state.status, state.since, state.until) == ("RECOVERING", at(45), at(105))
    assert judged(world(105, btc=BACK), state, SHORT).status == "SAFE"


def test_recovering_may_end_in_a_warning():
    """While it recovers a warning is named; after it, it is the status."""
    story = BACK | {100: 92.0}
    state = judged(world(103, btc=story), recovering(), SHORT)
    assert (state.status, state.reasons[1:]) == (
        "RECOVERING", ("BTC/USDT 5m drop 7.07 % (limit 10 %)",),
    )  # fmt: skip
    assert judged(world(105, btc=story), state, SHORT).status == "WARNING"


def test_a_trigger_while_recovering_triggers_again():
    """The second wave: the half that was regained has to be regained once more."""
    state = judged(world(60, btc=BACK | {60: 79.0}), recovering(), SHORT)
    assert (state.status, state.since, state.until) == ("TRIGGERED", at(60), None)
    assert (state.falls[0].before, state.falls[0].lowest) == (100, 79)


def test_without_a_time_of_smaller_sizes_it_goes_straight_on():
    """0 seconds: SAFE, or the warning that still stands."""
    bounds = limits(**SHORT.model_dump() | {"half_size_s": 0})
    crashed = judged(world(0, btc=CRASH), None, bounds)
    assert judged(world(45, btc=BACK), crashed, bounds).status == "SAFE"
    assert judged(world(45, btc=BACK), crashed, bounds, fear_greed=12).status == "WARNING"


# reset by hand


def test_a_reset_recovers_with_smaller_sizes():
    """A person may open the desk again, but not at full size."""
    state = kept(reset(judged(world(0, btc=CRASH)), at(5)))
    assert (state.status, state.since, state.reset_at) == ("RECOVERING", at(5), at(5))
    assert size_pct(state, LIMITS) == 50
    later = judged(world(6, btc=CRASH), state)
    assert (later.status, later.until) == ("RECOVERING", at(65))


@pytest.mark.parametrize("status", ["SAFE", "WARNING", "RECOVERING"])
def test_only_a_triggered_breaker_can_be_reset(status):
    """A reset ahead of time must not hide the crash that follows."""
    state = BreakerState(status=status, since=at(0))
    assert reset(state, at(5)) == state


def test_a_fall_that_was_reset_does_not_trigger_again():
    """It stands in the four-hour window for long; the person has seen it."""
    state = reset(judged(world(0, btc=CRASH)), at(5))
    for minute in (5, 6, 9, 60, 64):
        state = judged(world(minute, btc=CRASH), state)
        assert state.status == "RECOVERING", minute
    for minute in (65, 66, 200, 300):
        state = judged(world(minute, btc=CRASH), state)
        assert (state.status, state.reset_at) == ("SAFE", at(5)), minute


def test_a_fall_after_the_reset_triggers():
    """And what has to be regained is that fall alone."""
    state = judged(world(9, btc=CRASH), reset(judged(world(0, btc=CRASH)), at(5)))
    again = judged(world(12, btc=CRASH | {12: 68.0}), state)
    assert again.status == "TRIGGERED"
    assert [r.trigger for r in again.triggered_by] == ["BTC/USDT 5m drop", "BTC/USDT 1h drop"]
    assert (again.falls[0].before, again.falls[0].lowest) == (80, 68)
    assert again.reset_at == at(5)


def test_what_still_holds_after_a_reset_triggers_again():
    """Fear is no fall of the past: the limit has to be changed, which is recorded too."""
    state = reset(judged(world(0), fear_greed=5), at(5))
    assert judged(world(6), state, fear_greed=5).status == "TRIGGERED"
    assert judged(world(6), state, limits(fear_greed_below=5), fear_greed=5).status == "RECOVERING"


def test_right_after_a_reset_the_breaker_is_blind():
    """Until a candle has closed no drop is known, and the desk opens nothing."""
    state = reset(judged(world(0, btc=CRASH)), at(4))
    assert unseen(judged(world(5, btc=CRASH), state), state, (BTC, ETH)) == (BTC, ETH)
    assert unseen(judged(world(6, btc=CRASH), state), state, (BTC, ETH)) == ()


# blind, and its own failure


def test_it_is_blind_without_both_majors():
    """Funding alone would not show a crash."""
    sol = listed(SOL, tape(SOL, {LONG_AGO: 100.0}), funding=Decimal(0))
    assert unseen(judged(shown(sol), watched=(SOL,)), None, (SOL,)) == (BTC, ETH)
    assert unseen(BreakerState(status="SAFE", since=at(0)), None, (SOL,)) == (BTC, ETH)
    gone = judged(shown(minute=3), judged(world(0, btc=CRASH)))
    assert gone.readings and unseen(gone, None, (SOL,)) == (BTC, ETH)


def test_it_is_blind_without_a_major_that_it_saw_or_trades():
    """A venue under stress is when one feed fails; one that never had it is judged by the other."""
    without = judged(world(without=[BTC]))
    assert unseen(without, None, (ETH, SOL)) == ()
    assert unseen(without, None, (BTC, ETH)) == (BTC,)
    assert unseen(without, judged(world(0)), (ETH, SOL)) == (BTC,)


def test_a_breaker_that_could_not_be_judged_is_triggered():
    """Its own failure fails closed, and ends as any trigger does."""
    state = kept(unjudged(None, at(0), "ValueError"))
    assert (state.status, state.since) == ("TRIGGERED", at(0))
    assert state.reasons == ("the circuit breaker could not be judged: ValueError",)
    assert judged(world(29), state).status == "TRIGGERED"
    assert judged(world(30), state).status == "RECOVERING"


def test_a_failure_forgets_nothing_of_a_crash():
    """What fell still has to be regained, and the wait begins again."""
    crashed = judged(world(0, btc=CRASH), None, SHORT)
    state = kept(unjudged(crashed, at(20), "ValueError"))
    assert (state.since, state.falls, state.triggered_by) == (
        at(20), crashed.falls, crashed.triggered_by,
    )  # fmt: skip
    assert state.reasons[-1] == "the circuit breaker could not be judged: ValueError"
    assert judged(world(45, btc=BACK), state, SHORT).status == "TRIGGERED"
    assert judged(world(50, btc=BACK), state, SHORT).status == "RECOVERING"


def test_a_failure_forgets_no_reset():
    """A fall that was reset does not come back by it."""
    state = reset(judged(world(0, btc=CRASH)), at(5))
    assert unjudged(state, at(6), "ValueError").reset_at == at(5)


# whatever the data


ODD = (1e-300, 1e300, 1e-12, 1e12, float("nan"), float("inf"), 0.0, -1.0)
AMOUNTS = st.sampled_from(
    [Decimal(text) for text in ("0." + "0" * 59 + "1", "9" * 60, "9" * 60 + "." + "9" * 60)]
) | st.decimals("0.0001", 10**6, places=4)
INTERVALS = st.sampled_from(["1m", "3m", "5m", "7m", "1h", "4h", "1d"])


@st.composite
def frames(draw, symbol):
    """Candles nobody checked: odd prices, gaps, late or early, with or without volume."""
    interval, count = draw(INTERVALS), draw(st.sampled_from([0, 1, 2, 30, 130]))
    dice = np.random.default_rng(draw(st.integers(0, 10**6)))
    steps = np.where(dice.random(count) < draw(st.sampled_from([0.0, 0.1])), 20, 1)
    length = interval_ms(interval)
    end = ms(0) + draw(st.integers(-5, 1)) * length // 2
    times = end - length * np.cumsum(steps)[::-1].astype(np.int64)
    block = dice.choice([50.0, 80.0, 99.0, 100.0], (5, count))
    block[dice.random((5, count)) < draw(st.sampled_from([0.0, 0.0, 0.01]))] = draw(
        st.sampled_from(ODD)
    )
    return CandleSeries(symbol, interval, times, *block)


@st.composite
def markets(draw, symbol):
    """A market with any of these frames, a price and a funding rate."""
    one = listed(symbol, *draw(st.lists(frames(symbol), max_size=3)))
    ticker = {
        "last": draw(AMOUNTS), "bid": draw(AMOUNTS), "ask": draw(AMOUNTS),
        "at": at(draw(st.integers(-300, 5))),
    }  # fmt: skip
    rate = draw(st.none() | AMOUNTS)
    return one.model_copy(
        update={"ticker": type(one.ticker)(**ticker), "funding_rate_pct": rate and -rate}
    )


@st.composite
def snapshots(draw, minute):
    symbols = draw(st.sets(st.sampled_from([BTC, ETH, SOL, PEG])))
    found = [draw(markets(symbol)) for symbol in sorted(symbols)]
    return shown(*found, minute=minute)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_snapshot_and_no_limit_makes_it_fail(data):
    """A state that cannot be judged would close the desk: only a broken program may do that."""
    bounds = limits(
        funding_pct=data.draw(AMOUNTS),
        regain_pct=data.draw(st.decimals("0.000001", 100, places=30)),
        warning_share=data.draw(st.decimals("0.000001", 100, places=30)),
        calm_s=data.draw(st.integers(60, 86_400)),
        half_size_s=data.draw(st.integers(0, 604_800)),
    )
    watched = data.draw(st.lists(st.sampled_from([BTC, ETH, SOL, PEG]), max_size=4))
    index = data.draw(st.none() | st.decimals(-5, 105) | st.just(Decimal("NaN")))
    state = None
    for minute in (0, 1, data.draw(st.integers(-60, 600))):
        seen = data.draw(snapshots(minute))
        state = kept(evaluate(seen, state, bounds, watched=watched, fear_greed=index))
        assert state.status in STATES
        tripped = [r for r in state.readings if r.tripped]
        assert not tripped or state.status == "TRIGGERED"
        if data.draw(st.booleans()):
            state = kept(reset(state, at(minute)))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(STATES), st.data())
def test_a_market_nobody_sees_changes_no_triggered_state(status, data):
    """Nothing measured: TRIGGERED stays, and nothing becomes TRIGGERED."""
    drop = BreakerReading(trigger="BTC/USDT 1h drop", value=Decimal(20), limit=Decimal(15))
    calm = drop.model_copy(update={"value": Decimal(1)})
    known = (drop if status == "TRIGGERED" else calm,)
    before = BreakerState(status=status, since=at(-9000), readings=known)
    after = judged(shown(minute=data.draw(st.integers(0, 100_000))), before, watched=WATCHED)
    assert (after.status == "TRIGGERED") == (status == "TRIGGERED")


def test_a_clock_that_goes_back_does_not_open_the_desk():
    """The calm has not passed, whatever the time."""
    crashed = judged(world(0, btc=CRASH), None, SHORT)
    assert judged(world(-600), crashed, SHORT).status == "TRIGGERED"
    assert at(0) - at(-600) == timedelta(hours=10)
