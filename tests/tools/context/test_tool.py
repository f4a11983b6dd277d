"""What a model reads of the market context: short, by source, with ages, gaps named."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from records.context import MarketContext, Outside, Reading
from tests.tools.context.worlds import BTC, ETH, FOUR, SOL, XRP, index, remembered, told, world
from tests.tools.indicators.samples import wandering
from tools.context.document import context_document

pytestmark = pytest.mark.usefixtures("crewai_loaded")

MOST_CHARS = 1_000
SEEN = world(
    *(wandering(600, seed=seed, symbol=symbol) for seed, symbol in enumerate(FOUR)),
    BTC={"funding_rate_pct": Decimal("0.0123456"), "open_interest": Decimal("87654.321")},
    ETH={"funding_rate_pct": Decimal("-0.002"), "open_interest": Decimal("1234567.8")},
)


def everything() -> Outside:
    """All that can be known from outside."""
    dominance = Reading(
        name="btc_dominance", value=Decimal("56.28374827"), unit="percent",
        source="api.coingecko.com", at=SEEN.as_of - timedelta(minutes=4), read_at=SEEN.as_of,
    )  # fmt: skip
    return index(SEEN, 34).model_copy(
        update={
            "dominance": dominance,
            "open_interest": remembered(SEEN, BTC=80_000, ETH=1_300_000).open_interest,
        }
    )


def answered(context: MarketContext) -> str:
    """The tool's answer."""
    from tools.context.tool import GetMarketContextTool

    return GetMarketContextTool(context=context)._run()


def groups(text: str) -> dict[str, dict[str, Any]]:
    return {group["source"]: group for group in json.loads(text)["readings"]}


def test_a_whole_answer_is_small() -> None:
    """Every agent that asks pays for it."""
    text = answered(told(SEEN, everything()))

    assert len(text) <= MOST_CHARS
    assert "missing" not in json.loads(text)


def test_an_answer_without_anything_is_small_too() -> None:
    """Reasons are said once for all that share them."""
    text = answered(told(SEEN.model_copy(update={"markets": {}})))

    assert len(text) <= MOST_CHARS
    assert json.loads(text)["readings"] == []


def test_each_reading_stands_under_its_source_with_its_age() -> None:
    """Who judges must see what is of today and what of four minutes ago."""
    found = groups(answered(told(SEEN, everything())))

    assert found["api.example"] == {"source": "api.example", "age_s": 3600, "fear_greed": 34}
    assert found["api.coingecko.com"]["age_s"] == 240
    assert found["api.coingecko.com"]["btc_dominance_pct"] == 56.28
    assert found["test funding"]["funding_highest_pct"] == [0.0123, BTC]
    assert found["test open interest"]["open_interest_rise_24h_pct"] == [9.57, BTC]
    assert found["test open interest"]["open_interest_fall_24h_pct"] == [-5.03, ETH]
    assert set(found["test 1h candles"]) >= {"btc_trend", "market_regime", "volatility_level"}


def test_the_age_of_a_group_is_that_of_its_oldest() -> None:
    """An old price does not hide behind a fresh one."""
    seen = SEEN
    late = seen.markets[ETH].ticker.model_copy(update={"at": seen.as_of - timedelta(seconds=90)})
    markets = {**seen.markets, ETH: seen.markets[ETH].model_copy(update={"ticker": late})}
    context = told(seen.model_copy(update={"markets": markets}))

    assert groups(answered(context))["test ticker"]["age_s"] == 90


def test_what_is_missing_is_named_by_its_reason() -> None:
    """A figure that is not there could be taken for calm."""
    document = context_document(told(SEEN, index(SEEN, 34)))

    assert document["missing"] == {
        "it was not asked for": ["btc_dominance_pct"],
        "not remembered from 24 h ago": [
            "open_interest_rise_24h_pct",
            "open_interest_fall_24h_pct",
        ],
    }


def test_a_value_that_is_old_or_partial_carries_a_note() -> None:
    """A stand-in says so."""
    outside = index(SEEN, 34)
    assert outside.fear_greed is not None
    old = outside.fear_greed.model_copy(update={"finding": "read 2.0 h ago; since then it failed"})
    document = context_document(told(SEEN, Outside(fear_greed=old), symbols=(BTC, ETH, SOL, XRP)))

    assert document["notes"] == {"fear_greed": "read 2.0 h ago; since then it failed"}


def test_the_schema_is_what_the_model_reads() -> None:
    """It takes nothing, and refuses what it is given all the same."""
    from tools.context.tool import GetMarketContextArgs, GetMarketContextTool

    tool = GetMarketContextTool(context=told(SEEN))
    assert tool.name == "get_market_context"
    assert GetMarketContextArgs.model_json_schema() == {
        "additionalProperties": False,
        "description": "Nothing to choose.",
        "properties": {},
        "title": "GetMarketContextArgs",
        "type": "object",
    }
    with pytest.raises(ValueError, match="Extra inputs"):
        GetMarketContextArgs.model_validate({"symbols": [BTC]})
