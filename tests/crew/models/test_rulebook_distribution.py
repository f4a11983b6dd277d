"""A desk that always holds or always buys needs no models: the rulebook does neither."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crew.models.rulebook import TemperamentName
from tests.crew.models.desk_case import Documents, proposal, proposals, report, verdicts
from tests.crew.models.market_walk import WINDOW, Prices, evidence_at, random_walk

CANDLES = (
    Path(__file__).parents[3] / "../shared/data/ohlcv/binance/BCH_USDT-3m.202412-202503.parquet"
)


def deliberate(documents: Documents, temperament: TemperamentName) -> str:
    """Readers, analyst, sizing and officer on one market: hold, or the officer's decision."""
    drafts = proposals(_read(documents), temperament)
    if not drafts:
        return "hold"
    documents["report proposal"] = {"proposals": [_sized(drafts[0])]}
    return str(verdicts(documents, temperament)[0]["decision"])


def _read(documents: Documents) -> Documents:
    """The documents with the three readers' reports about them."""
    for name, record, tool in (
        ("technical", "TechnicalReport", "get_indicators"),
        ("sentiment", "SentimentReport", "get_news"),
        ("chart", "ChartReport", "read_chart"),
    ):
        documents[f"report {name}"] = report(record, tool, documents)
    return documents


def _sized(draft: dict[str, Any]) -> dict[str, Any]:
    """The draft as the desk would size it: a tenth of 10,000, at the last price."""
    last = next(Decimal(fact["value"]) for fact in draft["facts"] if fact["name"] == "last")
    reward = (Decimal(draft["take_profit"]) - last) / (last - Decimal(draft["stop"]))
    sized = proposal() | {"draft": draft}
    sized["sizing"] |= {
        "quantity": str(round(1000 / last, 6)),
        "reference_price": str(last),
        "reward_risk": str(round(reward, 4)),
    }
    return sized


def counted(
    closes: Prices, temperament: TemperamentName, *, cycles: int, perpetual: bool = False
) -> Counter[str]:
    rng = np.random.default_rng(7)
    ends = np.linspace(WINDOW, closes.size, cycles).astype(int)
    return Counter(
        deliberate(evidence_at(closes, int(end), rng, perpetual=perpetual), temperament)
        for end in ends
    )


@pytest.mark.parametrize("perpetual", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_on_a_random_walk_it_holds_often_trades_sometimes_and_vetoes_sometimes(
    seed: int, perpetual: bool
) -> None:
    """Most minutes give no reason to trade, and some reasons do not survive the officer."""
    outcomes = counted(random_walk(seed, 12_000), "balanced", cycles=200, perpetual=perpetual)

    assert outcomes["hold"] > 200 / 2
    assert outcomes["approve"] + outcomes["shrink"] >= 3
    assert outcomes["veto"] >= 3


def test_a_perpetual_adds_shorts_and_changes_no_long() -> None:
    """Walks have no memory, so both sides come; the long side must not notice the short one."""

    def opened(perpetual: bool) -> list[tuple[int, str]]:
        rng = np.random.default_rng(7)
        closes = random_walk(1, 12_000)
        ends = np.linspace(WINDOW, closes.size, 100).astype(int)
        return [
            (int(end), draft["action"])
            for end in ends
            for draft in proposals(_read(evidence_at(closes, int(end), rng, perpetual=perpetual)))
        ]

    spot, contract = opened(False), opened(True)

    assert {action for _, action in spot} == {"open_long"}
    assert [one for one in contract if one[1] == "open_long"] == spot
    assert sum(action == "open_short" for _, action in contract) >= 5


def test_a_bolder_temperament_trades_at_least_as_often() -> None:
    """The names must mean something on the same market."""
    closes = random_walk(3, 12_000)

    traded = [
        counts["approve"] + counts["shrink"]
        for counts in (
            counted(closes, name, cycles=80) for name in ("cautious", "balanced", "bold")
        )
    ]

    assert traded == sorted(traded)
    assert traded[0] < traded[-1]


@pytest.mark.skipif(not CANDLES.exists(), reason="../shared is not here")
@pytest.mark.parametrize("perpetual", [False, True])
def test_on_real_candles_it_holds_often_trades_sometimes_and_vetoes_sometimes(
    perpetual: bool,
) -> None:
    """A random walk has no real market's spells of calm and panic."""
    import pyarrow.parquet as parquet

    closes = np.asarray(parquet.read_table(CANDLES, columns=["close"])["close"], dtype=np.float64)
    outcomes = counted(closes, "balanced", cycles=200, perpetual=perpetual)

    assert outcomes["hold"] > 200 / 2
    assert outcomes["approve"] + outcomes["shrink"] >= 3
    assert outcomes["veto"] >= 3
