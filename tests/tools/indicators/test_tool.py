"""What agents read: one table, the same for all of them, and a clear no for other markets."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from records.market import MarketSnapshot
from tests.tools.indicators.samples import from_closes, snapshot, wandering
from tools.indicators.asked import SymbolsArgs
from tools.indicators.sets import IndicatorNumbers, indicator_sets, six_digits
from tools.signals.strength import signals

if TYPE_CHECKING:
    from tools.indicators.tool import GetIndicatorsTool

pytestmark = pytest.mark.usefixtures("pandas_ta_loaded", "crewai_loaded")

SHORTLIST = ("BTC/USDT", "ETH/USDT")


@pytest.fixture
def market() -> MarketSnapshot:
    return snapshot(
        wandering(600),
        from_closes([1.5, 1.25], interval="4h"),
        wandering(600, seed=9, symbol="ETH/USDT"),
    )


@pytest.fixture
def tool(market: MarketSnapshot) -> "GetIndicatorsTool":
    from tools.indicators.tool import GetIndicatorsTool

    return GetIndicatorsTool(
        snapshot=market,
        shortlist=SHORTLIST,
        signals=signals(market, "1h"),
        numbers=IndicatorNumbers(market, SHORTLIST),
    )


def _asked(tool: "GetIndicatorsTool", *symbols: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(tool.run(symbols=list(symbols)))
    return document


def test_the_answer_has_every_interval_and_the_signal(tool: "GetIndicatorsTool") -> None:
    """Agents get finished numbers of all intervals in one call."""
    found = _asked(tool, "BTC/USDT")
    assert set(found) == {"as_of", "columns", "rows", "signals"}
    assert found["columns"][:4] == ["symbol", "interval", "close", "ema_20"]
    assert [row[:2] for row in found["rows"]] == [["BTC/USDT", "1h"], ["BTC/USDT", "4h"]]
    assert found["rows"][1][2:4] == [1.25, None]
    assert found["signals"]["columns"] == ["symbol", "direction", "strength", "reasons"]
    assert [row[0] for row in found["signals"]["rows"]] == ["BTC/USDT"]


def test_numbers_are_those_of_the_sets_in_six_digits(
    tool: "GetIndicatorsTool", market: MarketSnapshot
) -> None:
    """A proposal's facts are checked against these; no second computation may differ."""
    found = _asked(tool, "ETH/USDT")
    values = indicator_sets(market, ["ETH/USDT"], ["1h"])[0].values
    shown = dict(zip(found["columns"], found["rows"][0], strict=True))
    assert {name: shown[name] for name in values} == {
        name: six_digits(value) for name, value in values.items()
    }


def test_a_market_off_the_shortlist_is_refused_as_data(tool: "GetIndicatorsTool") -> None:
    """The model must learn what it may ask; the cycle must not end."""
    found = _asked(tool, "BTC/USDT", "DOGE/USDT")
    assert found["error"]["code"] == "unknown_symbol"
    assert "'DOGE/USDT'" in found["error"]["message"]
    assert "BTC/USDT, ETH/USDT" in found["error"]["message"]
    assert set(found) == {"error"}


def test_a_huge_name_is_not_echoed_whole(tool: "GetIndicatorsTool") -> None:
    """What a model writes is hostile: it may not blow up its own next prompt."""
    found = json.loads(tool._run(symbols=["X" * 100_000]))
    assert len(found["error"]["message"]) < 300


@pytest.mark.parametrize("bad", [{}, {"symbols": []}, {"symbols": ["A"] * 31}, {"symbol": "A"}])
def test_arguments_are_strict(bad: dict[str, object]) -> None:
    """No default and nothing unknown: a tool call says what it wants."""
    with pytest.raises(ValidationError):
        SymbolsArgs.model_validate(bad)


def test_the_schema_is_what_the_model_reads() -> None:
    """A snapshot: changing it changes every agent's behaviour."""
    assert SymbolsArgs.model_json_schema() == {
        "additionalProperties": False,
        "description": "A question about some markets of the shortlist.",
        "properties": {
            "symbols": {
                "description": "Markets on this cycle's shortlist.",
                "items": {"maxLength": 60, "type": "string"},
                "maxItems": 30,
                "minItems": 1,
                "title": "Symbols",
                "type": "array",
            }
        },
        "required": ["symbols"],
        "title": "SymbolsArgs",
        "type": "object",
    }


def test_numbers_are_computed_once_for_all_who_ask(market: MarketSnapshot) -> None:
    """Three readers ask at the same time; all get the very same sets."""
    numbers = IndicatorNumbers(market, SHORTLIST)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: numbers.sets(), range(8)))
    assert all(one is found[0] for one in found)


def test_a_market_or_interval_that_is_not_there_has_no_set(market: MarketSnapshot) -> None:
    """Missing data is a value: left out, never filled in."""
    found = indicator_sets(market, ["ETH/USDT", "XRP/USDT"], ["1h", "4h"])
    assert [(one.symbol, one.interval) for one in found] == [("ETH/USDT", "1h")]


@pytest.mark.parametrize(
    ("value", "shown"), [(97234.56, 97234.6), (0.000012345678, 1.23457e-05), (None, None)]
)
def test_six_significant_digits(value: float | None, shown: float | None) -> None:
    """Enough for any judgement, and a table that fits a prompt."""
    assert six_digits(value) == shown
