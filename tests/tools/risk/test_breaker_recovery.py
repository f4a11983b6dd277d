"""What ends TRIGGERED: every condition alone holds it, and what cannot be seen holds it too."""

from datetime import timedelta
from decimal import Decimal

import pytest

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
    limits,
    listed,
    shown,
    tape,
    world,
)
from tests.tools.risk.cases import market
from tools.risk.recovery import WAY_OUT

CRASH = {LONG_AGO: 100.0, 0: 80.0}
BACK = CRASH | {6: 99.0}
"""Down a fifth at minute 0, regained from minute 6 on."""
SHORT = limits(btc_drop_1h_pct=90, btc_drop_4h_pct=90)
"""Only the five-minute drop triggers, so that it has passed soon."""


def crashed(story=CRASH, bounds=SHORT, **more):
    """The breaker at the minute of the crash."""
    state = judged(world(0, btc=story, **more), None, bounds)
    assert state.status == "TRIGGERED"
    return state


def held(state):
    """What is still missing, without the trigger itself."""
    assert state.status == "TRIGGERED"
    return state.reasons[len(state.triggered_by) :]


def test_when_all_conditions_hold_it_recovers():
    """Half an hour of calm, trade as usual, and Bitcoin back."""
    state = judged(world(45, btc=BACK), crashed(), SHORT)
    assert (state.status, state.since, state.until) == ("RECOVERING", at(45), at(105))
    assert state.reasons[0] == "recovering: 50 % size until 2026-01-05 13:45 UTC"
    assert (state.falls, state.triggered_by) == ((), ())


def test_while_the_trigger_holds_nothing_else_is_enough():
    """The fall still stands in its window: an hour for this one."""
    bounds = limits(btc_drop_5m_pct=90, btc_drop_4h_pct=90)
    state = judged(world(59, btc=BACK), crashed(bounds=bounds), bounds)
    assert (held(state), state.reasons) == ((), ("BTC/USDT 1h drop 20 % (limit 15 %)",))
    assert judged(world(60, btc=BACK), state, bounds).status == "RECOVERING"


# calm


def test_calm_has_to_last():
    """Half an hour less a minute is not half an hour."""
    afraid = judged(world(0), fear_greed=9)
    state = judged(world(29), afraid, fear_greed=10)
    assert state.reasons == (
        "Fear & Greed 9 (below 10) has passed", "calm is needed until 2026-01-05 12:30 UTC",
    )  # fmt: skip
    assert judged(world(30), state, fear_greed=10).status == "RECOVERING"


def test_calm_counts_from_the_moment_it_triggered():
    """Half a year of calm before it is of no use."""
    assert crashed().since == at(0)


def test_a_further_fall_holds_it():
    """Five per cent more within the half hour, though no trigger of its own."""
    story = BACK | {31: 94.05}
    state = judged(world(45, btc=story), crashed(), SHORT)
    assert held(state) == ("not calm: BTC/USDT fell 5 % (limit 5 %)",)
    less = judged(world(45, btc=BACK | {31: 94.06}), crashed(), SHORT)
    assert less.status == "RECOVERING"


def test_a_further_fall_of_ether_holds_it_too():
    """Where one major still falls the market is not calm."""
    state = judged(world(45, btc=BACK, eth={31: 94.0}), crashed(), SHORT)
    assert held(state) == ("not calm: ETH/USDT fell 6 % (limit 5 %)",)


def test_half_an_hour_after_the_further_fall_it_is_calm_again():
    """The wait is measured on the market itself."""
    story = BACK | {31: 94.05}
    state = judged(world(45, btc=story), crashed(), SHORT)
    assert judged(world(60, btc=story), state, SHORT).status == "TRIGGERED"
    assert judged(world(63, btc=story), state, SHORT).status == "RECOVERING"


def test_another_trigger_starts_the_wait_again():
    """Its time counts from the last that came, not from the first."""
    first = crashed()
    assert judged(world(3, btc=BACK), first, SHORT).since == at(0)
    both = judged(world(20, btc=BACK, eth={20: 80.0}), first, SHORT)
    assert (both.since, [r.trigger for r in both.triggered_by]) == (
        at(20),
        ["BTC/USDT 5m drop", "ETH/USDT 5m drop", "ETH/USDT 1h drop", "all markets 1h drop"],
    )  # fmt: skip


