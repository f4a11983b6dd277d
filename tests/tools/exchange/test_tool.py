"""What agents read: the schema, the table, and refusals as data."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from records.clock import FixedClock
from records.order import AccountState, Position, PositionMark
from records.ports import MarketRequest
from tools.exchange.demo import DemoMarket
from tools.exchange.views import MARKET_COLUMNS, PORTFOLIO_COLUMNS

NOW = datetime(2026, 11, 20, 16, 31, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("crewai_loaded")
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")


@pytest.fixture(scope="module")
def snapshot():
    request = MarketRequest(symbols=(*SYMBOLS, "PEPE/USDT"), intervals=("3m", "1h"), candles=60)
    return DemoMarket(7, FixedClock(NOW)).observe(request)


@pytest.fixture
def market_tool(crewai_loaded, snapshot):
    from tools.exchange.tool import GetMarketSnapshotTool

    return GetMarketSnapshotTool(snapshot=snapshot, shortlist=("BTC/USDT", "ETH/USDT"))


@pytest.fixture
def account():
    position = Position(
        position_id="p", symbol="BTC/USDT", side="long", quantity=Decimal("0.01"),
        entry_price=Decimal(60_000), fees=Decimal("0.3"), opened_at=NOW, cycle_id="c",
        proposal_id="c-p1", stop=Decimal(58_000), take_profit=None, thesis="Breakout held.",
        invalidation_price=None,
    )  # fmt: skip
    mark = PositionMark(
        position=position, mark_price=Decimal(61_500), notional=Decimal(615),
        unrealised_pnl=Decimal(15), unrealised_pct=Decimal("2.5"), margin=Decimal(615),
    )  # fmt: skip
    return AccountState(
        as_of=NOW, currency="USDT", equity=Decimal(10_015), cash=Decimal(9_400), positions=(mark,)
    )


def test_schemas_are_what_the_model_reads(market_tool, account):
    """A change here changes every prompt."""
    schema = market_tool.args_schema.model_json_schema()
    assert schema["required"] == ["symbols"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["symbols"] == {
        "description": "markets on this cycle's shortlist", "items": {"type": "string"},
        "maxItems": 30, "minItems": 1, "title": "Symbols", "type": "array",
    }  # fmt: skip
    from tools.exchange.tool import GetPortfolioTool

    portfolio = GetPortfolioTool(account=account)
    assert portfolio.args_schema.model_json_schema()["properties"] == {}
    assert (market_tool.name, portfolio.name) == ("get_market_snapshot", "get_portfolio")


def test_snapshot_is_a_table_marked_synthetic(market_tool, snapshot):
    """Synthetic prices must never be mistaken for real ones."""
    document = json.loads(market_tool.run(symbols=["ETH/USDT", "BTC/USDT:USDT", "ETH/USDT"]))
    assert document["columns"] == list(MARKET_COLUMNS)
    assert [row[0] for row in document["rows"]] == ["ETH/USDT", "BTC/USDT"]
    assert document["synthetic"] is True
    assert document["as_of"] == "2026-11-20T16:31:00Z"
    assert document["skipped"] == ["PEPE/USDT"]
    assert document["rows"][1][1] == str(snapshot.markets["BTC/USDT"].ticker.last)


def test_change_and_volume_are_those_of_the_last_day(market_tool, snapshot):
    """Computed here, so that no model has to."""
    document = json.loads(market_tool.run(symbols=["BTC/USDT"]))
    row = dict(zip(document["columns"], document["rows"][0], strict=True))
    hours = snapshot.markets["BTC/USDT"].frames["1h"].last(24)
    last = float(snapshot.markets["BTC/USDT"].ticker.last)
    assert row["change_24h_pct"] == round((last / hours.open[0] - 1) * 100, 2)
    million = float((hours.volume * hours.close).sum()) / 1e6
    assert row["volume_24h_millions"] == pytest.approx(million, rel=0.01)


def test_too_little_history_is_null():
    """A day cannot be told from three hours."""
    request = MarketRequest(symbols=("BTC/USDT",), intervals=("1h",), candles=3)
    short = DemoMarket(7, FixedClock(NOW)).observe(request)
    from tools.exchange.tool import GetMarketSnapshotTool

    tool = GetMarketSnapshotTool(snapshot=short, shortlist=("BTC/USDT",))
    document = json.loads(tool.run(symbols=["BTC/USDT"]))
    row = dict(zip(document["columns"], document["rows"][0], strict=True))
    assert (row["change_24h_pct"], row["volume_24h_millions"]) == (None, None)


@pytest.mark.parametrize("symbol", ["SOL/USDT", "PEPE/USDT", "bitcoin", "BTC/USD:BTC"])
def test_other_markets_are_refused_as_data(market_tool, symbol):
    """The model can correct itself from the message."""
    error = json.loads(market_tool.run(symbols=["BTC/USDT", symbol]))["error"]
    assert error["code"] == "unknown_symbol"
    assert error["message"]


def test_unknown_arguments_are_refused(market_tool):
    """A model that invents an argument is told so."""
    with pytest.raises((ValidationError, ValueError), match="venue"):
        market_tool.run(symbols=["BTC/USDT"], venue="live")


def test_portfolio_says_what_is_held_and_why(account):
    """The thesis travels with the position, so that a later cycle can judge it."""
    from tools.exchange.tool import GetPortfolioTool

    document = json.loads(GetPortfolioTool(account=account).run())
    assert (document["equity"], document["cash"], document["exposure_pct"]) == (
        "10015.00",
        "9400.00",
        "6.14",
    )
    assert document["open_positions"] == 1
    row = dict(zip(PORTFOLIO_COLUMNS, document["rows"][0], strict=True))
    assert (row["stop"], row["take_profit"], row["unrealised_pct"]) == ("58000", None, "2.50")
    assert row["thesis"] == "Breakout held."
    assert "position_view" not in document


def test_a_failed_thesis_must_be_reviewed(account):
    """The analyst need not compare prices and hours: code says what failed and since when."""
    from tools.exchange.tool import GetPortfolioTool

    late = account.as_of - timedelta(hours=1)
    (mark,) = account.positions
    for changes, words in (
        ({"deadline_at": late}, f"thesis_deadline at {late:%Y-%m-%dT%H:%M:%SZ}"),
        ({"invalidated_at": late, "deadline_at": late}, "thesis_invalidated at"),
        ({"deadline_at": account.as_of + timedelta(seconds=1)}, None),
    ):
        held = mark.model_copy(update={"position": mark.position.model_copy(update=changes)})
        told = account.model_copy(update={"positions": (held,)})
        document = json.loads(GetPortfolioTool(account=told).run())
        if words is None:
            assert "must_review" not in document
        else:
            assert document["must_review"]["BTC/USDT"].startswith(words)


def test_what_the_signal_says_of_a_position_stands_beside_it(account):
    """Information for the agents; nothing is closed because of it."""
    from tools.exchange.tool import GetPortfolioTool

    view = {"BTC/USDT": "keep: hold, not losing"}
    document = json.loads(GetPortfolioTool(account=account, views=view).run())
    assert document["position_view"] == view
