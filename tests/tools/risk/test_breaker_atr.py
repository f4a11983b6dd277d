"""Markets whose range jumped: ATR 14 as TA-Lib has it, before and after the last candle."""

from decimal import Decimal

import numpy as np
import pytest
import talib

from records.breaker import AtrJump
from records.candles import CandleSeries, interval_ms
from tests.tools.risk.breaker_cases import BTC, ETH, LIMITS, at, limits, listed, ms, shown, spliced
from tools.risk.atr_jumps import FEWEST, atr_change_pct, atr_jumps


def ranging(ranges, symbol=BTC, *, minute=0, interval="3m"):
    """Candles around 100 that are so wide."""
    half = np.array(ranges, dtype=float) / 2
    flat = np.full(half.size, 100.0)
    block = np.column_stack((flat, flat + half, flat - half, flat, flat))
    length = interval_ms(interval)
    times = ms(minute) - length * np.arange(half.size, 0, -1, dtype=np.int64)
    return CandleSeries.checked(symbol, interval, times, block)


def jumps(*series, symbols=(BTC,), interval="3m", bounds=LIMITS):
    return atr_jumps(shown(*(listed(one.symbol, one) for one in series)), symbols, interval, bounds)


def test_one_long_candle_is_a_jump():
    """ATR 14 rises by 30 % when a candle is 5.2 times as wide as the mean before it."""
    assert jumps(ranging([1] * 40 + [5.2])) == ()
    (jump,) = jumps(ranging([1] * 40 + [5.25]))
    assert jump == AtrJump(symbol=BTC, change_pct=jump.change_pct, at=at(0))
    assert Decimal(30) < jump.change_pct < Decimal(31)


def test_the_limit_is_a_setting():
    """A fall of ATR counts too; one candle lowers it by a fourteenth at most."""
    still = ranging([1] * 40 + [0])
    assert jumps(still) == ()
    (jump,) = jumps(still, bounds=limits(atr_jump_pct=7))
    assert Decimal("-7.15") < jump.change_pct < Decimal("-7.14")


def test_a_change_at_the_limit_is_no_jump():
    """More than 30 %, says the reference."""
    wide = ranging([1] * 40 + [9])
    (jump,) = jumps(wide)
    assert jumps(wide, bounds=limits(atr_jump_pct=jump.change_pct)) == ()


def test_the_figure_is_that_of_ta_lib():
    """The same seed, the same smoothing."""
    series = ranging(np.random.default_rng(7).uniform(0.5, 5, 80))
    reference = talib.ATR(series.high, series.low, series.close, timeperiod=14)
    expected = (reference[-1] / reference[-2] - 1) * 100
    assert float(atr_change_pct(series)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("description", "series"),
    [
        ("too few candles", ranging([1] * (FEWEST - 2) + [9])),
        ("no candles", ranging([])),
        ("a gap among the last", spliced(ranging([1] * 40, minute=-60), ranging([1] * 10 + [9]))),
        ("a stale frame", ranging([1] * 40 + [9], minute=-9)),
        ("a market that stood still", ranging([0] * 40 + [9])),
        ("another interval", ranging([1] * 40 + [9], interval="1h")),
        ("another market", ranging([1] * 40 + [9], ETH)),
    ],
)
def test_what_is_missing_is_no_jump(description, series):
    """A pause needs a reason that was measured."""
    assert jumps(series) == (), description


def test_sixteen_candles_in_a_row_are_enough():
    """A gap before them is no longer in the figure."""
    holey = spliced(ranging([1] * 40, minute=-200), ranging([1] * (FEWEST - 1) + [9]))
    assert [jump.symbol for jump in jumps(holey)] == [BTC]


def test_every_market_is_judged_by_itself():
    """Only the one that jumped is left alone, and it is named once."""
    found = jumps(ranging([1] * 41), ranging([1] * 40 + [9], ETH), symbols=(BTC, ETH, ETH))
    assert [jump.symbol for jump in found] == [ETH]


def test_a_jump_from_nearly_nothing_can_be_recorded():
    """A figure beyond all bounds is cut off, not refused."""
    (jump,) = jumps(ranging([1e-9] * 40 + [90]))
    assert jump.change_pct == Decimal(10**9)
