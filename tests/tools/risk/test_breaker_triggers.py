"""Every trigger at its bound and just below; what is missing neither triggers nor clears."""

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
    judged,
    limits,
    listed,
    readings,
    shown,
    spliced,
    spoilt,
    tape,
    world,
)
from tests.tools.risk.cases import candles, market
from tools.risk.recovery import WAY_OUT
from tools.risk.triggers import VOLUME

ONCE = {LONG_AGO: 100.0}


def triggers(state):
    return [reading.trigger for reading in state.triggered_by]


def wick(symbol, index, low):
    """Calm candles with one low, so that only the window that holds it sees the fall."""
    deep = candles(symbol, "3m", [100.0] * 120, lows={index: low})
    other = ETH if symbol == BTC else BTC
    return shown(listed(symbol, deep), listed(other, tape(other, ONCE)))


@pytest.mark.parametrize(
    ("description", "symbol", "index", "low", "status", "trigger"),
    [
        ("a tenth in five minutes", BTC, -1, 90.0, "TRIGGERED", "BTC/USDT 5m drop"),
        ("a little less", BTC, -1, 90.0001, "WARNING", "BTC/USDT 5m drop"),
        ("60 % of it", BTC, -1, 94.0, "WARNING", "BTC/USDT 5m drop"),
        ("less than 60 % of it", BTC, -1, 94.0001, "SAFE", None),
        ("15 % an hour ago", BTC, -20, 85.0, "TRIGGERED", "BTC/USDT 1h drop"),
        ("nearly 15 %", BTC, -20, 85.0000001, "WARNING", "BTC/USDT 1h drop"),
        ("15 % longer ago", BTC, -21, 85.0, "WARNING", "BTC/USDT 4h drop"),
        ("a fifth four hours ago", BTC, -80, 80.0, "TRIGGERED", "BTC/USDT 4h drop"),
        ("nearly a fifth", BTC, -80, 80.0000001, "WARNING", "BTC/USDT 4h drop"),
        ("a fifth longer ago", BTC, -81, 80.0, "SAFE", None),
        ("12 % of ETH in five minutes", ETH, -1, 88.0, "TRIGGERED", "ETH/USDT 5m drop"),
        ("nearly 12 % of ETH", ETH, -1, 88.0001, "WARNING", "ETH/USDT 5m drop"),
        ("15 % of ETH an hour ago", ETH, -20, 85.0, "TRIGGERED", "ETH/USDT 1h drop"),
        ("nearly 15 % of ETH", ETH, -20, 85.0001, "WARNING", "ETH/USDT 1h drop"),
        ("25 % of ETH four hours ago", ETH, -80, 75.0, "TRIGGERED", "ETH/USDT 4h drop"),
        ("nearly 25 % of ETH", ETH, -80, 75.0001, "WARNING", "ETH/USDT 4h drop"),
    ],
)
def test_a_drop_is_held_against_its_window(description, symbol, index, low, status, trigger):
    """From the close before the window to the lowest low within it, compared exactly."""
    state = judged(wick(symbol, index, low))
    assert state.status == status, description
    assert [words.startswith(trigger) for words in state.reasons[:1]] == ([True] if trigger else [])
    assert triggers(state) == ([trigger] if status == "TRIGGERED" else [])


@pytest.mark.parametrize("places", [4, 5, 9])
def test_no_rounding_crosses_a_limit(places):
    """14.99999 % is not 15 %, and a limit may have more digits than a figure that is shown."""
    bound = Decimal(10) + Decimal(1).scaleb(-places)
    assert judged(wick(BTC, -1, 90.0), None, limits(btc_drop_5m_pct=bound)).status == "WARNING"
    exactly = float(100 - bound)
    assert judged(wick(BTC, -1, exactly), None, limits(btc_drop_5m_pct=bound)).status == "TRIGGERED"


