"""The market as a whole, from hand-made snapshots and from real crashes and bull runs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from records.candles import CandleSeries
from records.clock import FixedClock
from records.context import MarketContext, Outside
from records.market import MarketSnapshot
from records.ports import MarketRequest
from tests.tools.context.worlds import (
    BTC,
    ETH,
    FOUR,
    SOL,
    XRP,
    going,
    index,
    remembered,
    told,
    world,
)
from tests.tools.indicators.samples import HOUR_MS, REAL, from_closes, wandering
from tools.context import regime
from tools.context.market import market_context
from tools.exchange.demo import DemoMarket
from tools.exchange.replay import ReplayMarket


def rising(**changes: dict[str, Any]) -> MarketSnapshot:
    """Three markets rise, one falls."""
    return world(going(BTC, 1), going(ETH, 0.5), going(SOL, 0.2), going(XRP, -0.1), **changes)


def why(context: MarketContext, name: str) -> str:
    """The reason of a missing value."""
    found = getattr(context, name)
    assert (found.value, found.at) == (None, None)
    return str(found.finding)


# the venue


def test_prices_come_with_their_market_and_the_change_of_a_day() -> None:
    """24 hourly bars of 1 % and of half a percent, from open to open."""
    context = told(rising())

    assert (context.btc_price.value, context.btc_price.of) == (100, BTC)
    assert float(context.btc_change_24h.value or 0) == pytest.approx(100 * (1.01**24 - 1), abs=0.01)
    assert float(context.eth_change_24h.value or 0) == pytest.approx(
        100 * (1.005**24 - 1), abs=0.01
    )
    assert (context.eth_price.source, context.eth_price.unit) == ("test ticker", "quote")


@pytest.mark.parametrize(("count", "known"), [(24, True), (23, False)])
def test_a_change_needs_candles_that_reach_back_a_day(count: int, known: bool) -> None:
    """A change of 23 hours is not one of 24."""
    context = told(world(going(BTC, 1, count), going(ETH, 1)))

    assert (context.btc_change_24h.value is not None) is known
    if not known:
        assert "reach back 24 h" in why(context, "btc_change_24h")


def test_a_gap_where_yesterday_was_gives_no_change() -> None:
    """After a long outage the first candle there is would pass for yesterday's."""
    whole = going(BTC, 1)
    now_ms = int(whole.open_time_ms[-1]) + 3_600_000
    keep = (whole.open_time_ms < now_ms - 40 * 3_600_000) | (
        whole.open_time_ms > now_ms - 7 * 3_600_000
    )
    names = ("open_time_ms", "open", "high", "low", "close", "volume")
    holed = type(whole)(BTC, "1h", *(getattr(whole, name)[keep] for name in names))

    assert "reach back 24 h" in why(told(world(holed)), "btc_change_24h")


def test_a_coin_that_was_not_seen_has_no_price() -> None:
    """The desk may trade neither of the two."""
    context = told(world(going(SOL, 1)), symbols=(SOL,))

    assert why(context, "btc_price") == "BTC is not among the markets seen"
    assert "no recent 1h candles of BTC" in why(context, "btc_trend")


def test_funding_extremes_are_of_the_desks_own_markets() -> None:
    """With the market's name; a rate is per its own funding interval, and the unit says so."""
    seen = rising(
        BTC={"funding_rate_pct": Decimal("0.01")},
        ETH={"funding_rate_pct": Decimal("-0.02")},
        SOL={"funding_rate_pct": Decimal("0.05")},
        XRP={"funding_rate_pct": Decimal("9")},
    )
    context = told(seen, symbols=(BTC, ETH, SOL))

    assert (context.funding_highest.value, context.funding_highest.of) == (Decimal("0.05"), SOL)
    assert (context.funding_lowest.value, context.funding_lowest.of) == (Decimal("-0.02"), ETH)
    assert context.funding_lowest.unit == "percent_per_interval"


