"""
VuManChu Cipher B: waves turning where they are stretched, and divergences that warn of it.

Source: VuManChu Cipher B, buy, sell, goldBuy, Divergences and Stochastic RSI of ln(close);
its Schaff trend cycle is `schaff`. Divergences of WaveTrend look at wt2. The turns of one
line come two bars late and events are dated by the bar that proves them. RSI and what
rests on it are missing for 350 bars, the rest for the 180 of the waves.
"""

from dataclasses import dataclass

import numpy as np

from records.candles import CandleSeries
from tools.indicators.divergences import Divergences, Limits, bottom_turns, divergences
from tools.indicators.events import flag, warmed_up
from tools.indicators.rsi import strength_index
from tools.indicators.smoothing import Array
from tools.indicators.stoch_rsi import stochastic_rsi
from tools.indicators.wavetrend import OVERBOUGHT, OVERSOLD, WaveTrend

RSI_LENGTH = 14
RSI_WARM_UP_BARS = 350
WT_LIMITS = Limits(top=45, bottom=-65)
WT_SECOND_LIMITS = Limits(top=15, bottom=-40)
RSI_LIMITS = Limits(top=60, bottom=30)

GOLD_LOW = -75.0
GOLD_RISE = 5.0
GOLD_RSI = 30.0
GOLD_LATE_BARS = 2
"""Pine's `[2]`: a low proved at this very bar, or at the one before, is not yet the previous."""


@dataclass(frozen=True, slots=True)
class Oscillators:
    """The lines that Cipher B compares with price."""

    wave: WaveTrend
    rsi: Array
    stoch_k: Array
    stoch_d: Array


def oscillators(series: CandleSeries, wave: WaveTrend) -> Oscillators:
    """RSI 14 and Stochastic RSI beside the waves, each missing until its start does not show."""
    stoch = (warmed_up(line, RSI_WARM_UP_BARS) for line in stochastic_rsi(np.log(series.close)))
    rsi = warmed_up(strength_index(series.close, RSI_LENGTH), RSI_WARM_UP_BARS)
    return Oscillators(wave, rsi, *stoch)


def marks(series: CandleSeries, lines: Oscillators) -> dict[str, Array]:
    """
    Stochastic RSI of ln(close) (0..100), and every mark of Cipher B (1 or 0).

    `b_gold_buy` means that a bottom may be near but it is too early to buy. Divergences
    are named by line, by limits (second: 15 / -40) and by what they expect.
    """
    found = _divergences(series, lines)
    either = np.maximum(found["b_wt_bullish_div"], found["b_rsi_bullish_div"])
    return {
        "b_stoch_k": lines.stoch_k,
        "b_stoch_d": lines.stoch_d,
        **_turns(lines.wave),
        "b_gold_buy": gold_buy(lines, either),
        **found,
    }


def gold_buy(lines: Oscillators, divergence: Array) -> Array:
    """A bullish divergence (1 or 0) when wt2 has left an extreme low, at which RSI was low."""
    lows = bottom_turns(lines.wave.wt2, WT_LIMITS)
    wt2, low = lines.wave.wt2, lows.before(lines.wave.wt2, GOLD_LATE_BARS)
    rsi = lows.before(lines.rsi, GOLD_LATE_BARS)
    deep = (low <= GOLD_LOW) & (wt2 > GOLD_LOW) & (low - wt2 <= -GOLD_RISE) & (rsi < GOLD_RSI)
    return np.where(divergence == 0, 0.0, divergence * flag(deep, wt2, low, rsi))


def _turns(wave: WaveTrend) -> dict[str, Array]:
    wt2 = wave.wt2
    return {
        "b_buy": wave.cross_up * flag(wt2 <= OVERSOLD[0], wt2),
        "b_sell": wave.cross_down * flag(wt2 >= OVERBOUGHT[0], wt2),
    }


def _divergences(series: CandleSeries, lines: Oscillators) -> dict[str, Array]:
    wt2, rsi, stoch = lines.wave.wt2, lines.rsi, lines.stoch_k
    high, low = series.high, series.low
    return {
        **_regular("wt", divergences(wt2, high, low, WT_LIMITS)),
        **_regular("wt_second", divergences(wt2, high, low, WT_SECOND_LIMITS)),
        **_hidden("wt", divergences(wt2, high, low)),
        **_regular("rsi", divergences(rsi, high, low, RSI_LIMITS)),
        **_hidden("rsi", divergences(rsi, high, low)),
        **_regular("stoch", (both := divergences(stoch, high, low))),
        **_hidden("stoch", both),
    }


def _regular(line: str, found: Divergences) -> dict[str, Array]:
    return {f"b_{line}_bullish_div": found.bullish, f"b_{line}_bearish_div": found.bearish}


def _hidden(line: str, found: Divergences) -> dict[str, Array]:
    return {
        f"b_{line}_hidden_bullish_div": found.hidden_bullish,
        f"b_{line}_hidden_bearish_div": found.hidden_bearish,
    }
