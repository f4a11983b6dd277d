"""What the chart reader gets as numbers, whether or not it also sees a picture."""

import json
from typing import Any

import pytest

from records.candles import CandleSeries
from records.market import MarketSnapshot
from tests.tools.indicators.samples import from_closes, snapshot, wandering
from tools.chart.geometry import geometry
from tools.indicators.sets import six_digits

pytestmark = pytest.mark.usefixtures("crewai_loaded")


@pytest.fixture
def market() -> MarketSnapshot:
    return snapshot(
        wandering(300), from_closes([2.0] * 40, symbol="ETH/USDT", interval="4h"), synthetic=True
    )


def _asked(market: MarketSnapshot, *symbols: str) -> dict[str, Any]:
    from tools.chart.tool import ReadChartTool

    tool = ReadChartTool(
        snapshot=market,
        shortlist=("BTC/USDT", "ETH/USDT"),
        interval="1h",
        larger="4h",
    )
    document: dict[str, Any] = json.loads(tool.run(symbols=list(symbols)))
    return document


def test_the_row_is_the_geometry(market: MarketSnapshot) -> None:
    """One source for each number: the tool rounds and computes nothing of its own."""
    found = _asked(market, "BTC/USDT")
    shown = dict(zip(found["columns"], found["rows"][0], strict=True))
    shape = geometry(market.markets["BTC/USDT"].frames["1h"])
    assert (shown["trend"], shown["pattern"]) == (shape.trend, shape.pattern)
    assert shown["support"] == six_digits(shape.support)
    assert shown["range_high"] == six_digits(shape.range_high)
    assert shown["support_touches"] == shape.support_touches
    assert shown["pattern_level"] == six_digits(shape.pattern_level)
    lines = {row[1]: row[2:] for row in found.get("lines", {"rows": []})["rows"]}
    for name, line in (("under lows", shape.low_line), ("over highs", shape.high_line)):
        assert (name in lines) == (line is not None)
        if line is not None:
            assert lines[name][:2] == [six_digits(line.price), line.touches]


def test_the_larger_frame_is_told_in_short() -> None:
    """Trend, levels and pattern of it, read from its own candles."""
    larger = from_closes([100 + bar for bar in range(120)], interval="4h")
    found = _asked(snapshot(wandering(300), larger), "BTC/USDT")
    shown = dict(zip(found["columns"], found["rows"][0], strict=True))
    assert found["larger_interval"] == "4h"
    assert (shown["larger_trend"], shown["larger_resistance"]) == ("up", None)
    assert shown["larger_pattern"] == "breakout"


def test_a_market_costs_at_most_120_tokens(market: MarketSnapshot) -> None:
    """Counted at three characters a token, the stricter bound where no tokenizer is at hand."""
    markets = snapshot(
        *(walk_of(symbol, seed) for seed, symbol in enumerate(("BTC/USDT", "ETH/USDT")))
    )
    one = len(json.dumps(_asked(markets, "BTC/USDT"), separators=(",", ":")))
    two = len(json.dumps(_asked(markets, "BTC/USDT", "ETH/USDT"), separators=(",", ":")))
    assert (two - one) / 3 <= 120


def walk_of(symbol: str, seed: int) -> CandleSeries:
    return wandering(300, seed=seed, symbol=symbol)


def test_the_answer_says_when_what_and_whether_invented(market: MarketSnapshot) -> None:
    """A synthetic market is marked as such everywhere."""
    found = _asked(market, "BTC/USDT")
    assert (found["interval"], found["synthetic"]) == ("1h", True)
    assert found["as_of"] == "2025-01-13T12:00:00Z"


def test_a_market_without_these_candles_has_an_empty_row(market: MarketSnapshot) -> None:
    """Asked for and not there: said in the table, not left out of it. Its 4h candles are there."""
    found = _asked(market, "ETH/USDT")
    assert found["rows"] == [["ETH/USDT", *[None] * 10, "range", None, None, "none"]]


def test_a_market_off_the_shortlist_is_refused_as_data(market: MarketSnapshot) -> None:
    """The model may ask again; the cycle goes on."""
    assert _asked(market, "DOGE/USDT")["error"]["code"] == "unknown_symbol"
