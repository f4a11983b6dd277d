"""The breaker over real crashes; `python -m tests.real.crashes` runs the whole of them."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crew.home import CHECKOUT
from records.clock import FixedClock
from records.ports import MarketRequest
from tests.real.crashes import LIMITS, cycled, judged, problems, summary
from tests.real.stretches import FIVE, STRETCHES, Stretch
from tools.exchange.replay import ReplayMarket
from tools.risk.breaker import evaluate

pytestmark = pytest.mark.skipif(
    not (CHECKOUT.parent / "shared").is_dir(), reason="../shared is absent"
)
CRASH = Stretch("2020-03-12", "2020-03-12T10:00Z", "2020-03-12T13:00Z", FIVE)
FIVES = next(one for one in STRETCHES if one.interval == "5m")
QUIET = replace(STRETCHES[-1], start="2022-06-04T00:00Z", end="2022-06-04T12:00Z")


@pytest.mark.parametrize(
    "stretch",
    [
        pytest.param(replace(STRETCHES[0], end="2020-03-13T06:00Z"), id="2020-03-12"),
        pytest.param(replace(STRETCHES[1], start="2021-05-19T06:00Z"), id="2021-05-19"),
        pytest.param(
            replace(FIVES, start="2021-05-19T11:00Z", end="2021-05-19T18:00Z"), id="2021-05-19-5m"
        ),
        pytest.param(
            replace(STRETCHES[-1], start="2022-06-12T00:00Z", end="2022-06-15T00:00Z"),
            id="2022-06-13",
        ),
    ],
)
def test_the_breaker_says_what_the_files_say(stretch: Stretch) -> None:
    """A second computation, of plain floats and no code of tools/, agrees at every candle."""
    assert problems(stretch, summary(stretch, judged(stretch))) == []


def test_a_wrong_breaker_would_be_found() -> None:
    """The rule above must be able to fail."""
    states = judged(CRASH)
    calm = [state.model_copy(update={"status": "SAFE"}) for state in states]
    late = [states[0], *states[:-1]]

    assert problems(CRASH, summary(CRASH, calm)) != []
    assert problems(CRASH, summary(CRASH, late)) != []
    assert problems(replace(CRASH, triggers=False), summary(CRASH, states)) != []


def test_a_quiet_saturday_would_trigger_at_80_per_cent() -> None:
    """Why the default for volume is 90: this hour of 2022-06-04 traded 18 % of its mean."""
    clock = FixedClock(QUIET.times[6])
    market = ReplayMarket([QUIET.path(symbol) for symbol in QUIET.symbols], clock)
    seen = market.observe(MarketRequest(symbols=QUIET.symbols, intervals=("1h",), candles=600))
    strict = LIMITS.model_copy(update={"volume_drop_pct": Decimal(80)})

    assert evaluate(seen, None, LIMITS, watched=QUIET.symbols).status == "SAFE"
    assert evaluate(seen, None, strict, watched=QUIET.symbols).status == "TRIGGERED"


def test_nothing_is_opened_and_no_model_is_asked_in_the_crash(tmp_path: Path) -> None:
    """Whole cycles through 2020-03-12: the crew meets at 10:00, and not from 11:00 on."""
    states = judged(CRASH)
    found = cycled(CRASH, states, tmp_path)

    assert [state.status for state in states] == ["SAFE", *["TRIGGERED"] * 3]
    assert {key: value for key, value in found.items() if key.startswith("bad_") and value} == {}
    assert (found["triggered"], found["outcomes"]["halted breaker"]) == (3, 3)
    assert found["model_calls"] > 0
