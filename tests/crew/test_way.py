"""What candles tell of the time after a decision, and what they do not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from crew.way import Bracket, Later, Walked, covers, later
from records.candles import CandleSeries
from records.clock import epoch_ms

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
FEE = Decimal("0.05")

Bar = tuple[float, float, float, float]


def candles(*bars: Bar, start: datetime = AT, missing: tuple[int, ...] = ()) -> CandleSeries:
    """Minutes of open, high, low, close from a moment on, without the missing ones."""
    kept = [number for number in range(len(bars)) if number not in missing]
    times = np.array([epoch_ms(start) + number * 60_000 for number in kept], dtype=np.int64)
    block = np.array([[*bars[number], 1.0] for number in kept], dtype=np.float64)
    return CandleSeries.checked("BTC/USDT", "1m", times, block.reshape(len(kept), 5))


def flat(count: int, price: float = 100.0) -> list[Bar]:
    return [(price, price, price, price)] * count


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def long(**changed: object) -> Bracket:
    values = {"sign": 1, "entry": Decimal(100), "stop": Decimal(98), "target": Decimal(104)}
    return Bracket(**values | {"fee_pct": FEE} | changed)  # type: ignore[arg-type]


def short(**changed: object) -> Bracket:
    return long(**{"sign": -1, "stop": Decimal(102), "target": Decimal(96)} | changed)


def test_a_later_price_is_the_last_close_when_it_was_due() -> None:
    """A candle that closed one second too late belongs to the future of the horizon."""
    series = candles((100, 103, 99, 101), (101, 102, 97, 98), (98, 200, 1, 150))

    assert later(series, AT, after(2)) == Later(Decimal("98.0"), Decimal("103.0"), Decimal("97.0"))
    assert later(series, AT, after(2.4)).price == Decimal("98.0")


def test_a_price_no_candle_tells_is_not_known() -> None:
    """An older close in its place would invent a market that did not move."""
    series = candles(*flat(3))

    assert later(series, AT, after(4.1)) == Later(None, None, None)
    assert later(candles(), AT, after(1)) == Later(None, None, None)


@pytest.mark.parametrize(("missing", "known"), [(1, True), (3, True), (4, False)])
def test_a_few_missing_candles_do_not_lose_the_price(missing: int, known: bool) -> None:
    """A quiet market has minutes without a trade; to leave those out would count the lively."""
    series = candles(*flat(60 - missing))

    assert (later(series, AT, after(60)).price is not None) is known


def test_an_old_price_is_not_one_of_the_horizon() -> None:
    """The close one minute after the decision says nothing of an hour later."""
    hours = np.array([epoch_ms(AT)], dtype=np.int64)
    hourly = CandleSeries.checked("BTC/USDT", "1h", hours, np.array([[100, 101, 99, 100, 1.0]]))

    assert later(hourly, after(59), after(119)).price is None
    assert later(hourly, after(0), after(60.3)).price == Decimal("100.0")


def test_a_hole_on_the_way_hides_the_extremes_and_not_the_price() -> None:
    """What happened inside an outage of three candles nobody knows."""
    series = candles(*flat(8), missing=(2, 3, 4))

    assert later(series, AT, after(8)) == Later(Decimal("100.0"), None, None)
    short_hole = candles(*flat(8), missing=(3, 4))
    assert later(short_hole, AT, after(8)).high == Decimal("100.0")


def test_a_candle_from_before_the_decision_is_no_part_of_the_way() -> None:
    """Its low may have been struck before anybody could have bought."""
    series = candles((100, 100, 50, 100), *flat(3))

    assert later(series, after(0.1), after(4)).low == Decimal("100.0")
    assert long().walk(series, after(0.1), after(4)).exit_reason == "horizon"
    assert long().walk(series, AT, after(4)).exit_reason == "stop_loss"


@pytest.mark.parametrize(
    ("trade", "bars", "reason", "pnl", "best", "worst"),
    [
        (long(), [(100, 101, 97, 99)], "stop_loss", "-2.0990", "0", "-2"),
        (long(), [(100, 105, 99, 103)], "take_profit", "3.8980", "4", "-1"),
        (long(), [(100, 105, 97, 103)], "stop_loss", "-2.0990", "0", "-2"),
        (long(), [(100, 101, 99, 100), (95, 96, 94, 95)], "stop_loss", "-5.0975", "1", "-5"),
        (long(), [(100, 103, 99, 102)], "horizon", "1.8990", "3", "-1"),
        (short(), [(100, 103, 99, 100)], "stop_loss", "-2.1010", "0", "-2"),
        (short(), [(100, 101, 95, 96)], "take_profit", "3.9020", "4", "-1"),
        (short(), [(100, 101, 97, 98)], "horizon", "1.9010", "3", "-1"),
    ],
)
def test_a_trade_ends_where_stop_or_target_end_it(
    trade: Bracket, bars: list[Bar], reason: str, pnl: str, best: str, worst: str
) -> None:
    """In one candle the stop comes first, a jump is worse than the stop, fees are paid twice."""
    walked = trade.walk(candles(*bars), AT, after(len(bars)))

    found = (walked.exit_reason, walked.pnl_pct, walked.best_pct, walked.worst_pct)
    assert found == (reason, Decimal(pnl), Decimal(best), Decimal(worst))
    assert walked.exit_after_s == 60 * len(bars)


def test_what_comes_after_the_exit_changes_nothing() -> None:
    """A target met after the stop is a trade nobody was in any more."""
    series = candles((100, 101, 97, 98), (98, 120, 98, 119))

    assert long().walk(series, AT, after(2)) == long().walk(series, AT, after(1))


def test_a_hole_before_the_exit_makes_it_unknown() -> None:
    """The stop may have been hit where no candle is."""
    bars = [*flat(5), (100, 105, 100, 104)]

    assert long().walk(candles(*bars, missing=(1, 2, 3)), AT, after(6)) == Walked(None)
    assert long().walk(candles(*bars, missing=(2, 3)), AT, after(6)).exit_reason == "take_profit"
    assert long().walk(candles(), AT, after(6)) == Walked(None)
    assert long().walk(candles(*flat(3)), AT, after(6)) == Walked(None)


def test_a_limit_the_price_never_came_to_made_nothing() -> None:
    """The best of all trades are those that were never filled; they are not counted."""
    waiting = long(entry=Decimal(99), rests=True)

    assert waiting.walk(candles(*flat(3)), AT, after(3)).exit_reason == "unfilled"
    assert waiting.walk(candles(*flat(3)), AT, after(3)).pnl_pct is None


def test_a_limit_is_followed_from_the_candle_that_filled_it() -> None:
    """A high before the entry is nobody's gain."""
    waiting = long(entry=Decimal(99), rests=True)
    series = candles((100, 110, 100, 100), (100, 100, 99, 99), (99, 100, 99, 100))

    walked = waiting.walk(series, AT, after(3))
    assert (walked.exit_reason, walked.best_pct) == ("horizon", Decimal("1.0101"))


@pytest.mark.parametrize(
    ("trade", "bar"),
    [
        (long(entry=Decimal(99), rests=True), (100, 110, 98.5, 100)),
        (short(entry=Decimal(101), rests=True), (100, 101.5, 90, 100)),
    ],
)
def test_the_candle_that_filled_a_limit_gives_no_profit(trade: Bracket, bar: Bar) -> None:
    """Its best price may have come before the fill, and candles do not tell the order."""
    walked = trade.walk(candles(bar, *flat(1)), AT, after(2))

    assert walked.exit_reason == "horizon"
    assert walked.best_pct is not None and walked.best_pct < 2


def test_the_candle_that_filled_a_limit_may_stop_it() -> None:
    """At the stop: what it opened at came before there was a trade."""
    walked = long(entry=Decimal(99), rests=True).walk(candles((97, 99, 96, 98)), AT, after(1))

    assert (walked.exit_reason, walked.worst_pct) == ("stop_loss", Decimal("-1.0101"))


def test_candles_cover_a_decision_when_they_reach_back_to_it() -> None:
    """Else the stop may lie in the part that is not there."""
    assert covers(candles(*flat(2)), AT)
    assert not covers(candles(*flat(2), start=after(1)), AT)
    assert not covers(candles(), AT)
