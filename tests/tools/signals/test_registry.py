"""Every strategy is found, asked once, and knows nothing of the future."""

from collections.abc import Callable

import numpy as np
import pytest

from records.candles import CandleSeries
from records.signal import STRATEGIES, SignalRules, Strategy, TradingSignal
from tests.tools.indicators.lookahead import Frames, some_bars, verdicts_changed_later
from tests.tools.indicators.samples import REAL, from_closes, real, snapshot, wandering
from tests.tools.signals.figures import RULES
from tools.indicators.higher_frames import resampled
from tools.indicators.smoothing import Array
from tools.signals import registry
from tools.signals.measured import Measured
from tools.signals.registry import all_signals, market_signals, signals_at


def test_every_strategy_answers_in_its_own_name() -> None:
    """A new one is a file and its name: a forgotten file fails here."""
    found = all_signals({"1h": wandering(400)}, "1h", RULES)
    assert tuple(one.strategy for one in found) == STRATEGIES


@pytest.mark.parametrize("series", [from_closes([100.0]), from_closes([100.0] * 600)])
def test_a_market_without_history_or_movement_is_held_by_all(series: CandleSeries) -> None:
    """No indicator has a value there, so nobody acts, and nobody fails."""
    found = all_signals({"1h": series}, "1h", RULES)
    assert {one.action for one in found} == {"hold"}
    assert all(one.reasons for one in found)


def test_signals_cover_the_markets_that_have_the_interval() -> None:
    """A market without these candles is left out; it does not end the cycle."""
    snap = snapshot(wandering(300), from_closes([1.0, 2.0], symbol="ETH/USDT", interval="4h"))
    for interval, symbol in (("1h", "BTC/USDT"), ("4h", "ETH/USDT")):
        assert {one.symbol for one in market_signals(snap, interval, RULES)} == {symbol}


def test_a_signal_is_dated_by_its_last_candle() -> None:
    """Not by when it was computed: the same candles give the same record in a replay."""
    series = wandering(300)
    found = all_signals({"1h": series}, "1h", RULES)
    assert {one.as_of for one in found} == {series.closes_at}
    assert found == all_signals({"1h": series}, "1h", RULES)


def test_each_indicator_is_computed_once() -> None:
    """Six strategies over twenty markets have a quarter of a second."""
    computed: list[int] = []

    def counted(series: CandleSeries) -> dict[str, Array]:
        computed.append(len(series))
        return {"close": series.close}

    at = Measured.of(wandering(400))
    for view in (at, at, at.at(300), at.at(399)):
        assert view.derived("close twice", counted)["close"].size == len(view)
    assert computed == [400]


def test_a_strategy_without_a_weight_is_not_part_of_the_hybrid() -> None:
    """Weight nothing, count for nothing, however few must agree."""
    for weight, action in ((0, "hold"), (1, "sell")):
        weights: dict[Strategy, float] = {"momentum": 1, "breakout": weight}
        rules = SignalRules(hybrid_weights=weights, hybrid_agree=1, hybrid_min_strength=1)
        found = all_signals({"1h": wandering(440, seed=8)}, "1h", rules)
        said = {one.strategy: one.action for one in found}
        assert (said["momentum"], said["breakout"], said["hybrid"]) == ("hold", "sell", action)


def _generated() -> tuple[Frames, str]:
    series = wandering(900, seed=11, interval="15m")
    return {"15m": series} | {larger: resampled(series, larger) for larger in ("1h", "4h")}, "15m"


def _real() -> tuple[Frames, str]:
    if not REAL.exists():
        pytest.skip("the shared candles are not here")
    return {"1h": real("BTC", count=900), "4h": real("BTC", 760, 300, interval="4h")}, "1h"


@pytest.mark.parametrize("market", [_generated, _real])
def test_no_signal_looks_ahead(market: Callable[[], tuple[Frames, str]]) -> None:
    """What every strategy says of a bar is what it said when that bar had just closed."""
    frames, interval = market()
    whole = Measured(frames, interval)
    changed = verdicts_changed_later(
        lambda then, name: all_signals(then, name, RULES),
        lambda _frames, _name, bar: signals_at(whole.at(bar), RULES),
        frames,
        interval,
        some_bars(500, of=len(frames[interval]), seed=5),
    )
    assert changed == []


def test_a_peeking_strategy_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same test fails for one that reads the whole series instead of what it may see."""

    def peeking(at: Measured, _rules: SignalRules) -> TradingSignal:
        whole = at._series.close
        return registry.agreement(at, [], RULES).model_copy(
            update={"strength": int(whole[-1] > whole.mean())}
        )

    monkeypatch.setattr(registry, "strategy", lambda _name: peeking)
    frames = {"1h": from_closes(100 + np.sin(np.arange(80) / 5))}
    whole = Measured(frames, "1h")
    changed = verdicts_changed_later(
        lambda then, name: all_signals(then, name, RULES),
        lambda _frames, _name, bar: signals_at(whole.at(bar), RULES),
        frames,
        "1h",
        range(20, 80),
    )
    assert changed
