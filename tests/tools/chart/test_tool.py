"""What the chart reader gets: numbers first, a picture's name if there is one."""

import json
from typing import Any

import pytest

from records.market import MarketSnapshot
from tests.tools.indicators.samples import from_closes, snapshot, wandering
from tools.chart.geometry import geometry
from tools.indicators.sets import six_digits

pytestmark = pytest.mark.usefixtures("crewai_loaded")


@pytest.fixture
def market() -> MarketSnapshot:
    return snapshot(
        wandering(300), from_closes([2.0], symbol="ETH/USDT", interval="4h"), synthetic=True
    )


def _asked(market: MarketSnapshot, *symbols: str) -> dict[str, Any]:
    from tools.chart.tool import ReadChartTool

    tool = ReadChartTool(
        snapshot=market,
        shortlist=("BTC/USDT", "ETH/USDT"),
        interval="1h",
        chart_files={"BTC/USDT": "charts/BTC-USDT-1h.png"},
    )
    document: dict[str, Any] = json.loads(tool.run(symbols=list(symbols)))
    return document


def test_the_row_is_the_geometry_and_the_file(market: MarketSnapshot) -> None:
    """One source for each number: the tool rounds and computes nothing of its own."""
    found = _asked(market, "BTC/USDT")
    shown = dict(zip(found["columns"], found["rows"][0], strict=True))
    shape = geometry(market.markets["BTC/USDT"].frames["1h"])
    assert shown["chart_file"] == "charts/BTC-USDT-1h.png"
    assert (shown["trend"], shown["pattern"]) == (shape.trend, shape.pattern)
    assert shown["support"] == six_digits(shape.support)
    assert shown["range_high"] == six_digits(shape.range_high)
    assert shown["support_touches"] == shape.support_touches


def test_the_answer_says_when_what_and_whether_invented(market: MarketSnapshot) -> None:
    """A synthetic market is marked as such everywhere."""
    found = _asked(market, "BTC/USDT")
    assert (found["interval"], found["synthetic"]) == ("1h", True)
    assert found["as_of"] == "2025-01-13T12:00:00Z"


def test_a_market_without_these_candles_has_an_empty_row(market: MarketSnapshot) -> None:
    """Asked for and not there: said in the table, not left out of it."""
    found = _asked(market, "ETH/USDT")
    assert found["rows"] == [["ETH/USDT", *[None] * 10]]


def test_a_market_off_the_shortlist_is_refused_as_data(market: MarketSnapshot) -> None:
    """The model may ask again; the cycle goes on."""
    assert _asked(market, "DOGE/USDT")["error"]["code"] == "unknown_symbol"