def test_open_interest_is_told_at_the_last_price_and_compared_in_coins() -> None:
    """A price that moved is no change of interest."""
    seen = rising(
        BTC={"open_interest": Decimal(110)},
        ETH={"open_interest": Decimal(90)},
        SOL={"open_interest": None},
    )
    context = told(seen, remembered(seen, BTC=100, ETH=120, SOL=50, XRP=1, DOGE=0))

    assert context.btc_open_interest.value == 11_000
    rise, fall = context.open_interest_rise_24h, context.open_interest_fall_24h
    assert (rise.value, rise.of) == (10, BTC)
    assert (fall.value, fall.of, fall.finding) == (-25, ETH, None)


def test_a_change_over_another_time_than_a_day_says_so() -> None:
    """The memory is of the cycles there were."""
    seen = rising(BTC={"open_interest": Decimal(110)})

    assert told(seen, remembered(seen, 22.5, BTC=100)).open_interest_rise_24h.finding == (
        "within 22.5 h"
    )


def test_what_the_venue_does_not_say_is_missing_with_its_reason() -> None:
    """Candle files hold candles and nothing else."""
    context = told(rising())

    assert why(context, "funding_highest") == why(context, "funding_lowest")
    assert "open interest of BTC" in why(context, "btc_open_interest")
    assert why(context, "open_interest_rise_24h") == "not remembered from 24 h ago"
    assert why(context, "fear_greed") == why(context, "btc_dominance") == "it was not asked for"


# candles


def test_breadth_is_the_share_of_the_desks_markets_above_their_average() -> None:
    """Three of four rise; a market with too few candles is left out and named in number."""
    assert told(rising()).breadth.value == 75
    some = told(world(going(BTC, 1), going(ETH, 1), going(SOL, -1), going(XRP, 1, 30)))
    assert (round(float(some.breadth.value or 0), 1), some.breadth.finding) == (
        66.7,
        "of 3 of 4 markets",
    )


def test_breadth_of_less_than_half_the_markets_is_none() -> None:
    """One market is no market as a whole."""
    context = told(world(going(BTC, 1), going(ETH, 1, 30), going(SOL, 1, 30), going(XRP, 1, 30)))

    assert "of 1 of 4 markets alone" in why(context, "breadth")
    assert "missing" in why(context, "market_trend")


@pytest.mark.parametrize("late_h", [2, 4])
def test_candles_that_are_no_longer_of_now_say_nothing_of_now(late_h: int) -> None:
    """Two may be missing; a market that stopped has no trend."""
    seen = rising()
    late = seen.model_copy(update={"as_of": seen.as_of + timedelta(hours=late_h)})
    context = told(late)

    assert (context.btc_trend.value is None) is (late_h > 3)
    if late_h == 2:
        assert context.btc_trend.at == seen.as_of, "a reading is as old as its candles"


def late(series: CandleSeries, bars: int) -> CandleSeries:
    """Without its newest candles."""
    return series.closed_by(int(series.open_time_ms[-bars - 1]) + HOUR_MS)


def test_what_is_of_all_markets_is_as_old_as_the_oldest_of_them() -> None:
    """SOL is two hours late: Bitcoin's trend is of now, what the markets say together is not."""
    seen = world(going(BTC, 1), going(ETH, 0.5), late(going(SOL, 0.2), 2), going(XRP, -0.1))
    context, then = told(seen), seen.as_of - timedelta(hours=2)

    assert context.btc_trend.at == context.volatility_level.at == seen.as_of
    assert context.breadth.at == context.market_trend.at == context.market_regime.at == then


def test_without_bitcoin_ages_are_those_of_the_markets_there_are() -> None:
    """Else two hours would read as none."""
    seen = world(going(ETH, 1), going(SOL, 0.5), going(XRP, -0.1))
    hours = timedelta(hours=2)
    context = told(seen.model_copy(update={"as_of": seen.as_of + hours}), symbols=(ETH, SOL, XRP))

    assert context.breadth.at == context.market_trend.at == context.market_regime.at == seen.as_of


