"""Marks call a turn, flows add to it, and a gold buy means not yet."""

import numpy as np
import pytest

from records.signal import TradingSignal
from tests.tools.indicators.samples import from_closes, wandering
from tests.tools.signals.figures import RULES, candles
from tools.indicators.smoothing import Array
from tools.indicators.vumanchu import compute_frames
from tools.signals.measured import Measured
from tools.signals.vumanchu import judge


def judged(
    fired: dict[str, int] | None = None, unknown_gold: slice | None = None, **values: float
) -> TradingSignal:
    """A market where these marks fired so many bars ago, and nothing else is to be said."""
    series = candles()
    size = len(series)
    quiet = {name: np.zeros(size) for name in compute_frames({"1h": series}, "1h")}
    quiet |= {name: np.full(size, value) for name, value in values.items()}
    for name, age in (fired or {}).items():
        quiet[name][-1 - age] = 1.0
    if unknown_gold is not None:
        quiet["b_gold_buy"][unknown_gold] = np.nan
    known: dict[tuple[str, str], dict[str, Array]] = {("1h", "vumanchu"): quiet}
    return judge(Measured({"1h": series}, "1h", known=known), RULES)


@pytest.mark.parametrize("mark", ["b_buy", "sommi_flag_up", "a_moon_diamond"])
def test_a_bullish_mark_is_a_purchase(mark: str) -> None:
    """One is enough; money flow, fast wave and ribbon make it strong."""
    alone = judged({mark: 0}, wt2=-60.0)
    assert (alone.strategy, alone.action, alone.strength) == ("vumanchu", "buy", 1)
    assert alone.reasons == (f"{mark} 0 bars ago (wt2 -60)",)
    flows = {"money_flow": 10.0, "wt_fast": 5.0, "a_ribbon_bullish": 1.0}
    assert judged({mark: 0}, wt2=-60.0, **flows).strength == 4


def test_a_bearish_mark_is_a_sale() -> None:
    """The mirror image; the ribbon of a falling market is already on its side."""
    sold = judged({"b_sell": 2, "b_wt_bearish_div": 1}, wt2=60.0, money_flow=-3.0)
    assert (sold.action, sold.strength) == ("sell", 4)
    assert sold.reasons[-1] == "ribbon down"


def test_marks_are_news_for_three_bars() -> None:
    """After that the turn has happened, or has not."""
    assert judged({"b_buy": 2}).action == "buy"
    assert judged({"b_buy": 3}).action == "hold"
    assert judged({"b_buy": 3}).reasons[0] == "no bullish mark in 3 bars (wt2 0)"


def test_a_gold_buy_stands_in_the_way_of_a_purchase() -> None:
    """In the original it means: a bottom may be near, do not buy now."""
    held = judged({"b_buy": 0, "b_gold_buy": 1})
    assert held.action == "hold"
    assert "gold buy 1 bars ago: not yet" in held.reasons


@pytest.mark.parametrize("unknown", [slice(None), slice(-2, -1)], ids=["all", "one"])
def test_a_gold_buy_that_cannot_be_known_stands_in_the_way_too(unknown: slice) -> None:
    """RSI comes later than the waves; of a bar without it nobody can say it was no gold buy."""
    held = judged({"b_buy": 0}, unknown_gold=unknown)
    assert (held.action, held.reasons[0]) == ("hold", "gold buy is missing")
    assert judged({"b_sell": 0}, unknown_gold=unknown).action == "sell", "a sale asks for none"


@pytest.mark.parametrize(("known_bars", "action"), [(2, "hold"), (3, "buy")])
def test_what_is_unknown_long_ago_is_no_matter(known_bars: int, action: str) -> None:
    """Only the bars in which a gold buy would still be news must be known."""
    assert judged({"b_buy": 0}, unknown_gold=slice(None, -known_bars)).action == action


def test_marks_of_both_sides_are_a_hold() -> None:
    """Two turns at once are none."""
    assert judged({"b_buy": 0, "b_sell": 1}).action == "hold"


def test_before_the_waves_are_known_it_holds_and_says_so() -> None:
    """Waves need 180 bars."""
    held = judge(Measured.of(from_closes([100.0, 101.0])), RULES)
    assert (held.action, held.reasons[0]) == ("hold", "WaveTrend is missing")


def test_real_waves_give_both_actions() -> None:
    """On a wandering market with every indicator real, turns of both kinds come."""
    whole = Measured.of(wandering(900, seed=4))
    found = {judge(whole.at(bar), RULES).action for bar in range(400, 900, 5)}
    assert found == {"buy", "sell", "hold"}