def test_a_figure_without_end_is_cut_off_at_four_digits():
    """Nobody reads more, and it is never rounded up."""
    assert readings(judged(world(btc={LONG_AGO: 300.0, 0: 298.0})))["BTC/USDT 5m drop"] == Decimal(
        "0.6666"
    )


# all markets together


def falling(btc, eth, sol, *, without=()):
    """Falls within the hour that each market's own limit would allow."""
    stories = {BTC: btc, ETH: eth, SOL: sol}
    return shown(
        *(
            listed(symbol, tape(symbol, ONCE | {-30: price}), last=price)
            for symbol, price in stories.items()
            if symbol not in without
        )
    )


TOGETHER = limits(btc_drop_1h_pct=90, eth_drop_1h_pct=90, btc_drop_4h_pct=90, eth_drop_4h_pct=90)
THREE = (BTC, ETH, SOL)


def test_all_markets_falling_together_trigger():
    """The smallest fall of them counts: it is what every one of them lost."""
    state = judged(falling(84, 80, 85), None, TOGETHER, watched=THREE)
    assert (state.status, triggers(state)) == ("TRIGGERED", ["all markets 1h drop"])
    assert readings(state)["all markets 1h drop"] == 15
    assert judged(falling(84, 80, 85.01), None, TOGETHER, watched=THREE).status == "WARNING"
    assert judged(falling(84, 80, 100), None, TOGETHER, watched=THREE).status == "SAFE"


def test_a_market_of_the_desk_that_cannot_be_measured_leaves_all_open():
    """Whether it fell too is not known."""
    state = judged(falling(80, 80, 80, without=[SOL]), None, TOGETHER, watched=THREE)
    assert (state.status, "all markets 1h drop" in readings(state)) == ("SAFE", False)


@pytest.mark.parametrize("watched", [(), (BTC,), (BTC, BTC)])
def test_one_market_is_not_all_markets(watched):
    """It has a limit of its own."""
    state = judged(falling(80, 80, 80), None, TOGETHER, watched=watched)
    assert (state.status, "all markets 1h drop" in readings(state)) == ("SAFE", False)


# Fear & Greed


@pytest.mark.parametrize(
    ("index", "status"),
    [(0, "TRIGGERED"), (9, "TRIGGERED"), ("9.99", "TRIGGERED"), (10, "WARNING"), (16, "WARNING"),
     (17, "SAFE"), (100, "SAFE")],
)  # fmt: skip
def test_extreme_fear_triggers_below_its_limit(index, status):
    """At 10 it only warns; the warning ends where 60 % of the figure is no longer below."""
    state = judged(world(), fear_greed=index)
    assert (state.status, readings(state)["Fear & Greed"]) == (status, Decimal(str(index)))


def test_the_warning_of_fear_ends_exactly_at_its_share():
    """60 % of 20 points are 12, the limit; of anything less they are below it."""
    bounds = limits(fear_greed_below=12)
    assert judged(world(), None, bounds, fear_greed="19.9999").status == "WARNING"
    assert judged(world(), None, bounds, fear_greed=20).status == "SAFE"


@pytest.mark.parametrize("index", [None, "NaN", "-1", "101", "Infinity"])
def test_an_index_that_is_none_is_missing(index):
    """A broken source is no panic of the market."""
    state = judged(world(), fear_greed=index)
    assert (state.status, "Fear & Greed" in readings(state)) == ("SAFE", False)


def test_fear_and_greed_can_be_switched_off():
    """A limit of 0 is never undercut, so the index is not asked for at all."""
    state = judged(world(), None, limits(fear_greed_below=0), fear_greed=0)
    assert (state.status, "Fear & Greed" in readings(state)) == ("SAFE", False)


def test_the_words_of_an_index_carry_no_percent():
    """Ten points are not ten per cent."""
    assert judged(world(), fear_greed=9).reasons[0] == "Fear & Greed 9 (below 10)"


# funding