def test_a_regime_of_the_mood_alone_is_as_old_as_the_mood() -> None:
    """No candle was used for it."""
    seen = world(going(ETH, 1, 30))

    assert told(seen, index(seen, 80)).market_regime.at == seen.as_of - timedelta(hours=1)


def test_correlations_are_as_old_as_the_last_candle_the_pair_shares() -> None:
    """SOL is an hour late: its pairs are, and so is the mean; BTC and ETH are of now."""
    btc = wandering(300)
    twin = from_closes(btc.close * 3, symbol=ETH)
    mirror = late(from_closes(1e4 / btc.close, symbol=SOL), 1)
    seen = world(btc, twin, mirror)
    context, then = told(seen, symbols=(BTC, ETH, SOL)), seen.as_of - timedelta(hours=1)

    assert context.correlation_highest.at == seen.as_of
    assert context.correlation_lowest.at == context.correlation_mean.at == then


def test_volatility_says_how_many_candles_it_needs() -> None:
    """A hundred windows of thirty changes: 130 candles, as bitcoin.wildness takes them."""
    assert "110 1h candles are too few or have gaps (130 needed)" in why(
        told(world(wandering(110))), "volatility_level"
    )


@pytest.mark.parametrize(
    ("breadth", "changes", "trend"),
    [
        (60, (1, 2, -3), "bullish"),
        (59.9, (1, 2, 3), "neutral"),
        (100, (-1, -2, 3), "neutral"),
        (40, (-1, -2, 3), "bearish"),
        (40.1, (-1, -2, -3), "neutral"),
        (0, (1, 2, -3), "neutral"),
        (100, (0,), "neutral"),
        (None, (1,), None),
        (100, (), None),
    ],
)
def test_the_market_trends_when_breadth_and_the_middle_market_agree(
    breadth: float | None, changes: Sequence[float], trend: str | None
) -> None:
    """One coin that flies is no bull market."""
    assert regime.market_trend(breadth, changes) == trend


@pytest.mark.parametrize(
    ("trend", "breadth", "fear_greed", "expected"),
    [
        ("up_weak", 100, 55, "risk_on"),
        ("up_strong", 50, 50, "risk_on"),
        ("down_weak", 0, 45, "risk_off"),
        ("sideways", 50, 45, "risk_off"),
        ("sideways", 60, 46, "risk_on"),
        ("sideways", 59, 54, None),
        ("up_strong", 40, 50, None),
        ("up_strong", 40, None, None),
        ("down_strong", 100, 20, "risk_off"),
        (None, 60, None, "risk_on"),
        (None, None, 10, "risk_off"),
        (None, None, None, None),
    ],
)
def test_the_regime_is_the_majority_of_three_votes(
    trend: Any, breadth: float | None, fear_greed: float | None, expected: str | None
) -> None:
    """Bitcoin, breadth and mood; who is missing does not vote, and a tie decides nothing."""
    assert regime.regime(regime.votes(trend, breadth, fear_greed)) == expected


def test_a_tie_says_how_the_votes_fell() -> None:
    """Missing is not calm: the reader sees that two forces pull."""
    seen = world(going(BTC, 1), going(ETH, -1), going(SOL, -1), going(XRP, -1))

    assert why(told(seen), "market_regime") == "its votes are even (+1, -1)"
    assert told(seen, index(seen, 80)).market_regime.value == "risk_on"
    assert told(seen, index(seen, 20)).market_regime.value == "risk_off"


def test_correlations_name_the_extreme_pairs() -> None:
    """Two twins and their mirror: 1, -1, -1."""
    btc = wandering(300)
    twin = from_closes(btc.close * 3, symbol=ETH)
    mirror = from_closes(1e4 / btc.close, symbol=SOL)
    context = told(world(btc, twin, mirror), symbols=(BTC, ETH, SOL))

    assert float(context.correlation_highest.value or 0) == pytest.approx(1)
    assert float(context.correlation_lowest.value or 0) == pytest.approx(-1)
    assert float(context.correlation_mean.value or 0) == pytest.approx(-1 / 3, rel=1e-5)
    assert context.correlation_highest.of == f"{BTC} {ETH}"
    assert context.correlation_lowest.of == f"{BTC} {SOL}"


