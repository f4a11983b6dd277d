"""What decisions came to, on candles drawn by hand with answers worked out by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from crew.sections import PaperSettings, WhatIfSettings
from crew.what_if.hindsight import Outlook, outlooks
from crew.what_if.stances import Stance
from records.candles import CandleSeries
from records.clock import epoch_ms
from tests.crew.what_if.stance_case import AT, BTC, refused, stance

FREE = PaperSettings(taker_fee_pct=Decimal(0), slippage_pct=Decimal(0))
HOURS = WhatIfSettings(horizons_h=(1.0, 4.0), until_h=6.0)
HOUR = timedelta(hours=1)
Bar = tuple[float, float, float, float]
"""Open, high, low, close."""
CALM: Bar = (100, 101, 99, 100)


class Drawn:
    """Keeps crew.what_if.later.CandlesAfter for hand-drawn hours."""

    def __init__(self, *bars: Bar) -> None:
        self._bars: Sequence[Bar] = bars

    def after(self, symbol: str, at: datetime, until: datetime) -> CandleSeries:
        times = np.array([epoch_ms(at + k * HOUR) for k in range(len(self._bars))], np.int64)
        block = np.array([(*bar, 1.0) for bar in self._bars]).reshape(len(self._bars), 5)
        return CandleSeries.checked(symbol, "1h", times, block).closed_by(epoch_ms(until))


def seen(one: Stance | None, *bars: Bar, paper: PaperSettings = FREE) -> dict[str, Outlook]:
    return {look.horizon: look for look in outlooks(one, Drawn(*bars), HOURS, paper)}


def test_a_horizon_ends_at_the_close_of_its_last_candle() -> None:
    """100 to 103 is three percent of the entry, and six for two units."""
    found = seen(stance(), (100, 103, 99, 103), CALM, CALM, (100, 105, 99, 104))

    assert (found["1 h"].pct, found["1 h"].pnl, found["1 h"].ended_by) == (3, 6, "time")
    assert found["4 h"].pct == 4


def test_what_no_candle_tells_yet_is_not_known() -> None:
    """A guess would look like a result."""
    found = seen(stance(), CALM, CALM)

    assert found["1 h"].known
    assert found["4 h"] == Outlook(horizon="4 h")
    assert found["end"] == Outlook(horizon="end")
    assert seen(stance())["1 h"] == Outlook(horizon="1 h")


def test_a_stop_that_was_reached_ends_every_later_horizon() -> None:
    """What the price did after the stop is none of this position's business."""
    found = seen(stance(), CALM, (100, 100, 94, 99), (99, 200, 99, 200))

    assert found["1 h"].pct == 0
    assert (found["4 h"].pct, found["4 h"].ended_by, found["4 h"].after_h) == (-5, "stop", 2)
    assert (found["end"].pct, found["end"].ended_by) == (-5, "stop")


def test_a_price_that_opens_beyond_the_stop_is_what_the_stop_got() -> None:
    """Gaps are where stops cost more than planned."""
    assert seen(stance(), (90, 92, 89, 91))["1 h"].pct == -10


def test_a_target_pays_its_own_price_and_no_more() -> None:
    """A target is a limit; what the candle made beyond it went to others."""
    found = seen(stance(), (100, 120, 99, 120))

    assert (found["1 h"].pct, found["1 h"].ended_by) == (10, "target")


def test_where_one_candle_holds_both_ends_the_stop_counts() -> None:
    """The order within a candle is unknown, and hope is no method."""
    assert seen(stance(), (100, 120, 90, 110))["1 h"].ended_by == "stop"


def test_a_short_gains_when_the_price_falls() -> None:
    """With its stop above and its target below."""
    short = stance(action="open_short", side="short", stop=Decimal(105), take_profit=Decimal(90))

    assert seen(short, (100, 101, 96, 97))["1 h"].pct == 3
    assert seen(short, (100, 106, 99, 100))["1 h"].ended_by == "stop"
    assert seen(short, (107, 108, 100, 100))["1 h"].pct == -7
    assert (seen(short, (100, 101, 89, 95))["1 h"].pct) == 10


def test_fees_and_slippage_are_taken_off() -> None:
    """0.1 % at 100, then 0.1 % and 0.4 % at 104: 4 - 0.1 - 0.52."""
    paper = PaperSettings(taker_fee_pct=Decimal("0.1"), slippage_pct=Decimal("0.4"))

    assert seen(stance(), (100, 104, 99, 104), paper=paper)["1 h"].pct == Decimal("3.38")


def test_a_position_that_reaches_neither_end_is_held_to_the_last_hour() -> None:
    """And says so."""
    found = seen(stance(), *[CALM] * 5, (100, 102, 99, 102))

    assert (found["end"].pct, found["end"].ended_by, found["end"].after_h) == (2, "time", 6)


def test_an_exit_is_held_against_keeping_the_position() -> None:
    """Leaving a long at 100 before it falls to 97 spared three percent; no fee differs."""
    exit_ = stance(kind="exit", action="close", stop=None, take_profit=None)
    paper = PaperSettings(taker_fee_pct=Decimal("0.1"))

    assert seen(exit_, (100, 100, 96, 97), paper=paper)["1 h"].pct == 3
    assert "end" not in seen(exit_, CALM)


@pytest.mark.parametrize("one", [None, refused("cash"), stance(filled=False)])
def test_what_was_not_done_has_no_result(one: Stance | None) -> None:
    """Nothing, a refusal, and an order that rests."""
    assert seen(one, CALM) == {}


def test_results_know_their_market() -> None:
    """Candles of another market would be fiction."""
    asked: list[tuple[str, datetime, datetime]] = []

    class Asked(Drawn):
        def after(self, symbol: str, at: datetime, until: datetime) -> CandleSeries:
            asked.append((symbol, at, until))
            return super().after(symbol, at, until)

    outlooks(stance(), Asked(CALM), HOURS, FREE)

    assert asked == [(BTC, AT, AT + 6 * HOUR)]
