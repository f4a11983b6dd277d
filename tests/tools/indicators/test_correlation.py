"""Which markets move together: Pearson's correlation of log returns, and when there is none."""

from datetime import timedelta

import numpy as np
import pytest

from tests.tools.risk.cases import NOW, candles, snapshot
from tools.indicators.correlation import CANDLES, FEWEST, correlations

BTC, ETH = "BTC/USDT", "ETH/USDT"
RANDOM = np.random.default_rng(7)
MOVES = RANDOM.normal(0, 0.01, 300)
OTHER_MOVES = RANDOM.normal(0, 0.01, 300)


def moving(symbol, moves, *, interval="1h", until=NOW):
    """Candles whose closes make these returns."""
    return candles(symbol, interval, 100 * np.exp(np.cumsum([0, *moves])), until=until)


def found(*series, other=ETH):
    return correlations(BTC, [other], snapshot(*series))[other]


@pytest.mark.parametrize(
    ("description", "moves", "expected"),
    [
        ("the same moves", MOVES, 1),
        ("three times as large", MOVES * 3, 1),
        ("the mirror image", -MOVES, -1),
        ("as much of its own as of the other", MOVES + OTHER_MOVES, None),
        ("moves of its own", OTHER_MOVES, None),
    ],
)
def test_the_correlation_is_that_of_the_last_returns(description, moves, expected):
    """The last 200 of them, as numpy has it."""
    value = found(moving(BTC, MOVES), moving(ETH, moves))
    lately = np.corrcoef(MOVES[-CANDLES:], moves[-CANDLES:])[0, 1]
    assert value == pytest.approx(lately if expected is None else expected), description


def test_a_market_is_not_compared_with_itself():
    """Only with the others; one that nobody saw is unknown."""
    seen = snapshot(moving(BTC, MOVES), moving(ETH, MOVES))
    assert set(correlations(BTC, [BTC, ETH, "SOL/USDT"], seen)) == {ETH, "SOL/USDT"}
    assert correlations(BTC, ["SOL/USDT"], seen) == {"SOL/USDT": None}
    assert correlations("SOL/USDT", [BTC], seen) == {BTC: None}


@pytest.mark.parametrize(("returns", "known"), [(FEWEST, True), (FEWEST - 1, False), (0, False)])
def test_too_few_returns_give_no_figure(returns, known):
    """A correlation of a few candles is chance."""
    value = found(moving(BTC, MOVES[:returns]), moving(ETH, MOVES[:returns]))
    assert (value is not None) is known


def test_no_candle_gives_no_figure():
    """Nor does a market that was seen without candles."""
    assert found(moving(BTC, MOVES), moving(ETH, MOVES).last(0)) is None
    assert found(moving(BTC, MOVES).last(0), moving(ETH, MOVES).last(0)) is None


@pytest.mark.parametrize("still", [(BTC,), (ETH,), (BTC, ETH)])
def test_a_market_that_did_not_move_gives_no_figure(still):
    """Nothing divided by nothing is no correlation, and no warning either."""
    series = [moving(s, MOVES * 0 if s in still else MOVES) for s in (BTC, ETH)]
    assert found(*series) is None


def test_only_candles_that_both_have_count():
    """A gap in one of them is left out of both."""
    btc, eth = moving(BTC, MOVES), moving(ETH, MOVES)
    with_gap = eth.closed_by(int(eth.open_time_ms[-60])).since(0)
    rest = eth.since(int(eth.open_time_ms[-40]))
    holed = type(eth)(ETH, "1h", *(np.concatenate([getattr(a, name) for a in (with_gap, rest)])
                                   for name in ("open_time_ms", "open", "high", "low", "close",
                                                "volume")))  # fmt: skip
    assert len(holed) < len(eth)
    assert found(btc, holed) == pytest.approx(1)


@pytest.mark.parametrize(("hours", "known"), [(0, True), (2, True), (3, False), (50, False)])
@pytest.mark.parametrize("late", [BTC, ETH])
def test_a_market_whose_candles_stopped_gives_no_figure(late, hours, known):
    """How they moved together last week says nothing of today."""
    ends = {BTC: NOW, ETH: NOW, late: NOW - timedelta(hours=hours)}
    value = found(*(moving(symbol, MOVES, until=end) for symbol, end in ends.items()))
    assert (value is not None) is known


@pytest.mark.parametrize(
    ("description", "btc", "eth", "opposed"),
    [
        ("the hour, when both have it", ("3m", "1h", "1d"), ("3m", "1h", "4h"), "1h"),
        ("else the one nearest to it", ("3m", "15m", "1d"), ("3m", "15m", "4h"), "15m"),
        ("or a longer one", ("3m", "2h"), ("2h", "1d"), "2h"),
        ("of two equally near, always the same", ("30m", "90m"), ("30m", "90m"), "30m"),
    ],
)
def test_the_interval_nearest_to_an_hour_is_compared(description, btc, eth, opposed):
    """Shorter ones are mostly noise; the chosen one is the only one that moves apart here."""
    series = [moving(BTC, MOVES, interval=one) for one in btc]
    series += [moving(ETH, -MOVES if one == opposed else MOVES, interval=one) for one in eth]
    assert found(*series) == pytest.approx(-1), description


def test_without_a_common_interval_there_is_no_figure():
    """What cannot be compared is unknown."""
    assert found(moving(BTC, MOVES, interval="1h"), moving(ETH, MOVES, interval="4h")) is None


def test_a_figure_that_is_no_number_is_none(monkeypatch):
    """Whatever numpy answers, no limit is passed by comparing with it."""
    monkeypatch.setattr(np, "corrcoef", lambda moves: np.full((2, 2), np.nan))
    assert found(moving(BTC, MOVES), moving(ETH, MOVES)) is None