@pytest.mark.parametrize(
    ("rate", "status"),
    [("1", "TRIGGERED"), ("-1", "TRIGGERED"), ("0.99999", "WARNING"), ("-0.6", "WARNING"),
     ("0.59", "SAFE"), ("0", "SAFE"), (None, "SAFE")],
)  # fmt: skip
def test_funding_of_either_sign_triggers(rate, status):
    """Longs or shorts that pay 1 % in eight hours are crowded."""
    funded = listed(SOL, tape(SOL, ONCE), funding=None if rate is None else Decimal(rate))
    state = judged(world(more=[funded]), watched=(*WATCHED, SOL))
    assert (state.status, f"{SOL} funding" in readings(state)) == (status, rate is not None)


def test_funding_of_a_market_the_desk_does_not_trade_is_not_looked_at():
    """It is in the snapshot for another reason."""
    funded = listed(SOL, tape(SOL, ONCE), funding=Decimal(5))
    assert judged(world(more=[funded])).status == "SAFE"


# volume


@pytest.mark.parametrize(
    ("hour", "status"), [(1.0, "TRIGGERED"), (1.0001, "SAFE"), (2.0, "SAFE"), (30.0, "SAFE")]
)
def test_an_hour_without_trade_triggers_and_never_warns(hour, status):
    """A quiet night is ordinary; a market that stopped trading is not."""
    state = judged(world(volume={LONG_AGO: 10.0, -59: hour}))
    assert (state.status, state.reasons[:1]) == (
        status,
        ("BTC/USDT volume fall 90 % (limit 90 %)",) if status == "TRIGGERED" else (),
    )


def test_more_trade_than_usual_is_no_negative_fall():
    """The figure shown is zero."""
    assert readings(judged(world(volume={LONG_AGO: 10.0, -59: 30.0})))[VOLUME] == 0


def test_the_hour_is_held_against_the_day_before_it():
    """The hour itself is not in its own mean; the day is 24 hours, and no more."""
    volume = {LONG_AGO: 900.0, -24 * 60 - 59: 10.0, -59: 5.0}
    assert readings(judged(world(volume=volume)))[VOLUME] == 50


@pytest.mark.parametrize(
    ("description", "series"),
    [
        ("less than a day of candles", tape(BTC, ONCE, count=499)),
        ("a gap in the day", spliced(tape(BTC, ONCE, -300), tape(BTC, ONCE, count=99))),
        ("no volume at all", tape(BTC, ONCE, volume={LONG_AGO: 0.0})),
        ("an empty candle in the hour", spoilt(tape(BTC, ONCE), "volume", 0.0)),
        ("an outage", tape(BTC, ONCE, volume={LONG_AGO: 10.0, -59: 0.0})),
        ("candles longer than an hour", tape(BTC, ONCE, interval="4h", count=100)),
        ("candles that do not fill an hour", tape(BTC, ONCE, interval="7m", count=400)),
        ("not a number", spoilt(tape(BTC, ONCE), "volume", float("nan"))),
    ],
)
def test_a_volume_that_is_not_there_does_not_trigger(description, series):
    """An empty feed is a fault of the data, not a crash."""
    state = judged(shown(listed(BTC, series)))
    assert (state.status, VOLUME in readings(state)) == ("SAFE", False), description


def test_an_hour_candle_is_an_hour():
    """A desk of 1h candles sees the volume as well."""
    hours = tape(BTC, ONCE, interval="1h", count=25, volume={LONG_AGO: 10.0, 0: 1.0})
    assert readings(judged(shown(listed(BTC, hours))))[VOLUME] == 90


# peg


@pytest.mark.parametrize(
    ("bid", "ask", "status"),
    [("0.969", "0.971", "TRIGGERED"), ("1.03", "1.03", "TRIGGERED"), ("0.97", "0.9701", "WARNING"),
     ("0.982", "0.982", "WARNING"), ("0.9999", "1", "SAFE")],
)  # fmt: skip
def test_a_stablecoin_off_its_peg_triggers(bid, ask, status):
    """Above as well as below: then it is the quote currency that lost its peg."""
    state = judged(world(more=[market(PEG, bid=bid, ask=ask)]))
    assert state.status == status


