"""What agents read: one table, the same for all of them, and a clear no for other markets."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from records.market import MarketSnapshot
from records.signal import SignalRules, TradingSignal
from tests.tools.indicators.samples import from_closes, snapshot, wandering
from tools.indicators.asked import SymbolsArgs
from tools.indicators.registry import SHOWN, SHOWN_BRIEFLY, SHOWN_LARGER
from tools.indicators.sets import IndicatorNumbers, indicator_sets, rounded, six_digits
from tools.risk.facts import printed_figures
from tools.signals.registry import market_signals

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
        signals=(signals := market_signals(market, "1h", SignalRules())),
        leading={one.symbol: one for one in signals if one.strategy == "strength"},
        numbers=IndicatorNumbers(market, SHORTLIST),
    )


def _asked(tool: "GetIndicatorsTool", *symbols: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(tool.run(symbols=list(symbols)))
    return document


def test_the_answer_has_every_interval_and_the_signal(tool: "GetIndicatorsTool") -> None:
    """Agents get finished numbers of all intervals in one call."""
    found = _asked(tool, "BTC/USDT")
    assert set(found) == {"as_of", "columns", "rows", "larger", "signals"}
    assert found["columns"][:4] == ["symbol", "interval", "close", "ema_20"]
    assert [row[:2] for row in found["rows"]] == [["BTC/USDT", "1h"]]
    assert found["larger"]["columns"] == ["symbol", "interval", "close", *SHOWN_LARGER]
    assert found["larger"]["rows"][0][:4] == ["BTC/USDT", "4h", 1.25, None]
    assert found["signals"]["columns"] == [
        "symbol", "action", "strength", "confidence", "strategy", "larger_frame", "others",
    ]  # fmt: skip
    assert [row[0] for row in found["signals"]["rows"]] == ["BTC/USDT"]


def _said(strategy: str, action: str, **more: Any) -> TradingSignal:
    facts = {"symbol": "BTC/USDT", "interval": "1h", "as_of": "2025-01-26T00:00:00Z"}
    usual = {"strength": 4, "confidence": 0.666, "reasons": ["a: buy", "b", "c", "d"]}
    said = {"strategy": strategy, "action": action}
    return TradingSignal.model_validate(facts | usual | said | more)


def test_a_briefing_tells_two_intervals_in_short(tool: "GetIndicatorsTool") -> None:
    """Whoever decides on another agent's reading pays for fewer columns."""
    found = json.loads(tool.brief(["BTC/USDT"]))
    assert found["columns"] == ["symbol", "interval", "close", *SHOWN_BRIEFLY]
    assert [row[:2] for row in found["rows"]] == [["BTC/USDT", "1h"], ["BTC/USDT", "4h"]]
    assert found["signals"]["columns"] == ["symbol", "action", "strength"]
    full = _asked(tool, "BTC/USDT")
    whole = dict(zip(full["columns"], full["rows"][0], strict=True))
    short = dict(zip(found["columns"], found["rows"][0], strict=True))
    assert short.items() <= whole.items()


def test_the_other_strategies_have_a_word_where_they_act(tool: "GetIndicatorsTool") -> None:
    """Every token is paid for in each market and cycle: holds say nothing."""
    lead = _said("hybrid", "buy", confirmed=True)
    others = (
        _said("momentum", "buy"),
        _said("breakout", "hold"),
        _said("vumanchu", "sell"),
        _said("mean_reversion", "sell", strength=2),
    )
    shown = tool.model_copy(update={"signals": (lead, *others), "leading": {"BTC/USDT": lead}})
    (row,) = _asked(shown, "BTC/USDT", "ETH/USDT")["signals"]["rows"]
    assert row[:6] == ["BTC/USDT", "buy", 4, 0.67, "hybrid", "agrees"]
    assert row[6:] == ["momentum buy 4, vumanchu sell 4"]


def test_a_hold_is_a_row_without_words(tool: "GetIndicatorsTool") -> None:
    """Why nothing is to be done fills no prompt."""
    lead = _said("strength", "hold", strength=2, confidence=0)
    shown = tool.model_copy(update={"signals": (lead,), "leading": {"BTC/USDT": lead}})
    (row,) = _asked(shown, "BTC/USDT")["signals"]["rows"]
    assert row == ["BTC/USDT", "hold", 2, 0.0, "strength", None, None]


def test_numbers_are_those_of_the_sets_in_five_digits(
    tool: "GetIndicatorsTool", market: MarketSnapshot
) -> None:
    """A proposal's facts are checked against these; no second computation may differ."""
    found = _asked(tool, "ETH/USDT")
    values = indicator_sets(market, ["ETH/USDT"], ["1h"])[0].values
    shown = dict(zip(found["columns"], found["rows"][0], strict=True))
    assert found["columns"][3:] == list(SHOWN)
    assert {name: shown[name] for name in SHOWN} == {name: rounded(values[name]) for name in SHOWN}


def test_extras_stand_behind_the_shown_columns_and_are_figures_to_quote(
    market: MarketSnapshot, tool: "GetIndicatorsTool"
) -> None:
    """What a setting adds is read at the deciding interval, and the gate checks quotes of it."""
    numbers = IndicatorNumbers(market, SHORTLIST, extra=("cmf", "vortex"))
    numbers.start()
    more = tool.model_copy(update={"numbers": numbers})
    found = json.loads(more.run(symbols=["BTC/USDT"]), parse_float=Decimal)
    assert found["columns"][-3:] == ["cmf_20", "vortex_plus_14", "vortex_minus_14"]
    assert found["columns"][3:-3] == list(SHOWN)
    assert found["larger"]["columns"][3:] == list(SHOWN_LARGER)
    figures = printed_figures([found], "BTC/USDT")
    assert figures["cmf_20_1h"] == found["rows"][0][-3]


def test_extras_that_nobody_computed_are_null(
    market: MarketSnapshot, tool: "GetIndicatorsTool"
) -> None:
    """The columns stay, so that an agent sees what it does not know."""
    more = tool.model_copy(update={"numbers": IndicatorNumbers(market, SHORTLIST, extra=("cmf",))})
    found = _asked(more, "BTC/USDT")
    assert (found["columns"][-1], found["rows"][0][-1]) == ("cmf_20", None)


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
