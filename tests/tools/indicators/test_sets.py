"""A whole snapshot's numbers, wherever they are computed."""

from datetime import UTC, datetime

from records.clock import FixedClock
from records.ports import MarketRequest
from tools.exchange.demo import DemoMarket
from tools.indicators.compute import document_of
from tools.indicators.sets import IndicatorNumbers
from tools.worker import Worker


def test_another_process_computes_the_same_numbers() -> None:
    """A cold cycle and a warm one must not differ in a digit."""
    request = MarketRequest(symbols=("BTC/USDT",), intervals=("3m", "1h"), candles=600)
    market = DemoMarket(7, FixedClock(datetime(2026, 11, 2, tzinfo=UTC))).observe(request)
    here = IndicatorNumbers(market, ("BTC/USDT",))
    beside = IndicatorNumbers(market, ("BTC/USDT",))
    beside._worker = Worker(
        "tools.indicators.compute", document_of(market.markets["BTC/USDT"].frames.values())
    )

    assert beside.sets() == here.sets()
    assert len(here.sets()) == 2