def test_a_cause_that_cannot_be_measured_any_more_says_how_to_end_it():
    """A stablecoin that is delisted would hold the desk for ever, and nobody would know why."""
    lost = judged(world(more=[market(PEG, bid="0.9", ask="0.9")]))
    gone = judged(world(1), lost)
    assert gone.status == "TRIGGERED"
    assert f"cannot be measured: {PEG} peg {WAY_OUT}" in gone.reasons


def test_a_stablecoin_the_venue_does_not_list_is_missing():
    """Nothing is known of it, so nothing is said."""
    assert f"{PEG} peg" not in readings(judged(world()))


# missing inputs


def test_a_missing_market_does_not_trigger():
    """A data fault is not a crash: it holds nobody out by itself."""
    alone = judged(world(without=[BTC]))
    assert alone.status == "SAFE"
    assert {trigger.split()[0] for trigger in readings(alone)} == {ETH}
    assert judged(shown()).readings == ()


def test_a_figure_that_is_missing_does_not_end_a_warning():
    """It neither triggers nor clears: the warning stands until it can be measured again."""
    warned = judged(world(), fear_greed=12)
    blind = judged(world(3), warned)
    assert (blind.status, blind.reasons) == (
        "WARNING",
        ("Fear & Greed 12 (below 10), as last known",),
    )
    assert "Fear & Greed" not in readings(blind)
    assert blind.since == warned.since
    assert judged(world(6), blind, fear_greed=50).status == "SAFE"


def test_a_calm_figure_that_is_missing_is_let_go():
    """It held nothing."""
    assert judged(world(3), judged(world(), fear_greed=50)).readings == judged(world(3)).readings


def test_an_input_that_is_no_longer_configured_holds_nothing():
    """A person who switches an index off need not wait for it."""
    warned = judged(world(), fear_greed=12)
    assert judged(world(3), warned, limits(fear_greed_below=0)).status == "SAFE"


def test_the_figures_are_shown():
    """Each with its own limit, in the order of the settings."""
    state = judged(world(btc={0: 97.5}), fear_greed=50)
    assert [(r.trigger, r.value, r.limit, r.below) for r in state.readings] == [
        ("BTC/USDT 5m drop", Decimal("2.5"), 10, False),
        ("BTC/USDT 1h drop", Decimal("2.5"), 15, False),
        ("BTC/USDT 4h drop", Decimal("2.5"), 20, False),
        ("ETH/USDT 5m drop", 0, 12, False), ("ETH/USDT 1h drop", 0, 15, False),
        ("ETH/USDT 4h drop", 0, 25, False), ("all markets 1h drop", 0, 15, False),
        ("Fear & Greed", 50, 10, True), ("BTC/USDT volume fall", 0, 90, False),
    ]  # fmt: skip


def test_the_defaults_are_those_of_the_reference():
    """Source: domain reference, Circuit breaker; volume: docs/breaker.md says why 90, not 80."""
    changed = {"volume_drop_pct"}
    assert {n: f for n, f in LIMITS.model_dump().items() if n not in changed} == {
        "btc_drop_5m_pct": 10, "btc_drop_1h_pct": 15, "btc_drop_4h_pct": 20,
        "eth_drop_5m_pct": 12, "eth_drop_1h_pct": 15, "eth_drop_4h_pct": 25,
        "all_drop_1h_pct": 15, "fear_greed_below": 10, "funding_pct": 1,
        "peg_pct": 3, "peg_markets": (PEG,), "atr_jump_pct": 30, "atr_pause_s": 1800,
        "warning_share": 60, "calm_s": 1800, "calm_drop_pct": 5, "volume_back_pct": 70,
        "regain_pct": 50, "half_size_s": 3600, "half_size_pct": 50, "flatten": False,
    }  # fmt: skip
    assert LIMITS.volume_drop_pct == 90
