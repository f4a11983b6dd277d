"""
VuManChu Cipher A and B of one market: every number and mark, and the last bars in short.

The parts stand in `wavetrend`, `money_flow`, `cipher_a`, `cipher_b` and `sommi`; here what
they share is computed once. The summary judges nothing: `SIGNALS` says which way each mark
points in the original, no more.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from records.base import Record
from tools.indicators import cipher_a, cipher_b, sommi, wavetrend
from tools.indicators.money_flow import money_flow
from tools.indicators.registry import Frames, last
from tools.indicators.smoothing import Array
from tools.indicators.wavetrend import channel_index, waves

Side = Literal["bullish", "bearish", "wait"]
RECENT_BARS = 3

_SIDES: Mapping[Side, tuple[str, ...]] = {
    "bullish": (
        "b_buy",
        "b_wt_bullish_div",
        "b_wt_second_bullish_div",
        "b_wt_hidden_bullish_div",
        "b_rsi_bullish_div",
        "b_rsi_hidden_bullish_div",
        "b_stoch_bullish_div",
        "b_stoch_hidden_bullish_div",
        "sommi_flag_up",
        "sommi_diamond_up",
        "a_long_ema",
        "a_green_cross",
        "a_blue_triangle_up",
        "a_green_diamond",
        "a_moon_diamond",
        "a_yellow_cross_up",
        "a_bull_candle",
    ),
    "bearish": (
        "b_sell",
        "b_wt_bearish_div",
        "b_wt_second_bearish_div",
        "b_wt_hidden_bearish_div",
        "b_rsi_bearish_div",
        "b_rsi_hidden_bearish_div",
        "b_stoch_bearish_div",
        "b_stoch_hidden_bearish_div",
        "sommi_flag_down",
        "sommi_diamond_down",
        "a_short_ema",
        "a_red_cross",
        "a_blue_triangle_down",
        "a_red_diamond",
        "a_dump_diamond",
        "a_yellow_cross_down",
        "a_bear_candle",
    ),
    "wait": ("b_gold_buy",),
}
SIGNALS: Mapping[str, Side] = {name: side for side, names in _SIDES.items() for name in names}
"""Every mark that is an event, and which way it points; "wait" is the gold buy's "not yet"."""


class Fired(Record):
    """A mark that appeared not long ago."""

    name: str
    side: Side
    age_bars: int = Field(ge=0, description="0: at the last closed candle.")


class VuManChu(Record):
    """Cipher A and B of one market and interval at its last candle."""

    wt1: float | None = Field(description="First wave of Cipher B, about -100..100.")
    wt2: float | None = Field(description="Second wave; oversold at -53, overbought at 53.")
    money_flow: float | None = Field(description="Of Cipher B, about -50..50.")
    ribbon_bullish: bool | None = Field(description="EMA 34 below EMA 11.")
    fired: tuple[Fired, ...] = Field(description="Newest first; each mark at its newest.")
    missing: tuple[str, ...] = Field(description="Marks that cannot be known at this candle.")

    def in_words(self) -> str:
        """One line for a prompt."""
        marks = ", ".join(f"{one.name} {_age(one.age_bars)}" for one in self.fired) or "no mark"
        return (
            f"wt1 {_figure(self.wt1)}, wt2 {_figure(self.wt2)}, "
            f"money flow {_figure(self.money_flow)}; {marks}"
        )


def compute_frames(frames: Frames, interval: str) -> dict[str, Array]:
    """All of Cipher A and B for the series of this interval; marks are 1 or 0."""
    series = frames[interval]
    index = channel_index(series)
    flow, wave = money_flow(series), waves(index)
    lines = cipher_b.oscillators(series, wave)
    return {
        **wavetrend.marks(wave),
        "money_flow": flow,
        "money_flow_a": money_flow(series, shift=0),
        **cipher_a.marks(series, waves(index, cipher_a.AVERAGE), lines.rsi),
        **cipher_b.marks(series, lines),
        **sommi.marks(frames, series, wave, flow),
    }


def summary(values: Mapping[str, Array], bars: int = RECENT_BARS) -> VuManChu:
    """
    The last candle in short, from what `compute_frames` or the registry's `arrays` returned.

    A mark counts when it appeared at one of the last `bars` candles.
    """
    ribbon = last(values["a_ribbon_bullish"])
    return VuManChu(
        wt1=last(values["wt1"]),
        wt2=last(values["wt2"]),
        money_flow=last(values["money_flow"]),
        ribbon_bullish=None if ribbon is None else ribbon == 1,
        fired=tuple(sorted(_fired(values, bars), key=lambda one: one.age_bars)),
        missing=tuple(name for name in SIGNALS if last(values[name]) is None),
    )


def _fired(values: Mapping[str, Array], bars: int) -> Iterator[Fired]:
    for name, side in SIGNALS.items():
        newest_first = values[name][::-1][:bars]
        if (hits := np.flatnonzero(newest_first == 1)).size:
            yield Fired(name=name, side=side, age_bars=int(hits[0]))


def _age(bars: int) -> str:
    return "now" if bars == 0 else f"{bars} bar{'s' * (bars > 1)} ago"


def _figure(value: float | None) -> str:
    return "missing" if value is None else f"{value:.1f}"
