"""The synthetic market: pure, exact, and with the looks of a market."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from records.clock import FixedClock
from records.errors import VenueError
from records.ports import MarketRequest
from tools.exchange.aggregate import aggregate
from tools.exchange.demo import DemoMarket
from tools.exchange.demo_markets import LISTINGS

NOW = datetime(2026, 11, 20, 16, 31, 17, tzinfo=UTC)
ALL = tuple(LISTINGS)
REQUEST = MarketRequest(symbols=ALL, intervals=("3m", "1h", "4h"), candles=600)


def market(seed=7, at=NOW):
    return DemoMarket(seed, FixedClock(at))


@pytest.fixture(scope="module")
def snapshot():
    return market().observe(REQUEST)


def test_asking_twice_gives_the_same(snapshot):
    """A cycle that is replayed must see what it saw."""
    assert market().observe(REQUEST).digest() == snapshot.digest()


def test_another_seed_is_another_market(snapshot):
    """Otherwise the seed would be a lie."""
    assert market(seed=8).observe(REQUEST).digest() != snapshot.digest()


def test_history_does_not_depend_on_when_it_is_asked(snapshot):
    """A candle that has closed never changes."""
    later = market(at=NOW + timedelta(days=400))
    for interval, seen in snapshot.markets["SOL/USDT"].frames.items():
        begin = datetime.fromtimestamp(int(seen.open_time_ms[0]) / 1000, UTC)
        again = later.candles_between("SOL/USDT", interval, begin, seen.closes_at)
        assert again.digest() == seen.digest()


def test_one_market_is_the_same_alone_and_in_company(snapshot):
    """Adding a symbol to the settings must not move the others."""
    alone = market().observe(MarketRequest(symbols=("XRP/USDT",), intervals=("3m",), candles=600))
    assert (
        alone.markets["XRP/USDT"].frames["3m"].digest()
        == snapshot.markets["XRP/USDT"].frames["3m"].digest()
    )


@pytest.mark.parametrize(
    "interval", ["2m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "12h", "1d", "1w"]
)
@pytest.mark.parametrize("symbol", ["BTC/USDT", "DOGE/USDT"])
def test_every_interval_is_the_exact_aggregate_of_the_minutes(symbol, interval):
    """Indicators on two frames of one market must not contradict each other."""
    begin, end = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 16, tzinfo=UTC)
    minutes = market().candles_between(symbol, "1m", begin, end)
    large = market().candles_between(symbol, interval, begin, end)
    assert len(minutes) == 14 * 1440
    assert len(large) > 1
    assert (
        aggregate(minutes, interval).closed_by(int(end.timestamp() * 1000)).digest()
        == large.digest()
    )


def test_each_candle_opens_where_the_one_before_closed(snapshot):
    """The synthetic market never closes."""
    for seen in snapshot.markets.values():
        for frame in seen.frames.values():
            assert np.array_equal(frame.open[1:], frame.close[:-1])


def test_only_closed_candles_are_shown(snapshot):
    """The forming candle must never reach an indicator."""
    for frame in snapshot.markets["BTC/USDT"].frames.values():
        assert len(frame) == 600
        assert frame.closes_at <= NOW
    assert snapshot.markets["BTC/USDT"].frames["4h"].closes_at.hour == 16


def test_book_brackets_the_price_on_the_grid(snapshot):
    """An order computed from the book must be acceptable to the venue."""
    for seen in snapshot.markets.values():
        assert seen.ticker.bid < seen.ticker.last < seen.ticker.ask
        assert len(seen.book.bids) >= 10
        for price, size in seen.book.bids + seen.book.asks:
            assert price % seen.rules.tick == 0
            assert size % seen.rules.step == 0
        prices = [price for price, _ in seen.book.asks]
        assert prices == sorted(set(prices))


def test_it_looks_like_a_market():
    """Volatility, fat tails, clustering and correlation near those of real coins."""
    begin, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    hourly = {s: np.diff(np.log(market().candles_between(s, "1h", begin, end).close)) for s in ALL}
    btc = hourly["BTC/USDT"]
    daily_pct = {s: float(moves.std()) * 24**0.5 * 100 for s, moves in hourly.items()}
    assert 1.5 < daily_pct["BTC/USDT"] < 4.5
    assert max(daily_pct, key=daily_pct.get) != "BTC/USDT"
    assert (btc**4).mean() / btc.var() ** 2 > 4
    assert np.corrcoef(abs(btc[1:]), abs(btc[:-1]))[0, 1] > 0.1
    assert abs(np.corrcoef(btc[1:], btc[:-1])[0, 1]) < 0.1
    for symbol in ALL[1:]:
        assert 0.5 < np.corrcoef(btc, hourly[symbol])[0, 1] < 0.9


def test_an_unknown_market_is_left_out_and_named():
    """One wrong symbol does not cost the others their cycle."""
    seen = market().observe(
        MarketRequest(symbols=("BTC/USDT", "PEPE/USDT"), intervals=("3m",), candles=5)
    )
    assert list(seen.markets) == ["BTC/USDT"]
    assert [one.symbol for one in seen.skipped] == ["PEPE/USDT"]
    assert seen.synthetic


def test_nothing_but_unknown_markets_is_an_error_that_lists_the_known():
    """A person must be able to correct the setting from the message alone."""
    with pytest.raises(VenueError, match="BTC/USDT, ETH/USDT"):
        market().observe(MarketRequest(symbols=("PEPE/USDT",), intervals=("3m",), candles=5))


def test_candles_between_keeps_to_both_ends():
    """A walk of resting orders must neither miss a candle nor see one that is forming."""
    begin = NOW - timedelta(minutes=10)
    found = market().candles_between("BTC/USDT", "3m", begin, NOW + timedelta(days=1))
    assert [datetime.fromtimestamp(t / 1000, UTC).minute for t in found.open_time_ms] == [24, 27]