def test_a_trigger_that_comes_back_starts_the_wait_again():
    """Funding that leaps over its limit and back is not calm."""
    watched = (*WATCHED, SOL)

    def paying(minute, rate, previous):
        sol = listed(SOL, tape(SOL, {LONG_AGO: 100.0}, minute), minute=minute, funding=rate)
        return judged(world(minute, more=[sol]), previous, watched=watched)

    state = paying(0, Decimal(2), None)
    state = paying(20, Decimal(2), state)
    assert state.since == at(0)
    state = paying(21, Decimal("0.1"), state)
    state = paying(25, Decimal(2), state)
    assert state.since == at(25)
    assert held(paying(50, Decimal("0.1"), state)) == ("calm is needed until 2026-01-05 12:55 UTC",)


def test_a_calm_that_cannot_be_followed_holds_it():
    """The drops can be measured, the half hour cannot: candles are missing in it."""
    day = limits(btc_drop_1h_pct=90, btc_drop_4h_pct=90, calm_s=86_400)
    short = listed(BTC, tape(BTC, BACK, 1500, count=400), last=99, minute=1500)
    ether = listed(ETH, tape(ETH, {LONG_AGO: 100.0}, 1500), minute=1500)
    state = judged(shown(short, ether, minute=1500), crashed(bounds=day), day)
    assert "BTC/USDT cannot be followed over 1440 minutes" in held(state)


# volume


def test_trade_has_to_be_back():
    """A price that nobody trades at is no recovery."""
    volume = {LONG_AGO: 10.0, 1: 7.0}
    state = judged(world(60, btc=BACK, volume=volume), crashed(), SHORT)
    assert held(state) == ("BTC/USDT trades 70 % of its 24 h mean, more than 70 % is needed",)
    more = judged(world(60, btc=BACK, volume={LONG_AGO: 10.0, 1: 7.001}), state, SHORT)
    assert more.status == "RECOVERING"


def test_a_volume_that_was_measured_must_be_measurable():
    """A feed that lost its volume says nothing of trade."""
    empty = world(60, btc=BACK, volume={LONG_AGO: 10.0, 30: 0.0})
    assert held(judged(empty, crashed(), SHORT)) == (
        f"cannot be measured: BTC/USDT volume fall {WAY_OUT}",
    )


def test_a_volume_that_never_was_measured_is_not_asked_for():
    """A venue without volume must not stay closed for ever."""
    nothing = {LONG_AGO: 0.0}
    state = judged(world(45, btc=BACK, volume=nothing), crashed(volume=nothing), SHORT)
    assert state.status == "RECOVERING"


# the regained fall


def test_bitcoin_has_to_regain_half_of_its_fall():
    """From 100 to 80 it fell 20, so 90 is enough and 89.99 is not."""
    state = judged(world(45, btc=CRASH | {6: 89.99}), crashed(), SHORT)
    assert held(state) == (
        "BTC/USDT regained 49.95 % of its fall from 100.0 to 80.0, 50 % is needed",
    )
    assert judged(world(45, btc=CRASH | {6: 90.0}), state, SHORT).status == "RECOVERING"


def test_the_lowest_price_keeps_falling_while_it_is_triggered():
    """Each new low makes more to regain, and a low is remembered for good."""
    state = crashed()
    for minute, price in ((9, 70.0), (300, 60.0), (4000, 65.0)):
        state = judged(world(minute, btc=CRASH | {minute: price}), state, SHORT)
    fall = state.falls[0]
    assert (fall.before, fall.lowest, fall.as_of) == (100, 60, at(4000))
    assert "regained 12.5 % of its fall from 100.0 to 60.0" in held(state)[-1]


def test_a_low_between_two_cycles_is_not_missed():
    """A desk that runs once an hour sees it in the candles."""
    dip = CRASH | {30: 70.0, 33: 84.0}
    assert judged(world(60, btc=dip), crashed(), SHORT).falls[0].lowest == 70


def test_a_low_from_before_the_fall_is_none_of_it():
    """Bitcoin rose from 60 before it fell from 100: it is back at 90, not at 80."""
    story = {LONG_AGO: 60.0, -100: 100.0, 0: 80.0}
    state = judged(world(9, btc=story), crashed(story), SHORT)
    assert (state.falls[0].before, state.falls[0].lowest) == (100, 80)


def test_a_deeper_fall_replaces_the_one_before():
    """The crash went on within the four hours: the whole of it has to be regained."""
    story = {LONG_AGO: 120.0, -30: 100.0, 0: 80.0}
    assert crashed(story).falls[0].before == 120
    new = {LONG_AGO: 100.0, 0: 90.0, 300: 150.0, 600: 90.0}
    state = judged(world(600, btc=new), crashed(new), SHORT)
    assert (state.falls[0].before, state.falls[0].lowest) == (150, 90)


