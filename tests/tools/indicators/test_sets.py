"""A whole snapshot's numbers, computed once however many read them, and the extras beside them."""

import logging
from datetime import UTC, datetime

import numpy as np
import pytest

from records.clock import FixedClock
from records.market import MarketSnapshot
from records.ports import MarketRequest
from records.signal import SignalRules
from tests.tools.indicators.samples import snapshot, wandering
from tools.exchange.demo import DemoMarket
from tools.indicators.extra import EXTRAS, ExtraName, columns_of
from tools.indicators.registry import Computed, latest
from tools.indicators.sets import IndicatorNumbers, indicator_sets
from tools.signals.registry import market_signals
from tools.worker import Worker

SOME: tuple[ExtraName, ...] = ("cmf", "kc")


def _demo() -> MarketSnapshot:
    request = MarketRequest(symbols=("BTC/USDT",), intervals=("3m", "1h"), candles=600)
    return DemoMarket(7, FixedClock(datetime(2026, 11, 2, tzinfo=UTC))).observe(request)


def test_a_set_is_computed_with_the_other_intervals_at_hand() -> None:
    """Thirty hours of 3m candles hold too few of 1h and 4h; the market's own series has them."""
    market = _demo()
    values = indicator_sets(market, ["BTC/USDT"], ["3m"])[0].values
    alone = latest(market.markets["BTC/USDT"].frames["3m"])
    assert alone["sommi_diamond_up"] is None
    assert values["sommi_diamond_up"] is not None


def test_what_the_screen_has_computed_is_read_and_not_computed_again() -> None:
    """A value that only the screen's arrays hold comes out: nothing was computed in its place."""
    market = _demo()
    computed: Computed = {}
    market_signals(market, "3m", SignalRules(), computed)
    assert ("3m", "rsi") in computed["BTC/USDT"]
    computed["BTC/USDT"]["3m", "rsi"] = {"rsi_14": np.array([12.5])}

    three, _ = IndicatorNumbers(market, ("BTC/USDT",), computed=computed).sets()

    assert three.values["rsi_14"] == 12.5


def test_sets_after_a_screen_are_those_without_one() -> None:
    """Strategies keep figures of their own beside the indicators; none may take their place."""
    market = _demo()
    computed: Computed = {}
    market_signals(market, "3m", SignalRules(), computed)

    after = IndicatorNumbers(market, ("BTC/USDT",), computed=computed).sets()

    assert after == IndicatorNumbers(market, ("BTC/USDT",)).sets()


def test_without_extras_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would cost a cold cycle a second of pandas for nothing."""
    monkeypatch.setattr(Worker, "__init__", lambda *_given: pytest.fail("a process was started"))
    numbers = IndicatorNumbers(_demo(), ("BTC/USDT",))
    numbers.start()
    assert numbers.extra_columns == ()
    assert len(numbers.sets()) == 2


def test_extras_of_another_process_stand_at_the_deciding_interval() -> None:
    """All of them have a value there, the larger interval none; the desk's own stay."""
    market = snapshot(wandering(600), wandering(600, interval="4h"))
    numbers = IndicatorNumbers(market, ("BTC/USDT",), extra=EXTRAS)
    numbers.start()
    deciding, larger = numbers.sets()
    own = indicator_sets(market, ["BTC/USDT"], ["1h", "4h"])
    assert None not in {deciding.values[column] for column in columns_of(EXTRAS)}
    assert larger == own[1]
    assert {name: deciding.values[name] for name in own[0].values} == own[0].values


def test_the_other_process_does_not_ask_ta_lib() -> None:
    """With it a deviation would be of all and not of a sample: other figures on other machines."""
    series = wandering(600)
    numbers = IndicatorNumbers(snapshot(series), ("BTC/USDT",), extra=("zscore",))
    numbers.start()
    window = series.close[-30:]
    expected = (window[-1] - window.mean()) / window.std(ddof=1)
    assert numbers.sets()[0].values["zscore_30"] == pytest.approx(expected, rel=1e-9)


def test_extras_of_a_process_that_fails_are_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They were asked for beyond what the desk needs: no cycle ends because of them."""
    start = Worker.__init__
    monkeypatch.setattr(
        Worker, "__init__", lambda self, _module, given: start(self, "tools.no_such_module", given)
    )
    numbers = IndicatorNumbers(_demo(), ("BTC/USDT",), extra=SOME)
    numbers.start()
    with caplog.at_level(logging.WARNING):
        deciding = numbers.sets()[0]
    assert not set(columns_of(SOME)) & set(deciding.values)
    assert deciding.values["rsi_14"] is not None
    assert "extra indicators are missing: the other process ended with code 1" in caplog.text


def test_a_process_nobody_asked_is_ended() -> None:
    """A cycle does not wait for numbers that no agent wanted."""
    numbers = IndicatorNumbers(_demo(), ("BTC/USDT",), extra=SOME)
    numbers.start()
    worker = numbers._extra._worker
    assert worker is not None
    numbers.close()
    assert worker._process.returncode is not None