def test_a_pair_that_is_unknown_is_counted_as_such() -> None:
    """A market that never moved has no correlation; the mean is of the rest."""
    still = from_closes([100.0] * 300, symbol=SOL)
    seen = world(wandering(300), wandering(300, seed=8, symbol=ETH), still)
    context = told(seen, symbols=(BTC, ETH, SOL))

    assert context.correlation_mean.finding == "of 1 of 3 pairs"
    assert context.correlation_highest.of == context.correlation_lowest.of == f"{BTC} {ETH}"


# whole markets


def test_the_demo_market_has_every_derived_reading() -> None:
    """Without a network all but what sources and memory say is there."""
    at = datetime(2026, 11, 3, 1, tzinfo=UTC)
    request = MarketRequest(symbols=FOUR, intervals=("3m", "1h", "4h"), candles=600)
    context = told(DemoMarket(7, FixedClock(at)).observe(request))

    missing = [one.name for one in context.all() if one.value is None]
    assert missing == [
        "fear_greed",
        "btc_dominance",
        "open_interest_rise_24h",
        "open_interest_fall_24h",
    ]
    assert len(list(context.all())) == len(MarketContext.model_fields) - 1


def test_a_snapshot_without_anything_is_all_reasons() -> None:
    """No candles at all, no prices: nothing raises, nothing is invented."""
    seen = rising()
    empty = seen.model_copy(update={"markets": {}})

    assert [one.value for one in told(empty).all() if one.value is not None] == []


def test_it_is_the_same_context_each_time() -> None:
    """A replay compares prompts digit for digit."""
    assert told(rising()) == told(rising())


def real(at: datetime, pattern: str = "*-1h.20????-202210.parquet") -> MarketContext:
    """The context of six real markets, as it was at that time."""
    files = [
        file
        for coin in ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE")
        for file in REAL.glob(pattern.replace("*", f"{coin}_USDT", 1))
    ]
    symbols = tuple(file.name.partition("-")[0].replace("_", "/") for file in files)
    market = ReplayMarket(files, FixedClock(at))
    request = MarketRequest(symbols=symbols, intervals=("1h", "4h"), candles=600)
    seen = market.observe(request)
    return market_context(seen, tuple(seen.markets), "1h", Outside())


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize(
    ("when", "trend", "market", "regime_is", "level", "btc_change"),
    [
        ("2020-03-13T02:00", "down_strong", "bearish", "risk_off", "high", -45),
        ("2021-05-19T13:00", "down_strong", "bearish", "risk_off", "high", -20),
        ("2022-06-14T00:00", "down_strong", "bearish", "risk_off", "high", -15),
        ("2021-01-02T18:00", "up_strong", "bullish", "risk_on", "high", 12),
        ("2021-02-08T16:00", "up_weak", "bullish", "risk_on", "high", 15),
    ],
)
def test_crashes_and_bull_runs_read_as_what_they_were(
    when: str, trend: str, market: str, regime_is: str, level: str, btc_change: int
) -> None:
    """Real candles of Binance at moments everybody remembers."""
    context = real(datetime.fromisoformat(when).replace(tzinfo=UTC))

    assert (context.btc_trend.value, context.market_trend.value, context.market_regime.value) == (
        trend,
        market,
        regime_is,
    )
    assert context.volatility_level.value == level
    assert float(context.btc_change_24h.value or 0) == pytest.approx(btc_change, abs=8)


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared is not here")
def test_in_a_crash_everything_moves_together() -> None:
    """What the gate counts as one bet is seen by the agents too."""
    context = real(datetime(2020, 3, 13, 2, tzinfo=UTC))

    assert float(context.correlation_mean.value or 0) > 0.8
    assert float(context.correlation_lowest.value or 0) > 0.6
