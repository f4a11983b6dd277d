"""
vumanchu: the marks of Cipher A and B that call a turn, and the flows behind them.

Source: VuManChu Cipher A and B. One mark within the last bars is needed; further marks,
money flow, the fast wave and the ribbon add to it. A gold buy means "do not buy now", and
is taken at its word: it stands in the way of every purchase.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from records.signal import SignalRules, TradingSignal
from tools.indicators.registry import last
from tools.indicators.smoothing import Array
from tools.indicators.vumanchu import compute_frames
from tools.signals.conditions import Case, Condition, clearness, judged, missing
from tools.signals.measured import Measured

Sign = Literal[-1, 1]
Values = Mapping[str, Array]

_BUYS = (
    "b_buy",
    "b_wt_bullish_div",
    "b_rsi_bullish_div",
    "sommi_flag_up",
    "sommi_diamond_up",
    "a_moon_diamond",
    "a_yellow_cross_up",
)
_SALES = (
    "b_sell",
    "b_wt_bearish_div",
    "b_rsi_bearish_div",
    "sommi_flag_down",
    "sommi_diamond_down",
    "a_dump_diamond",
    "a_yellow_cross_down",
)
_FULL_FLOW = 20


def judge(at: Measured, rules: SignalRules) -> TradingSignal:
    """Buy on a bullish mark without a gold buy, sell on a bearish one; both are a hold."""
    values = at.framed("vumanchu", compute_frames)
    return judged(
        "vumanchu",
        at,
        buy=Case(
            one_of=tuple(_marks(values, _BUYS, "bullish", rules)),
            helps=_behind(values, 1),
            bars=(_gold_buy(values, rules),),
        ),
        sell=Case(
            one_of=tuple(_marks(values, _SALES, "bearish", rules)), helps=_behind(values, -1)
        ),
    )


def _marks(
    values: Values, names: tuple[str, ...], side: str, rules: SignalRules
) -> Iterator[Condition]:
    bars, wave = rules.cross_bars, last(values["wt2"])
    if wave is None:
        yield missing("WaveTrend")
        return
    fired = [(name, age) for name in names if (age := _age(values[name], bars)) is not None]
    for name, age in fired:
        yield Condition(True, f"{name} {age} bars ago (wt2 {wave:.0f})", 1 - age / bars)
    if not fired:
        yield Condition(False, f"no {side} mark in {bars} bars (wt2 {wave:.0f})")


def _gold_buy(values: Values, rules: SignalRules) -> Condition:
    marks = values["b_gold_buy"]
    age = _age(marks, rules.cross_bars)
    if age is None and np.isnan(marks[-rules.cross_bars :]).any():
        return missing("gold buy")
    return Condition(age is not None, f"gold buy {age} bars ago: not yet")


def _behind(values: Values, sign: Sign) -> tuple[Condition, ...]:
    return (
        _on_side(last(values["money_flow"]), sign, "money flow"),
        _on_side(last(values["wt_fast"]), sign, "fast wave"),
        _ribbon(last(values["a_ribbon_bullish"]), sign),
    )


def _on_side(value: float | None, sign: Sign, name: str) -> Condition:
    if value is None:
        return missing(name)
    far = clearness(value * sign, 0, _FULL_FLOW)
    return Condition(value * sign > 0, f"{name} {value:+.1f}", far)


def _ribbon(bullish: float | None, sign: Sign) -> Condition:
    if bullish is None:
        return missing("ribbon")
    way = "up" if bullish else "down"
    return Condition(bool(bullish) == (sign > 0), f"ribbon {way}", 0.5)


def _age(mark: Array, bars: int) -> int | None:
    """Bars since the mark last appeared; None: not within these bars, or not known."""
    hits = (mark[-bars:] == 1).nonzero()[0]
    return int(min(bars, mark.size) - 1 - hits[-1]) if hits.size else None