def test_a_small_fall_need_not_be_regained():
    """When Ether crashed alone, Bitcoin has nothing to come back from."""
    bounds = limits(eth_drop_1h_pct=90, eth_drop_4h_pct=90)
    ether = {0: 80.0, 6: 99.0}
    for low, status in ((95.01, "RECOVERING"), (95.0, "TRIGGERED")):
        story = {LONG_AGO: 100.0, 0: low}
        state = judged(world(0, btc=story, eth={0: 80.0}), None, bounds)
        assert judged(world(45, btc=story, eth=ether), state, bounds).status == status


def test_ether_need_not_regain_anything():
    """The reference asks it of Bitcoin alone; Ether's fall is kept to be read."""
    bounds = limits(eth_drop_1h_pct=90, eth_drop_4h_pct=90)
    state = judged(world(0, eth={0: 80.0}), None, bounds)
    assert [(f.symbol, f.pct) for f in state.falls] == [(BTC, 0), (ETH, 20)]
    assert judged(world(45, eth={0: 80.0}), state, bounds).status == "RECOVERING"


def test_a_price_that_cannot_be_read_regains_nothing():
    """Bitcoin's market is gone, and with it the proof of its recovery."""
    state = judged(world(45, btc=BACK, without=[BTC]), crashed(), SHORT)
    assert "the price of BTC/USDT cannot be read" in held(state)


# what is missing


@pytest.mark.parametrize("symbol", [BTC, ETH])
def test_a_missing_market_does_not_clear(symbol):
    """Losing sight of the market that fell is no recovery, however long it lasts."""
    name = "btc" if symbol == BTC else "eth"
    state = judged(world(0, **{name: {0: 70.0}}))
    for minute in (300, 600, 900):
        state = judged(world(minute, without=[symbol]), state)
        assert state.status == "TRIGGERED"
        assert held(state)[0].startswith("cannot be measured: ")
    seen_again = judged(world(903), state)
    assert seen_again.status == "RECOVERING"


def test_a_market_that_was_never_seen_need_not_be_seen():
    """A venue without Ether must not stay closed for ever."""
    state = crashed(without=[ETH])
    assert judged(world(45, btc=BACK, without=[ETH]), state, SHORT).status == "RECOVERING"


def test_what_was_measured_while_triggered_must_be_measurable_from_then_on():
    """Ether came into sight, and fell out of it again: how it stands is not known."""
    state = judged(world(20, btc=BACK), crashed(without=[ETH]), SHORT)
    later = judged(world(45, btc=BACK, without=[ETH]), state, SHORT)
    assert held(later)[0].startswith("cannot be measured: ETH/USDT 5m drop")


def test_every_kind_of_input_that_is_gone_holds_it():
    """Funding, index, peg, all markets: each was measured, none can be now."""
    watched = (*WATCHED, SOL)
    sol = listed(SOL, tape(SOL, {LONG_AGO: 100.0}), funding=Decimal("0.1"))
    coin = market(PEG, bid="1", ask="1")
    full = world(0, btc=CRASH, more=[sol, coin])
    state = judged(full, None, SHORT, watched=watched, fear_greed=50)
    later = judged(world(45, btc=BACK), state, SHORT, watched=watched)
    assert held(later) == (
        "cannot be measured: all markets 1h drop, Fear & Greed, SOL/USDT funding, USDC/USDT peg "
        f"{WAY_OUT}",
    )
    fewer = judged(world(45, btc=BACK), state, limits(
        **SHORT.model_dump() | {"fear_greed_below": 0, "peg_markets": ()}
    ))  # fmt: skip
    assert fewer.status == "RECOVERING", "what the settings no longer ask for holds nothing"


def test_a_figure_that_is_gone_while_tripped_does_not_clear():
    """The last known index was 5; that nobody says so any more changes nothing."""
    state = judged(world(0), fear_greed=5)
    later = judged(world(45), state)
    assert later.reasons == (
        "Fear & Greed 5 (below 10) has passed", f"cannot be measured: Fear & Greed {WAY_OUT}",
    )  # fmt: skip


def test_other_settings_for_calm_are_obeyed():
    """Every number of the recovery is a setting."""
    bounds = limits(
        **SHORT.model_dump()
        | {"calm_s": 60, "calm_drop_pct": 30, "volume_back_pct": 1, "regain_pct": 1}
    )
    soon = judged(world(6, btc=CRASH | {3: 80.3}), crashed(), bounds)
    assert soon.status == "RECOVERING"
    assert soon.until == at(6) + timedelta(seconds=LIMITS.half_size_s)
